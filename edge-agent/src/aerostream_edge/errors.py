"""What can go wrong on the edge.

EdgeError
├── LinkError        the MAVLink link cannot be opened
├── LogError         a recorded flight cannot be read
├── UplinkError      the broker refuses the agent
│   └── TakenOver    another agent uses this drone's name
└── StateError       a file in the data directory is unusable
"""


class EdgeError(Exception):
    """Base of everything that the agent reports as one sentence."""


class LinkError(EdgeError):
    """The MAVLink link cannot be opened; the text names it and the reason."""


class LogError(EdgeError):
    """A recorded flight cannot be read, or has no vehicle in it."""


class UplinkError(EdgeError):
    """The broker refuses the connection or a publish."""


class TakenOver(UplinkError):
    """Another connection took this drone's name; two agents must never share one."""


class StateError(EdgeError):
    """A file that the agent keeps in its data directory is unusable."""
