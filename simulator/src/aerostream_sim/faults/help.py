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

With --broker it asks a deployment of your own: does it lose data? The vehicles, their agents and
the faults are the laboratory's, of kinds that strike an agent or its link. Nothing else is touched;
break broker, ingest and store yourself meanwhile. What is stored is read by --api or --store.
Accounts and certificates come by AEROSTREAM_MQTT_CREDENTIALS, _CA, _CERT and _KEY, and
AEROSTREAM_MQTT_URL is the laboratory's own way in, to listen. docs/durability.md shows all of it.

\b
Five minutes at a deployment, in which you restart whatever you like:
  aerostream-sim faults --broker mqtt://10.8.0.1 --api http://10.8.0.1:8000 --duration 300
"""

KINDS = "\n\n".join(["Kinds of faults:", *(f"{kind}: {kind.sentence}" for kind in FaultKind)])
