"""A wrong command line is answered with one sentence, not with a block of usage."""

import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
from aerostream_contract.errors import shown
from typer.core import TyperGroup

BAD_INPUT, INTERRUPTED = 2, 130
#: The base of all that Typer has to say against a command line; it has no public name.
_UsageError: Any = typer.BadParameter.__base__
_BAD_VALUE = re.compile(r"Invalid value for '(?P<where>.+?)': (?P<what>.+)", re.DOTALL)
_CHOICE = re.compile(r".* is not one of (?P<choices>'.*')\.?", re.DOTALL)


class OneSentenceGroup(TyperGroup):
    """Commands that answer a wrong command line with one sentence."""

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
        given = list(sys.argv[1:] if args is None else args)
        try:
            done = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)
        except _UsageError as error:
            if not standalone_mode:
                raise
            typer.echo(_complaint(error, given), err=True)
            sys.exit(BAD_INPUT)
        except typer.Abort:
            if not standalone_mode:
                raise
            sys.exit(INTERRUPTED)
        if not standalone_mode:
            return done
        sys.exit(done or 0)


def _complaint(error: Any, given: Sequence[str]) -> str:
    text: str = error.format_message()
    if error.ctx is not None and text == error.ctx.get_help():
        return text  # no command at all
    bad = _BAD_VALUE.fullmatch(text)
    if bad is None:
        text = text[:1].lower() + text[1:]
    else:
        text = f"{bad['where']}{_value(bad['where'], given)}: {_expected(bad['what'])}"
    return f"aerostream-sim: {text.rstrip('.')}"


def _expected(what: str) -> str:
    if "valid integer" in what:
        return "expected a whole number"
    if "valid number" in what:
        return "expected a number"
    choice = _CHOICE.fullmatch(what)
    if choice is not None:
        return f"expected one of {choice['choices'].replace(chr(39), '')}"
    return what


def _value(option: str, given: Sequence[str]) -> str:
    """The value as it was given, where it can be found."""
    found = ""
    for word, following in zip(given, [*given[1:], None], strict=True):
        if word == option and following is not None:
            found = f" {shown(following)}"
        elif word.startswith(f"{option}="):
            found = f" {shown(word.removeprefix(f'{option}='))}"
    return found
