"""The contract between AeroStream's parts: names, topics, channels, frames and messages.

Everything here is pure: no sockets, no files written, no clock read. The edge agent, the
cloud services and the simulator import it and nothing of each other.
"""

#: Revision of channels and frame layout. Raised when a field or channel is added; nothing is
#: ever removed or renumbered, so every revision can be read by every other.
SCHEMA_REVISION = 1

#: Version of the product, agent and services alike.
__version__ = "0.1.0"
