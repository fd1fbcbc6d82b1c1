"""What the simulator refuses or cannot do.

SimError
├── BadInput      an option, an address or a file is unusable; exit code 2
│   └── LogError  a telemetry log cannot be read, or holds nothing to play
├── LinkError     an address cannot be used now: taken, not ours, not resolvable; exit code 1
└── LabError      a tool of the fault laboratory is missing, or a part does not start; code 1
"""

import os


class SimError(Exception):
    """Base of everything that ends the simulator with one sentence."""


class BadInput(SimError):
    """Something that the user gave is unusable; the text names it and what was expected."""


class LogError(BadInput):
    """A telemetry log that cannot be played."""


class LinkError(SimError):
    """An address that cannot be used now."""


class MissingTool(SimError):
    """A program or library of the system that is not there; the text says what to install."""


class LabError(SimError):
    """The fault laboratory cannot work; the text says what is missing or did not happen."""


def reason(error: OSError) -> str:
    """Why the system refused: asyncio wraps that into sentences of its own."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)
