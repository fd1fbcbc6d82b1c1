"""Environments that preload a library into a program, put together."""

from collections.abc import Mapping


def together(*environments: Mapping[str, str]) -> dict[str, str]:
    """All variables of all; of `LD_PRELOAD` every library, in the order given.

    For any other name the last one counts.
    """
    merged: dict[str, str] = {}
    libraries: list[str] = []
    for environment in environments:
        libraries += environment.get("LD_PRELOAD", "").split(":")
        merged.update(environment)
    named = list(dict.fromkeys(library for library in libraries if library))
    return merged | ({"LD_PRELOAD": ":".join(named)} if named else {})
