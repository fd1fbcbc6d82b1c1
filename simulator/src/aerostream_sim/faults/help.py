"""What `aerostream-sim faults --help` says."""

from aerostream_sim.faults.kinds import FaultKind

#: Lines after a backspace stay as they are: a command must not be broken at its hyphens.
HELP = """\
Break a whole installation on purpose, and prove that nothing is lost.

Broker, ingest, store and agents run as real processes, on free ports and in a folder of their own.
Meanwhile they are killed, cut off, locked out, filled up and put back. At the end what the drones
sent is compared with what is stored, sample by sample. Exit code 1: something is lost, stored
twice, stored under a wrong time, or was never sent; or a program ended by itself, or a flight could
not be flown to its end.

\b
Everything that can break, in twenty flights, two at a time:
  aerostream-sim faults --seeds 20 --jobs 2

\b
Only what needs no C compiler:
  aerostream-sim faults --faults kill-agent,kill-broker,kill-ingest

\b
The store is locked for five minutes while fifty drones fly:
  aerostream-sim faults --faults store-locked --outage 300 --drones 50
"""

KINDS = "\n\n".join(["Kinds of faults:", *(f"{kind}: {kind.sentence}" for kind in FaultKind)])
