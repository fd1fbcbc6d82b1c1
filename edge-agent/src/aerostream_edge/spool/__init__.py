"""What is not yet known to be in the database, on disk: appended before it is published,
deleted when `dn/ack` names it. docs/durability.md says what that promises.

- `item`: what is kept
- `file`: the SQLite file, the only module here that touches the disk
- `spool`: what of it is new, sent, waiting to go again; no I/O
- `restamp`: how times of what nobody has seen move when the true time is told
- `pace`: how fast history follows the live data
- `keeper`: carries work between spool, file and session
"""

from aerostream_edge.spool.item import Item, Kind
from aerostream_edge.spool.spool import Spool

__all__ = ["Item", "Kind", "Spool"]
