"""`aerostream-cloud provision`: its files, what it refuses, and how it survives interruptions."""

import base64
import re
import shutil
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aerostream_cloud.accounts import Account, Accounts, hash_password
from aerostream_cloud.errors import ProvisionRefused
from aerostream_cloud.provision import Provisioner
from aerostream_cloud.secret_files import make_broker_folder
from aerostream_contract.settings import MqttUrl
from support.secure_broker import run_provision
from typer.testing import Result


class Files:
    """The folders that one test provisions into."""

    def __init__(self, folder: Path) -> None:
        self.broker = folder / "broker"
        self.out = folder / "out"

    def provision(self, *arguments: str) -> Result:
        folders = ("--broker-folder", str(self.broker), "--out", str(self.out))
        return run_provision(*arguments, *folders)

    def content(self) -> dict[str, bytes]:
        """Every file, by its path."""
        folders = (self.broker, self.out)
        files = [each for folder in folders for each in folder.rglob("*") if each.is_file()]
        return {str(each): each.read_bytes() for each in files}

    def users(self) -> list[str]:
        """Names in the password file, in its order."""
        return [line.split(":")[0] for line in (self.broker / "passwords").read_text().splitlines()]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_drone_gets_a_configuration_that_names_it_and_lets_it_in(files: Files) -> None:
    result = files.provision("north/d1", "--url", "mqtts://broker.example:8883")
    assert result.exit_code == 0, result.output
    config = tomllib.loads((files.out / "north/d1.toml").read_text())
    password = (files.out / "north/d1.password").read_text().strip()
    assert (config["fleet"], config["drone"]) == ("north", "d1")
    assert config["mqtt_url"].startswith("mqtts://north%2Fd1:")
    assert MqttUrl.parse(config["mqtt_url"]) == MqttUrl(
        host="broker.example", port=8883, tls=True, username="north/d1", password=password
    )


def test_a_service_gets_its_url_as_an_environment_file(files: Files) -> None:
    assert files.provision("--role", "ingest").exit_code == 0
    line = (files.out / "ingest.env").read_text()
    variable, _, url = line.strip().partition("=")
    assert variable == "AEROSTREAM_MQTT_URL"
    parsed = MqttUrl.parse(url)
    assert (parsed.username, parsed.port) == ("ingest", 1884)
    assert parsed.password == (files.out / "ingest.password").read_text().strip()


def test_a_further_vehicles_long_name_gets_a_password_only(files: Files) -> None:
    name = "d" * 27
    assert files.provision(f"north/{name}-17").exit_code == 0
    assert [each.name for each in (files.out / "north").iterdir()] == [f"{name}-17.password"]
    assert files.provision(f"north/{name}").exit_code == 0
    assert (files.out / f"north/{name}.toml").exists()


def test_two_accounts_never_have_the_same_password(files: Files) -> None:
    for name in ("north/d1", "north/d2"):
        files.provision(name)
    passwords = [(files.out / f"north/{each}.password").read_text() for each in ("d1", "d2")]
    assert len(set(passwords)) == 2
    assert all(len(each.strip()) >= 43 for each in passwords)


def test_only_owner_and_broker_can_read_the_files(files: Files) -> None:
    files.provision("north/d1")
    files.provision("--role", "ingest")
    modes = {
        path.name: oct(path.stat().st_mode & 0o777)
        for folder in (files.broker, files.out)
        for path in [folder, *folder.rglob("*")]
    }
    assert modes == {
        "broker": "0o750",
        "passwords": "0o640",
        "acl": "0o640",
        "out": "0o700",
        "north": "0o700",
        "d1.password": "0o600",
        "d1.toml": "0o600",
        "ingest.password": "0o600",
        "ingest.env": "0o600",
    }


def test_no_password_stands_in_the_brokers_files(files: Files) -> None:
    files.provision("north/d1")
    password = (files.out / "north/d1.password").read_text().strip()
    for name in ("passwords", "acl"):
        assert password not in (files.broker / name).read_text()


def test_an_existing_account_is_refused_and_no_file_changes(files: Files) -> None:
    files.provision("north/d1")
    before = files.content()
    result = files.provision("north/d1")
    assert result.exit_code == 1
    assert result.stderr == (
        "aerostream-cloud: account 'north/d1' exists: --rotate gives it a new password, "
        "--revoke removes it\n"
    )
    assert files.content() == before


