"""Words for sentences that people read."""


def counted(count: int, noun: str, spec: str = "") -> str:
    """A number and its noun: 1 drone, 2 drones; `spec` formats the number."""
    return f"{count:{spec}} {noun}{'' if count == 1 else 's'}"
