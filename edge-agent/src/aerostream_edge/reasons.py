"""Why a connection to the broker ended, as a sentence says it."""

#: What paho calls a connection that just broke.
_NOTHING_SAID = "Unspecified error"


def because(reason: str) -> str:
    """The reason behind a colon; nothing where there is none."""
    return "" if reason == _NOTHING_SAID else f": {reason}"