def test_rotating_changes_the_password_and_nothing_else(files: Files) -> None:
    files.provision("north/d1")
    files.provision("--role", "ingest")
    before = files.content()
    assert files.provision("north/d1", "--rotate").exit_code == 0
    changed = {Path(path).name for path, text in files.content().items() if before[path] != text}
    assert changed == {"passwords", "d1.password", "d1.toml"}
    assert files.users() == ["ingest", "north/d1"]


def test_revoking_leaves_the_files_as_if_the_account_had_never_been(files: Files) -> None:
    files.provision("--role", "ingest")
    before = {name: (files.broker / name).read_text() for name in ("passwords", "acl")}
    files.provision("north/d1")
    assert files.provision("north/d1", "--revoke").exit_code == 0
    assert {name: (files.broker / name).read_text() for name in before} == before
    assert files.provision("north/d1").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["north/d2", "--rotate"], 1, "there is no account 'north/d2'"),
        (["north/d2", "--revoke"], 1, "there is no account 'north/d2'"),
        (["south/d1"], 1, "drone id 'd1' is taken by 'north/d1'"),
        (["--role", "person", "--name", "ingest"], 1, "account 'ingest' exists"),
        (
            ["--role", "person", "--name", "ingest", "--rotate"],
            1,
            "has the role ingest, not person",
        ),
        (
            ["--role", "person", "--name", "ingest", "--revoke"],
            1,
            "has the role ingest, not person",
        ),
        (["--role", "drone"], 1, "is named FLEET/DRONE"),
        (["--role", "pilot"], 2, "'pilot' is not one of"),
        (["d1"], 2, "'d1' does not name a drone: expected FLEET/DRONE"),
        (["north/D1"], 2, "drone 'D1' is not an id"),
        (["north/d1/x"], 2, "drone 'd1/x' is not an id"),
        (["north/+"], 2, "drone '+' is not an id"),
        (["north/d2\n"], 2, "drone 'd2\\n' is not an id"),
        (["--role", "person", "--name", "anna:x"], 2, "account name 'anna:x' is not an id"),
        (["--role", "person", "--name", ""], 2, "account name '' is not an id"),
        ([], 2, "expected either FLEET/DRONE, or --role"),
        (["north/d2", "--role", "ingest"], 2, "expected either FLEET/DRONE, or --role"),
        (["north/d2", "--name", "x"], 2, "expected either FLEET/DRONE, or --role"),
        (["north/d1", "--rotate", "--revoke"], 2, "--rotate and --revoke exclude each other"),
        (
            ["north/d2", "--url", "http://x"],
            2,
            "--url is unusable, its scheme is not mqtt or mqtts",
        ),
        (["north/d2", "--url", "mqtt://a:b@x"], 2, "the broker URL names the account 'a'"),
    ],
)
def test_bad_input_gets_one_sentence_and_changes_no_file(
    files: Files, arguments: list[str], code: int, sentence: str
) -> None:
    files.provision("north/d1")
    files.provision("--role", "ingest")
    before = files.content()
    result = files.provision(*arguments)
    assert result.exit_code == code, result.output
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == (4 if "pilot" in arguments else 1)
    assert files.content() == before


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("passwords", "anna:plain text"),
        ("passwords", "anna"),
        ("passwords", ":$7$1$a$b"),
        ("acl", "pattern read #"),
        ("acl", "user anna"),
        ("acl", "# person\nuser Anna"),
        ("acl", "# my own remark"),
    ],
)
def test_a_line_that_is_not_ours_is_never_lost_by_rewriting(
    files: Files, name: str, line: str
) -> None:
    files.provision("north/d1")
    with (files.broker / name).open("a") as file:
        file.write(f"{line}\n")
    before = files.content()
    result = files.provision("north/d2")
    assert result.exit_code == 1
    assert re.search(r"line \d+ of the (ACL|password) file", result.stderr)
    assert files.content() == before


