"""The table of roles, each allowed and each refused case, against the real broker.

Mosquitto grants a forbidden subscription and delivers nothing, so a refused read is proven by
what does not arrive before a later message does; a refused write by its PUBACK, and by the
witness, who may read everything and saw nothing.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from aerostream_contract.roles import Role
from paho.mqtt.reasoncodes import ReasonCode
from support.mqtt_probe import Probe
from support.secure_broker import WITNESS, SecureBroker

_TABLE = """
                         one two three ingest commands alerts bridge cloud importer person
alpha/one/up/status      w   -   -     r      rw       r      r      rw    -        r
alpha/one/up/info        w   -   -     r      rw       r      r      rw    -        r
alpha/one/up/state       w   -   -     r      rw       r      r      rw    -        r
alpha/one/up/tel         w   -   -     r      r        r      rw     rw    -        -
alpha/one/up/bf          w   -   -     r      r        r      r      r     w        -
alpha/one/up/evt         w   -   -     r      r        r      r      r     -        r
alpha/one/up/cmd         w   -   -     r      r        r      r      r     -        -
alpha/one/up/mis         w   -   -     r      r        r      r      r     -        -
alpha/one/up/cfg         w   -   -     r      rw       r      r      rw    -        -
alpha/one/up/time        w   -   -     r      r        r      r      r     -        -
alpha/one/dn/mis         r   -   -     -      w        -      r      rw    -        -
alpha/one/dn/cfg         r   -   -     -      w        -      r      rw    -        -
alpha/one/dn/att         r   -   -     -      w        -      rw     rw    -        -
alpha/one/dn/time        r   -   -     -      w        -      r      rw    -        -
alpha/one/dn/ack         r   -   -     w      w        -      r      rw    r        -
alpha/one/dn/cmd         r   -   -     -      w        -      r      rw    -        -
alpha/one/dn/sp          r   -   -     -      w        -      r      rw    -        -
alpha/one/alert/battery  -   -   -     -      -        w      r      rw    -        r
alpha/one/json/battery   -   -   -     w      w        -      r      rw    -        r
alpha/one/json/gps/1-1   -   -   -     w      w        -      r      rw    -        r
alpha/_all/dn/cmd        r   r   -     -      w        -      r      rw    -        -
beta/_all/dn/cmd         -   -   r     -      w        -      r      rw    -        -
_svc/ingest/i1/state     r   r   r     w      -        -      r      rw    -        -
_svc/commands/c1/state   r   r   r     -      w        -      r      rw    -        -
_svc/alerts/a1/state     -   -   -     -      -        w      r      rw    -        -
_svc/bridge/b1/state     -   -   -     -      -        -      rw     rw    -        -
_svc/bridge/b1/re        -   -   -     -      w        -      r      rw    -        -
_svc/commands/req        -   -   -     -      r        -      rw     rw    -        -
alpha/one                -   -   -     -      -        -      r      r     -        -
alpha/one/other          -   -   -     -      -        -      r      r     -        -
alpha/other/dn/cmdx/y    -   -   -     -      w        -      r      rw    -        -
/elsewhere               -   -   -     -      -        -      -      -     -        -
/alpha/one/up/tel        -   -   -     -      -        -      -      -     -        -
/aero/2/alpha/one/up/tel -   -   -     -      -        -      -      -     -        -
"""
"""Rights by topic (below `aero/1/`, or anywhere with a leading slash) and account."""

_DRONES = {"one": "alpha/one", "two": "alpha/two", "three": "beta/three"}
_COLUMNS = _TABLE.strip().splitlines()[0].split()
_RIGHTS = {
    (column, row.split()[0]): right
    for row in _TABLE.strip().splitlines()[1:]
    for column, right in zip(_COLUMNS, row.split()[1:], strict=True)
}
_TOPICS = list(dict.fromkeys(topic for _, topic in _RIGHTS))

_NOT_AUTHORIZED = 0x87


def _full(topic: str) -> str:
    return topic.removeprefix("/") if topic.startswith("/") else f"aero/1/{topic}"


def _cases(right: str) -> list[object]:
    return [
        pytest.param(column, topic, right in rights, id=f"{column}:{topic}:{rights}")
        for (column, topic), rights in _RIGHTS.items()
    ]


@dataclass(frozen=True)
class _Observed:
    """What happened when everybody tried everything."""

    pubacks: dict[tuple[str, str], ReasonCode]
    """Answer to each account's publish, by column and topic."""
    passed: set[tuple[str, str]]
    """Publishes that the witness received."""
    read: set[tuple[str, str]]
    """What each account received of what the witness published everywhere."""
    read_system_topics: set[str]
    """Columns (and the witness) that got messages of the broker about itself."""


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Observed]:
    broker = SecureBroker(tmp_path_factory.mktemp("broker"))
    for drone in _DRONES.values():
        assert broker.provision(drone).exit_code == 0
    for column in _COLUMNS[len(_DRONES) :]:
        assert broker.provision("--role", column).exit_code == 0
    broker.add_witness()
    broker.start()
    with ExitStack() as stack:
        stack.callback(broker.stop)
        witness = stack.enter_context(_connected(broker, WITNESS))
        probes = {
            column: stack.enter_context(_connected(broker, _DRONES.get(column, column)))
            for column in _COLUMNS
        }
        pubacks = _everybody_writes_everywhere(witness, probes)
        everybody = {**probes, WITNESS: witness}
        passed = {
            (column, topic)
            for column in probes
            for topic in _TOPICS
            if (_full(topic), column.encode()) in witness.received
        }
        read = _everybody_reads_everywhere(witness, probes)
        yield _Observed(
            pubacks=pubacks,
            passed=passed,
            read=read,
            read_system_topics={
                name
                for name, probe in everybody.items()
                if any(topic.startswith("$SYS/") for topic, _ in probe.received)
            },
        )


