"""The small pure parts of the bridge's live half."""

import json

import msgspec
import pytest
from aerostream_cloud.bridge.live import messages
from aerostream_cloud.bridge.live.attention import MORE_S, REPEAT_S, TTL_S, AttentionBook
from aerostream_cloud.bridge.live.filter import Box, Filter
from aerostream_cloud.bridge.live.origins import is_allowed
from aerostream_cloud.bridge.live.rate import TokenBucket
from aerostream_cloud.bridge.problems import ApiProblem
from aerostream_contract.models import Attention


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "bridge:8000", True),
        ("http://bridge:8000", "bridge:8000", True),
        ("http://Bridge:8000", "bridge:8000", True),
        ("http://bridge", "bridge:80", True),
        ("https://bridge", "bridge", True),
        ("https://bridge", "bridge:443", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("https://ops.example.org", "bridge:8000", True),
        ("https://ops.example.org:443", "bridge:8000", True),
        ("http://ops.example.org", "bridge:8000", False),
        ("https://ops.example.org.evil.org", "bridge:8000", False),
        ("http://bridge:8001", "bridge:8000", False),
        ("http://evil", "bridge", False),
        ("null", "bridge", False),
        ("", "bridge", False),
        ("http://bridge:99999", "bridge:99999", False),
        ("file://", "bridge", False),
        ("http://bridge", None, False),
    ],
)
def test_only_our_own_pages_and_those_of_the_settings_may_connect(
    origin: str | None, host: str | None, allowed: bool
) -> None:
    assert is_allowed(origin, host, ("https://ops.example.org",)) is allowed


@pytest.mark.parametrize(
    ("box", "lat", "lon", "inside"),
    [
        (Box(-10, -5, 10, 5), 0, 0, True),
        (Box(-10, -5, 10, 5), 5, 10, True),
        (Box(-10, -5, 10, 5), 5.1, 0, False),
        (Box(-10, -5, 10, 5), 0, 180, False),
        (Box(170, -5, -170, 5), 0, 180, True),
        (Box(170, -5, -170, 5), 0, -180, True),
        (Box(170, -5, -170, 5), 0, -171, True),
        (Box(170, -5, -170, 5), 0, 0, False),
        (Box(170, -5, -170, 5), 9, 180, False),
        (Box(-180, -90, 180, 90), 90, -180, True),
        (Box(5, 5, 5, 5), 5, 5, True),
    ],
)
def test_a_box_may_cross_the_antimeridian(box: Box, lat: float, lon: float, inside: bool) -> None:
    assert box.contains(lat, lon) is inside


def test_a_filters_conditions_must_all_hold() -> None:
    wanted = Filter(drones=frozenset({"a", "b"}), fleets=frozenset({"red"}))
    assert wanted.wants("a", "red")
    assert not wanted.wants("a", "blue")
    assert not wanted.wants("c", "red")


def test_a_drone_is_told_at_once_and_then_every_few_seconds() -> None:
    book = AttentionBook()
    book.look("me", ["eagle"], frozenset({"vfr", "gps"}))
    assert book.due(0.0) == [("eagle", Attention(["gps", "vfr"], 10.0))]
    assert book.due(REPEAT_S - 0.01) == []
    assert len(book.due(REPEAT_S)) == 1
    assert book.due(REPEAT_S + 0.01) == []
    book.look_away("me")
    book.look_away("me")
    assert (book.due(100.0), len(book)) == ([], 0)


def test_a_drone_is_told_soon_when_somebody_looks_at_more() -> None:
    book = AttentionBook()
    book.look("me", ["eagle"], frozenset({"vfr"}))
    book.due(0.0)
    book.look("you", ["eagle", "hawk"], frozenset({"gps"}))
    assert book.due(0.1) == [("hawk", Attention(["gps"], 10.0))]
    assert book.due(MORE_S) == [("eagle", Attention(["gps", "vfr"], 10.0))]
    book.look("you", ["eagle"], None)
    assert book.due(2 * MORE_S) == [("eagle", Attention(["attitude", "position", "vfr"], 10.0))]
    book.look_away("you")
    assert book.due(2 * MORE_S + 0.1) == []
    assert book.due(2 * MORE_S + REPEAT_S) == [("eagle", Attention(["vfr"], 10.0))]


@pytest.mark.parametrize("looks", [[{"vfr"}], [{"vfr"}, {"gps"}], [{"vfr"}, {"gps", "vfr"}]])
def test_looking_away_and_back_does_not_flood_a_drone(looks: list[set[str]]) -> None:
    book = AttentionBook()
    words = 0
    for tick in range(400):  # 20 s
        book.look("me", ["eagle"], frozenset(looks[tick % len(looks)]))
        words += len(book.due(tick / 20))
        book.look_away("me")
        assert book.due(tick / 20) == []
        assert len(book) == 0
    assert words <= (20 / REPEAT_S + 1 if len(looks) == 1 else 20 / MORE_S)
    assert book.due(20.0 + TTL_S) == []
    book.look("me", ["eagle"], frozenset({"vfr"}))
    assert len(book.due(20.0 + TTL_S)) == 1


