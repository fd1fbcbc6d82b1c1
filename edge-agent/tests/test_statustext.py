"""STATUSTEXT chunks become whole texts, whatever gets lost on the way."""

import random

from aerostream_edge.mavlink.frames import FrameParser
from aerostream_edge.statustext import Text, TextJoiner
from hypothesis import given
from hypothesis import strategies as st
from support.packets import message, pack

LONG = "PreArm: a long sentence that one message of exactly fifty characters cannot hold at all"
SECOND = 1_000_000


def chunk(text: bytes | str, *, id_: int = 0, seq: int = 0, severity: int = 4) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    sent = message("STATUSTEXT", severity=severity, text=raw, id=id_, chunk_seq=seq)
    (frame,) = FrameParser().feed(pack(sent))
    return frame.payload


def chunks(text: str, id_: int) -> list[bytes]:
    raw = text.encode()
    return [
        chunk(raw[start : start + 50], id_=id_, seq=start // 50) for start in range(0, len(raw), 50)
    ]


def texts(found: list[Text]) -> list[str]:
    return [each.text for each in found]


def test_a_short_text_is_whole_at_once() -> None:
    assert TextJoiner().take(1, chunk("Armed", severity=6), 77) == [Text(1, 77, 6, "Armed")]


def test_chunks_in_order_make_one_text_with_the_time_of_the_first() -> None:
    joiner = TextJoiner()
    found = [
        text for n, each in enumerate(chunks(LONG, 3)) for text in joiner.take(1, each, 100 + n)
    ]
    assert found == [Text(1, 100, 4, LONG)]
    assert joiner.finish() == []


def test_chunks_in_any_order_make_one_text() -> None:
    for seed in range(6):
        joiner = TextJoiner()
        shuffled = chunks(LONG, 3)
        random.Random(seed).shuffle(shuffled)
        assert texts([text for each in shuffled for text in joiner.take(1, each, 0)]) == [LONG]


def test_a_lost_chunk_leaves_a_mark_after_two_seconds() -> None:
    joiner = TextJoiner()
    first, _, *_ = chunks("a" * 50 + "b" * 50 + "end", 9)
    last = chunk("end", id_=9, seq=2)
    assert joiner.take(1, first, 0) == joiner.take(1, last, SECOND) == []
    assert joiner.expire(2 * SECOND) == []
    assert texts(joiner.expire(2 * SECOND + 1)) == ["a" * 50 + "[...]" + "end"]
    assert joiner.expire(9 * SECOND) == []


def test_a_text_that_fills_its_last_chunk_comes_when_no_further_one_does() -> None:
    joiner = TextJoiner()
    assert [text for each in chunks("c" * 100, 2) for text in joiner.take(1, each, 0)] == []
    assert texts(joiner.take(1, chunk("next"), 3 * SECOND)) == ["c" * 100, "next"]


def test_components_that_speak_at_once_are_kept_apart() -> None:
    joiner = TextJoiner()
    found = []
    for ours, theirs in zip(chunks(LONG, 1), chunks(LONG.upper(), 1), strict=True):
        found += joiner.take(1, ours, 0) + joiner.take(100, theirs, 0)
    assert [(each.component, each.text) for each in found] == [(1, LONG), (100, LONG.upper())]


def test_the_next_text_of_a_component_ends_the_one_before() -> None:
    joiner = TextJoiner()
    joiner.take(1, chunks(LONG, 1)[0], 0)
    assert texts(joiner.take(1, chunk("short"), 1)) == [LONG[:50], "short"]


def test_a_text_that_a_reboot_cut_off_is_given_as_far_as_it_came() -> None:
    joiner = TextJoiner()
    joiner.take(1, chunks(LONG, 1)[0], 100 * SECOND)
    assert texts(joiner.take(1, chunk("ArduCopter V4.7"), 101 * SECOND)) == [
        LONG[:50],
        "ArduCopter V4.7",
    ]


def test_a_receipt_clock_that_goes_back_holds_nothing_for_ever() -> None:
    joiner = TextJoiner()
    joiner.take(1, chunks(LONG, 1)[0], 100 * SECOND)
    assert texts(joiner.expire(99 * SECOND)) == [LONG[:50]]


def test_the_end_gives_what_is_left() -> None:
    joiner = TextJoiner()
    joiner.take(1, chunks(LONG, 1)[0], 0)
    joiner.take(2, chunks(LONG, 1)[0], 0)
    assert len(joiner.finish()) == 2
    assert joiner.finish() == []


def test_px4s_tab_and_trailing_space_are_left_off() -> None:
    assert texts(TextJoiner().take(1, chunk("Landing detected\t"), 0)) == ["Landing detected"]


def test_bytes_that_are_no_utf8_are_shown_escaped() -> None:
    assert texts(TextJoiner().take(1, chunk(b"temp 20\xb0C"), 0)) == ["temp 20\\xb0C"]


def test_a_letter_that_two_chunks_share_stays_whole() -> None:
    text = "x" * 49 + "ü and the rest"
    joiner = TextJoiner()
    assert texts([t for each in chunks(text, 4) for t in joiner.take(1, each, 0)]) == [text]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.binary(max_size=50),
            st.integers(0, 3),
            st.integers(0, 255),
            st.integers(-(10**7), 10**7),
        )
    )
)
def test_any_chunks_at_any_times_give_each_text_once_and_leave_nothing(
    said: list[tuple[int, bytes, int, int, int]],
) -> None:
    joiner = TextJoiner()
    found = []
    for component, raw, id_, seq, receipt_us in said:
        found += joiner.take(component, chunk(raw, id_=id_, seq=seq, severity=seq), receipt_us)
    found += joiner.finish()
    assert len(found) <= len(said)
    assert len(found) >= sum(id_ == 0 for _, _, id_, _, _ in said)
    assert all(0 <= text.severity <= 7 for text in found)
    assert joiner.finish() == []