def _connected(broker: SecureBroker, user: str) -> Probe:
    port = broker.port if user in _DRONES.values() else broker.services_port
    return Probe(port, user=user, password=broker.password(user))


def _everybody_writes_everywhere(
    witness: Probe, probes: dict[str, Probe]
) -> dict[tuple[str, str], ReasonCode]:
    witness.subscribe("#")
    pubacks = {
        (column, topic): probe.publish(_full(topic), column.encode())
        for column, probe in probes.items()
        for topic in _TOPICS
    }
    witness.publish("end", b"end of writing")
    witness.wait_for_payload(b"end of writing")
    return pubacks


def _everybody_reads_everywhere(witness: Probe, probes: dict[str, Probe]) -> set[tuple[str, str]]:
    witness.subscribe("$SYS/broker/version")
    for probe in probes.values():
        probe.subscribe(*map(_full, _TOPICS))
        # Wider filters than the account's own must not let anything through either.
        probe.subscribe("#", "aero/1/#", "+/+/+/+/+/+", "$SYS/#")
    for topic in _TOPICS:
        witness.publish(_full(topic), f"read {topic}".encode())
    # Each account may read at least one of these; messages arrive in the order of publishing.
    for drone in _DRONES.values():
        witness.publish(f"aero/1/{drone}/dn/ack", b"end of reading")
    witness.publish("aero/1/alpha/one/up/state", b"end of reading")
    for probe in probes.values():
        probe.wait_for_payload(b"end of reading")
    return {
        (column, topic)
        for column, probe in probes.items()
        for topic in _TOPICS
        if (_full(topic), f"read {topic}".encode()) in probe.received
    }


@pytest.mark.parametrize(("column", "topic", "allowed"), _cases("w"))
def test_an_account_writes_what_the_table_says_and_nothing_else(
    observed: _Observed, column: str, topic: str, allowed: bool
) -> None:
    reason = observed.pubacks[column, topic]
    assert (reason.value < 0x80) == allowed, reason
    assert allowed or reason.value == _NOT_AUTHORIZED
    assert ((column, topic) in observed.passed) == allowed


@pytest.mark.parametrize(("column", "topic", "allowed"), _cases("r"))
def test_an_account_reads_what_the_table_says_and_nothing_else(
    observed: _Observed, column: str, topic: str, allowed: bool
) -> None:
    assert ((column, topic) in observed.read) == allowed


def test_nobody_reads_what_the_broker_says_about_itself(observed: _Observed) -> None:
    assert observed.read_system_topics == {WITNESS}


def test_the_table_has_every_role() -> None:
    assert {Role.DRONE, *_COLUMNS[len(_DRONES) :]} == set(Role)