def test_hashes_of_mosquitto_passwd_are_kept(files: Files) -> None:
    files.provision("north/d1")
    line = "anna:$6$ckBCeLxkrZpDpO2c$8Y6nhB0PQHq3nIwZ2a2Gvb1OtY3PDDXf5vlY8TEu5w=="
    with (files.broker / "passwords").open("a") as file:
        file.write(f"{line}\n")
    assert files.provision("north/d2").exit_code == 0
    assert line in (files.broker / "passwords").read_text().splitlines()


def test_an_account_whose_password_was_never_written_can_be_made_again(files: Files) -> None:
    """What a crash leaves behind: the owner's files and the ACL are written, the password not."""
    files.provision("--role", "ingest")
    passwords = files.broker / "passwords"
    before = passwords.read_text()
    files.provision("north/d1")
    passwords.write_text(before)
    assert files.provision("north/d1").exit_code == 0
    assert files.users() == ["ingest", "north/d1"]


def test_an_interrupted_write_leaves_the_old_file_and_no_other(
    files: Files, tmp_path: Path
) -> None:
    files.provision("north/d1")
    before = files.content()
    # A folder cannot be replaced by a file: the write fails at its last step.
    blocked = files.out / "north/d2.password"
    blocked.mkdir()
    result = files.provision("north/d2")
    assert result.exit_code == 1
    assert "d2.password" in result.stderr
    assert files.content() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run_provision("north/d1", "--broker-folder", str(tmp_path / "file/broker"))
    assert result.exit_code == 1
    assert result.stderr == f"aerostream-cloud: {tmp_path}/file/broker: Not a directory\n"


def test_many_at_the_same_time_lose_nobody(files: Files) -> None:
    broker = MqttUrl.parse("mqtt://127.0.0.1")
    provisioner = Provisioner(broker_folder=files.broker, output=files.out)
    names = [f"north/d{index}" for index in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: provisioner.add(Account.of_drone(name), broker), names))
    assert files.users() == sorted(names)


def test_a_folder_that_many_want_at_once_is_there_for_all_of_them(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for index in range(100):
            folder = tmp_path / f"new-{index}" / "broker"
            list(pool.map(make_broker_folder, [folder] * 8))
            assert folder.is_dir()


def test_the_acl_follows_the_table_at_the_next_change(files: Files) -> None:
    """An account made by an older version gets the rights of the current table."""
    files.provision("--role", "importer")
    acl = files.broker / "acl"
    current = acl.read_text()
    acl.write_text(current.replace("topic read aero/1/+/+/dn/ack\n", "topic read old\n"))
    files.provision("north/d1")
    assert current.partition("# importer")[2] in acl.read_text()


def test_reading_back_what_was_rendered_changes_nothing() -> None:
    accounts = Accounts(roles={}, hashes={})
    for account in (Account.of_drone("north/d1"), Account.of_drone("south/d2")):
        accounts = accounts.added(account, hash_password("x", bytes(12)))
    again = Accounts.parse(accounts.render_passwords(), accounts.render_acl())
    assert again == accounts


def test_a_second_fleet_cannot_have_a_drone_of_the_same_id() -> None:
    accounts = Accounts(roles={}, hashes={}).added(Account.of_drone("north/d1"), "$7$")
    with pytest.raises(ProvisionRefused, match="taken by 'north/d1'"):
        accounts.added(Account.of_drone("south/d1"), "$7$")


@pytest.mark.skipif(not shutil.which("mosquitto_passwd"), reason="needs mosquitto_passwd")
def test_the_hash_is_the_one_of_mosquitto_passwd(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.touch(mode=0o600)
    command = ["mosquitto_passwd", "-b", str(file), "north/d1", "some password"]
    subprocess.run(command, check=True, capture_output=True)
    user, _, theirs = file.read_text().strip().partition(":")
    _, kind, rounds, salt, _ = theirs.split("$")
    assert (user, kind, rounds) == ("north/d1", "7", "101")
    assert hash_password("some password", base64.b64decode(salt)) == theirs


def test_the_help_teaches_with_examples() -> None:
    result = run_provision("--help")
    assert result.exit_code == 0
    for example in ("north/d1 --url", "--role person --name anna", "north/d1 --revoke"):
        assert f"\n    aerostream-cloud provision {example}" in result.output
