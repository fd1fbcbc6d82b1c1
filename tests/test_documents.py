"""The documents say what the code does: settings, topics, payloads, commands, links, a decoder."""

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
import typer.main
from aerostream_cloud.cli import app
from aerostream_cloud.settings import CloudSettings
from aerostream_contract import models, topics
from aerostream_contract.channels import CHANNEL_BY_NUMBER, passthrough
from aerostream_contract.frame import decode_frame, encode_frame
from aerostream_contract.roles import ACCESS, Role
from aerostream_contract.setting_names import CLOUD_SETTINGS, EDGE_SETTINGS
from aerostream_contract.settings import PREFIX
from aerostream_edge.settings import EdgeSettings
from msgspec import Meta, Struct
from support.frames import random_sections, same

ROOT = Path(__file__).resolve().parents[1]
README, MQTT, CONFIGURATION = (
    ROOT / "README.md",
    ROOT / "docs/mqtt.md",
    ROOT / "docs/configuration.md",
)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/data/*.md")])
USER_PAGES = [README, MQTT, CONFIGURATION]

#: Settings whose default is worked out on the machine, or from another setting.
_COMPUTED = {"data_dir", "instance", "store_url", "database_url"}


def section(page: Path, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    level, _, _ = heading.partition(" ")
    text = page.read_text()
    start = text.index(f"\n{heading}\n")
    end = re.compile(rf"^#{{1,{len(level)}}} ", re.MULTILINE)
    found = end.search(text, start + len(heading) + 2)
    return text[start : found.start() if found else None]


def rows(text: str) -> list[list[str]]:
    """Cells of all table rows, heads and rules left out."""
    lines = [line for line in text.splitlines() if line.startswith(("| ", "|-"))]
    found = []
    for before, line in zip([*lines[1:], ""], lines, strict=True):
        if not before.startswith("|-") and not line.startswith("|-"):
            found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


def without_blocks(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def in_code(text: str) -> list[str]:
    """What stands in backticks, blocks left out."""
    return re.findall(r"`([^`]+)`", without_blocks(text))


# ---- Settings ------------------------------------------------------------------------------------

SETTINGS = [("## Edge agent", EdgeSettings), ("## Cloud services", CloudSettings)]


def documented_settings(heading: str) -> dict[str, list[str]]:
    found = {}
    for cells in rows(section(CONFIGURATION, heading)):
        if cells[0].startswith(f"`{PREFIX}"):
            found[cells[0].strip("`").removeprefix(PREFIX).lower()] = cells
    return found


@pytest.mark.parametrize(("heading", "settings"), SETTINGS)
def test_every_setting_is_documented_and_no_other(heading: str, settings: type[Struct]) -> None:
    names = [field.name for field in msgspec.structs.fields(settings)]
    assert sorted(documented_settings(heading)) == sorted(names)


@pytest.mark.parametrize(("heading", "settings"), SETTINGS)
def test_every_default_is_the_documented_one(heading: str, settings: type[Struct]) -> None:
    documented = documented_settings(heading)
    for field in msgspec.structs.fields(settings):
        default = documented[field.name][2]
        if field.required:
            assert default == "required", field.name
        elif field.name in _COMPUTED:
            assert default, field.name
        elif field.default is None or field.default == "":
            assert default.split(":")[0] == "none", field.name
        else:
            value = field.default
            shown = value.value if isinstance(value, Enum) else value
            assert in_code(default) == [str(shown)], field.name


@pytest.mark.parametrize(("heading", "settings"), SETTINGS)
def test_every_bound_and_choice_of_a_setting_is_documented(
    heading: str, settings: type[Struct]
) -> None:
    documented = documented_settings(heading)
    bounded = 0
    for name, hint in get_type_hints(settings, include_extras=True).items():
        for part in parts(hint):
            allowed = documented[name][3]
            if isinstance(part, Meta):
                bounded += 1
                assert str(part.ge) in allowed, name
                assert part.le is None or str(part.le) in allowed, name
            elif isinstance(part, type) and issubclass(part, Enum):
                assert in_code(allowed) == [str(member.value) for member in part], name
    assert bounded


def parts(hint: Any) -> Iterator[Any]:
    """A type and all that it is made of."""
    yield hint
    for part in (*get_args(hint), *getattr(hint, "__metadata__", ())):
        yield from parts(part)


def test_the_contract_names_the_settings_of_both_parts() -> None:
    assert {field.name for field in msgspec.structs.fields(EdgeSettings)} == EDGE_SETTINGS
    assert {field.name for field in msgspec.structs.fields(CloudSettings)} == CLOUD_SETTINGS


def test_every_variable_that_a_page_names_exists() -> None:
    known = {PREFIX + name.upper() for name in EDGE_SETTINGS | CLOUD_SETTINGS}
    for page in DOCUMENTS:
        named = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", page.read_text()))
        assert named <= known, page


# ---- Topics and payloads -------------------------------------------------------------------------

MODELS: list[tuple[str, type[Struct], dict[str, type[Struct]]]] = [
    ("### up/status", models.Status, {}),
    ("### up/info", models.Info, {}),
    (
        "### up/state",
        models.State,
        {"battery": models.Battery, "position": models.Position, "backlog": models.Backlog},
    ),
    ("### up/evt", models.Event, {}),
    ("### dn/ack", models.Ack, {}),
    ("### dn/att", models.Attention, {}),
    ("### _svc/ingest/{instance}/state", models.ServiceState, {}),
]


def members(model: type[Struct], nested: dict[str, type[Struct]]) -> set[str]:
    names = {field.encode_name for field in msgspec.structs.fields(model)}
    for member, inner in nested.items():
        names |= {f"{member}.{field.encode_name}" for field in msgspec.structs.fields(inner)}
    return names


@pytest.mark.parametrize(("heading", "model", "nested"), MODELS)
def test_every_member_of_a_payload_is_documented_and_no_other(
    heading: str, model: type[Struct], nested: dict[str, type[Struct]]
) -> None:
    table = section(MQTT, heading).split("| Member | Meaning |")[1].split("\n\n")[0]
    documented = {name for cells in rows(table) for name in in_code(cells[0])}
    assert documented == members(model, nested)


@pytest.mark.parametrize(("heading", "model", "nested"), MODELS)
def test_the_example_of_a_payload_is_one(
    heading: str, model: type[Struct], nested: dict[str, type[Struct]]
) -> None:
    (example,) = re.findall(r"```json\n(.*?)\n```", section(MQTT, heading), re.DOTALL)
    decoded = models.decode(example.encode(), model)
    assert models.encode(decoded).decode() == example


@pytest.mark.parametrize(
    ("heading", "choices"),
    [
        ("### up/status", models.Presence),
        ("### up/status", models.LinkState),
        ("### _svc/ingest/{instance}/state", models.ServiceStatus),
    ],
)
def test_every_choice_of_a_member_is_documented(heading: str, choices: type[Enum]) -> None:
    assert {choice.value for choice in choices} <= set(in_code(section(MQTT, heading)))


def test_every_topic_is_in_the_table_and_no_other() -> None:
    documented = {name for cells in rows(section(MQTT, "## Topics")) for name in in_code(cells[0])}
    leaves = {
        value
        for name, value in vars(topics).items()
        if name.startswith(("UP_", "DN_")) and isinstance(value, str)
    }
    mirror = {"json/{channel}", "json/{channel}/{component}-{instance}"}
    service = topics.service_state_topic("ingest", "{instance}")
    assert documented == leaves | mirror | {service}


@pytest.mark.parametrize("role", [Role.DRONE, Role.INGEST, Role.BRIDGE, Role.IMPORTER, Role.PERSON])
def test_what_a_role_may_write_and_read_is_documented(role: Role) -> None:
    (cells,) = [
        cells
        for cells in rows(section(MQTT, "## Accounts and roles"))
        if cells[0] == f"`{role.value}`"
    ]
    access = ACCESS[role]
    for cell, filters in zip(cells[3:], (access.write, access.read), strict=True):
        shown = [each.replace("%u", "{fleet}/{drone}").replace("%f", "{fleet}") for each in filters]
        assert in_code(cell) == shown


def test_every_role_is_named() -> None:
    named = set(in_code(section(MQTT, "## Accounts and roles")))
    assert {role.value for role in Role} <= named


# ---- The frame's decoder -------------------------------------------------------------------------


@cache
def documented_decoder() -> Callable[..., Any]:
    """The program that docs/mqtt.md gives for decoding a frame."""
    (source,) = [
        code
        for code in re.findall(r"```python\n(.*?)```", MQTT.read_text(), re.DOTALL)
        if "def decode(" in code
    ]
    space: dict[str, Any] = {}
    exec(source.replace("from frame_pb2", "from aerostream_contract.frame_pb2"), space)
    decode: Callable[..., Any] = space["decode"]
    return decode


def fields_of(number: int, passes: bool) -> list[tuple[str, str, int]]:
    channel = passthrough(number) if passes else CHANNEL_BY_NUMBER[number]
    assert channel is not None
    return [(field.name, field.kind.value, field.steps) for field in channel.fields]


def test_the_documented_decoder_reads_what_the_codec_writes() -> None:
    rnd = random.Random(1)
    samples = 0
    for number in range(300):
        payload = encode_frame(7, number, random_sections(rnd, most_rows=12))
        expected = [
            (block.component, block.instance, row[0], dict(zip(names, row[1:], strict=True)))
            for block in decode_frame(payload).blocks
            for names in [block.channel.field_names]
            for row in block.rows()
        ]
        found = list(documented_decoder()(payload, fields_of))
        assert [(each[2], each[3], each[4]) for each in found] == [each[:3] for each in expected]
        for (*_, values), (*_, wanted) in zip(found, expected, strict=True):
            assert values.keys() == wanted.keys()
            assert all(same(values[name], wanted[name]) for name in wanted)
        samples += len(found)
    assert samples > 1000


# ---- Commands ------------------------------------------------------------------------------------


def help_of(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments, "--help"],
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@cache
def commands() -> dict[str, str]:
    """Each command line that exists, and its help."""
    listed = help_of("aerostream_edge").partition("commands:")[2]
    edge = re.findall(r"^    (\w[\w-]*) {2,}", listed, re.MULTILINE)
    found = {f"aerostream-edge {name}": help_of("aerostream_edge", name) for name in edge}
    for name, command in commands_below(typer.main.get_command(app)):
        found[f"aerostream-cloud {name}"] = help_of("aerostream_cloud", *name.split())
        assert command is not None
    return found


def commands_below(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_below(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def test_every_command_is_documented() -> None:
    assert len(commands()) >= 9
    text = README.read_text() + CONFIGURATION.read_text()
    missing = [command for command in commands() if f"`{command}" not in text]
    assert not missing


@pytest.mark.parametrize("page", USER_PAGES, ids=lambda page: page.name)
def test_every_documented_command_line_exists(page: Path) -> None:
    for program, words in re.findall(r"(aerostream-(?:edge|cloud)) +([^`\n#)]*)", page.read_text()):
        line = f"{program} {words}"
        matching = [command for command in commands() if f"{line} ".startswith(f"{command} ")]
        assert matching or not re.match(r"[a-z]", words), line
        if matching:
            options = set(re.findall(r"(?<= )--[a-z-]+", line))
            known = set(re.findall(r"--[a-z-]+", commands()[matching[0]]))
            unknown = options - known
            assert not unknown, line


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in DOCUMENTS:
        text = page.read_text()
        blocks = "\n".join(re.findall(r"```.*?```", text, re.DOTALL))
        named = re.findall(r"`make ([a-z]+)", text)
        named += re.findall(r"^ *(?:\$ )?make ([a-z]+)", blocks, re.MULTILINE)
        assert set(named) <= targets, page


# ---- Pages ---------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", without_blocks(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_knows_the_machine_that_it_was_written_on(page: Path) -> None:
    text = page.read_text()
    for folder in (ROOT, Path.home()):
        assert f"{folder}/" not in text


def test_every_decision_has_a_number_of_its_own() -> None:
    pages = sorted((ROOT / "docs/adr").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert len(set(numbers)) == len(numbers)
    for number, page in zip(numbers, pages, strict=True):
        assert page.read_text().startswith(f"# {number}. "), page