def test_who_looks_at_very_many_channels_looks_at_all() -> None:
    book = AttentionBook()
    book.look("me", ["eagle"], frozenset(f"mav_{n}" for n in range(65)))
    assert book.due(0.0) == [("eagle", Attention(["*"], 10.0))]


def subscribe(**members: object) -> bytes:
    return msgspec.json.encode({"type": "subscribe", "subscription": "s", **members})


def wanted_by(message: bytes) -> Filter:
    parsed = messages.parse(message)
    assert isinstance(parsed, messages.Subscribe)
    return messages.filter_of(parsed)


@pytest.mark.parametrize(
    ("message", "status", "complaint"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "the message is not JSON: input data was truncated"),
        (b"{]", 400, "the message is not JSON: object keys must be strings"),
        (b"[" * 50_000, 422, "expected `object`"),
        (b'{"type": "subscribe", "drones": ' + b"[" * 50_000, 422, "$.drones"),
        (b'{"type": "ping", "id": 1, "x": ' + b"[" * 50_000, 422, "`x`"),
        (b'{"a": 1e999}', 422, "type"),
        (b"[]", 422, "expected `object`"),
        (b"{}", 422, "`type`"),
        (b'{"type": "dance"}', 422, "'dance'"),
        (b'{"type": "ping"}', 422, "`id`"),
        (b'{"type": "subscribe"}', 422, "`subscription`"),
        (subscribe(chanels=[]), 422, "`chanels`"),
        (subscribe(drones="eagle"), 422, "$.drones"),
        (subscribe(drones=["eagle"] * 1001), 422, "<= 1000"),
        (subscribe(fleets=["f"] * 101), 422, "<= 100"),
        (subscribe(channels=["vfr"] * 101), 422, "<= 100"),
        (subscribe(channels=["vrf"]), 422, "'vrf'"),
        (subscribe(drones=["Eagle!"]), 422, "'Eagle!'"),
        (subscribe(fleets=["../x"]), 422, "'../x'"),
        (subscribe(bbox=[1, 2, 3]), 422, "$.bbox"),
        (subscribe(bbox=[-181, 0, 0, 1]), 422, "-181"),
        (subscribe(bbox=[0, 5, 1, 4]), 422, "south before north"),
        (subscribe(bbox=[0, -91, 1, 4]), 422, "-91"),
        (subscribe(bbox=[None, 0, 1, 4]), 422, "$.bbox"),
        (subscribe(resume=7), 422, "$.resume"),
        (subscribe(subscription="s" * 65), 422, "$.subscription"),
        (subscribe(subscription=""), 422, "$.subscription"),
    ],
)
def test_bad_messages_are_refused_with_a_sentence(
    message: bytes, status: int, complaint: str
) -> None:
    with pytest.raises(ApiProblem) as caught:
        wanted_by(message)
    assert caught.value.problem.status == status
    assert complaint in caught.value.problem.detail
    assert len(caught.value.problem.detail) < 300


def test_a_broken_message_still_names_its_subscription_where_it_can() -> None:
    assert messages.subscription_of(subscribe(drones=7)) == "s"
    assert messages.subscription_of(b"{") is None
    assert messages.subscription_of(b'{"subscription": 7}') is None
    assert messages.subscription_of(subscribe(subscription="x" * 999)) == "x" * 64


def test_channels_default_to_what_a_map_needs_and_a_star_is_all() -> None:
    def wanted(**members: object) -> frozenset[str] | None:
        return wanted_by(subscribe(**members)).channels

    assert wanted() == frozenset({"heartbeat", "position"})
    assert wanted(channels=["*"]) is None
    assert wanted(channels=["vfr", "*"]) is None
    assert wanted(channels=[]) == frozenset()
    assert wanted(channels=["mav_gps_status", "vfr"]) == frozenset({"mav_gps_status", "vfr"})


def test_a_pong_has_the_pings_id_as_it_came() -> None:
    for given in ("a", 7, 1.5):
        ping = messages.parse(msgspec.json.encode({"type": "ping", "id": given}))
        assert isinstance(ping, messages.Ping)
        assert json.loads(messages.pong(ping, "now")) == {
            "type": "pong",
            "id": given,
            "time": "now",
        }


def test_a_bucket_gives_a_burst_and_then_a_rate() -> None:
    bucket = TokenBucket(per_s=20.0, burst=50)
    assert [bucket.take(0.0) for _ in range(60)].count(True) == 50
    assert [bucket.take(n / 100) for n in range(1, 501)].count(True) == pytest.approx(100, abs=1)
    assert [bucket.take(3600.0) for _ in range(60)].count(True) == 50
