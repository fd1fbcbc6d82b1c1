"""What can be wrong with something that claims to follow the contract.

ContractError
├── InvalidName       a fleet, drone or instance id, or a topic, is not one of ours
├── InvalidPayload    a JSON message does not have the shape of its model
├── InvalidSetting    a setting's value is unusable
└── FrameError        a telemetry frame cannot be decoded
"""

_LONGEST_SHOWN = 120


class ContractError(ValueError):
    """Base of everything that the contract refuses."""


class InvalidName(ContractError):
    """An id or topic that does not follow the naming rules."""


class InvalidPayload(ContractError):
    """A JSON payload that does not match its model."""


class InvalidSetting(ContractError):
    """A configuration value that cannot be used; the text names it and what was expected."""


class FrameError(ContractError):
    """Bytes that are not a telemetry frame, or a frame that breaks a limit."""


def cut(text: str) -> str:
    """A text for an error message, shortened: what came from outside may be very long."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def shown(value: object) -> str:
    """`repr` of a value for an error message, shortened."""
    return cut(repr(value))
