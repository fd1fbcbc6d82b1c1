"""The table of roles says what the design says, and its filters are MQTT's."""

import re

import pytest
from aerostream_contract.roles import ACCESS, Role, topic_filter


def allowed(role: Role, kind: str, topic: str, user: str = "north/eagle") -> bool:
    """Whether a role's filters cover a topic."""
    patterns = getattr(ACCESS[role], kind)
    return any(_covers(topic_filter(pattern, user), topic) for pattern in patterns)


def _covers(topic_filter: str, topic: str) -> bool:
    regex = re.escape(topic_filter).replace(r"\+", "[^/]+").replace("/\\#", "(/.*)?")
    return re.fullmatch(regex, topic) is not None


OWN, OTHER = "aero/1/north/eagle", "aero/1/north/owl"


@pytest.mark.parametrize(
    ("role", "writes", "never_writes", "reads", "never_reads"),
    [
        (
            Role.DRONE,
            [f"{OWN}/up/tel", f"{OWN}/up/cfg"],
            [f"{OTHER}/up/tel", f"{OWN}/dn/cmd", f"{OWN}/json/gps", "aero/1/_svc/ingest/a/state"],
            [f"{OWN}/dn/ack", "aero/1/north/_all/dn/cmd", "aero/1/_svc/ingest/a/state"],
            [f"{OTHER}/dn/ack", f"{OWN}/up/tel", "aero/1/south/_all/dn/cmd"],
        ),
        (
            Role.INGEST,
            [f"{OWN}/dn/ack", f"{OWN}/json/gps/1-1", "aero/1/_svc/ingest/a/state"],
            [f"{OWN}/dn/cmd", f"{OWN}/up/tel", "aero/1/_svc/alerts/a/state"],
            [f"{OWN}/up/tel"],
            [f"{OWN}/dn/cmd"],
        ),
        (
            Role.COMMANDS,
            [f"{OWN}/dn/cmd", "aero/1/north/_all/dn/cmd", f"{OWN}/up/status"],
            [f"{OWN}/up/tel", f"{OWN}/alert/a", "aero/1/_svc/commands/req"],
            [f"{OWN}/up/cmd", "aero/1/_svc/commands/req"],
            [f"{OWN}/dn/cmd"],
        ),
        (
            Role.ALERTS,
            [f"{OWN}/alert/low_battery"],
            [f"{OWN}/dn/cmd", f"{OWN}/up/tel"],
            [f"{OWN}/up/tel"],
            [f"{OWN}/dn/cmd"],
        ),
        (
            Role.BRIDGE,
            [f"{OWN}/dn/att", f"{OWN}/up/tel", "aero/1/_svc/commands/req"],
            [f"{OWN}/dn/cmd", f"{OWN}/up/status"],
            [f"{OWN}/dn/cmd", "aero/1/_svc/alerts/a/state"],
            ["other/topic"],
        ),
        (
            Role.IMPORTER,
            [f"{OWN}/up/bf"],
            [f"{OWN}/up/tel", f"{OWN}/up/status", f"{OWN}/json/gps"],
            [f"{OWN}/dn/ack"],
            [f"{OWN}/dn/cmd", f"{OWN}/up/tel"],
        ),
        (
            Role.PERSON,
            [],
            [f"{OWN}/up/tel", f"{OWN}/dn/cmd", f"{OWN}/json/gps", f"{OWN}/dn/att"],
            [f"{OWN}/json/gps", f"{OWN}/alert/a", f"{OWN}/up/state", f"{OWN}/up/evt"],
            [f"{OWN}/up/tel", f"{OWN}/dn/cmd", f"{OWN}/up/cmd"],
        ),
    ],
)
def test_a_role_may_do_its_work_and_no_more(
    role: Role, writes: list[str], never_writes: list[str], reads: list[str], never_reads: list[str]
) -> None:
    assert all(allowed(role, "write", topic) for topic in writes)
    assert not any(allowed(role, "write", topic) for topic in never_writes)
    assert all(allowed(role, "read", topic) for topic in reads)
    assert not any(allowed(role, "read", topic) for topic in never_reads)


def test_all_services_in_one_process_may_do_what_each_may() -> None:
    for role in (Role.INGEST, Role.COMMANDS, Role.ALERTS, Role.BRIDGE):
        assert set(ACCESS[role].write) <= set(ACCESS[Role.CLOUD].write)
        assert set(ACCESS[role].read) <= set(ACCESS[Role.CLOUD].read)


def test_every_role_has_an_entry() -> None:
    assert set(ACCESS) == set(Role)
