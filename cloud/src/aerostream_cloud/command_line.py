"""What the commands have in common: settings, output, and one sentence where something is wrong."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from aerostream_contract.errors import ContractError, shown
from aerostream_contract.setting_names import ALL_SETTINGS
from aerostream_contract.settings import unknown_variables
from typer.core import TyperGroup

from aerostream_cloud.errors import CloudError
from aerostream_cloud.settings import CloudSettings, load_cloud_settings

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
#: As a shell tells of a program that SIGPIPE has ended.
_NOBODY_READS = 141
#: The base of all that Typer has to say against a command line; it has no public name.
_UsageError: Any = typer.BadParameter.__base__
_BAD_VALUE = re.compile(
    r"Invalid value for (?P<where>.+?): (?:Value error, )?(?P<what>.+)", re.DOTALL
)

Config = Annotated[
    Path | None, typer.Option("--config", help="TOML file with settings.", metavar="FILE")
]


class OneSentenceGroup(TyperGroup):
    """Commands that answer a wrong command line with one sentence, not with a block of usage."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line; see `typer.core.TyperGroup`."""
        try:
            done = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except _UsageError as error:
            if not standalone_mode:
                raise
            typer.echo(_complaint(error), err=True)
            sys.exit(BAD_INPUT)
        except typer.Abort:
            if not standalone_mode:
                raise
            sys.exit(INTERRUPTED)
        if not standalone_mode:
            return done
        sys.exit(done or 0)


def whole_number(least: int) -> Callable[[str], int]:
    """Reads a whole number that is at least some other."""

    def read(text: str) -> int:
        # Defaults come as numbers.
        if re.fullmatch(r"\d{1,18}", str(text), re.ASCII) and int(text) >= least:
            return int(text)
        raise typer.BadParameter(f"{shown(text)} is not a whole number of at least {least}")

    return read


def settings_of(config: Path | None) -> CloudSettings:
    """The settings.

    Raises:
        ContractError: one is unusable.
    """
    return load_cloud_settings(os.environ, config)


def settings_of_command(config: Path | None) -> CloudSettings:
    """The same for commands for people; services warn in their log."""
    settings = settings_of(config)
    for variable in unknown_names():
        typer.echo(f"aerostream-cloud: unknown variable {variable} is ignored", err=True)
    return settings


def unknown_names() -> list[str]:
    """Variables that look like settings and are none."""
    return unknown_variables(os.environ, ALL_SETTINGS)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn our errors into a sentence on standard error and an exit code."""
    try:
        yield
    except (ContractError, CloudError) as error:
        typer.echo(f"aerostream-cloud: {error}", err=True)
        raise typer.Exit(BAD_INPUT if isinstance(error, ContractError) else FAILED) from error


def write_line(text: str) -> None:
    """Write a line to standard output."""
    write(f"{text}\n".encode())


def write(data: bytes) -> None:
    """Write bytes to standard output."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # `aerostream-cloud sub | head` ends at once and quietly when nobody reads on. Not by the
        # signal SIGPIPE: that would also end a service whose client hangs up.
        os._exit(_NOBODY_READS)


def _complaint(error: Any) -> str:
    text: str = error.format_message()
    if error.ctx is not None and text == error.ctx.get_help():
        return text  # a group without a command
    bad = _BAD_VALUE.fullmatch(text)
    if bad is not None:
        text = f"{bad['where'].replace(chr(39), '')}: {bad['what']}"
    else:
        text = text[:1].lower() + text[1:]
    return f"aerostream-cloud: {text.rstrip('.')}"
