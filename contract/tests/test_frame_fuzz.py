"""A million random and mutated byte strings: no crash, no hang, only FrameError."""

import random
import time
import zlib
from collections import Counter
from collections.abc import Callable
from math import isfinite

import pytest
from aerostream_contract.errors import FrameError
from aerostream_contract.frame import DecodedFrame, decode_frame, encode_frame
from aerostream_contract.frame.limits import MAX_FRAMES
from aerostream_contract.frame_pb2 import Body, Frame
from aerostream_contract.ranges import RangeSet
from aerostream_contract.times import EARLIEST_US, LATEST_US
from support.frames import random_sections

PARTS = 8
INPUTS = 1_000_000 // PARTS
#: Far above what a small frame costs, low enough to notice a hang.
LONGEST_S = 1.0

#: Integers that break arithmetic, as varints.
_EDGES = [
    b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\x00",
    b"\x01",
]

Mutation = Callable[[random.Random, bytes], bytes]


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_frames_are_decoded_whole_or_refused(part: int) -> None:
    rnd = random.Random(part)
    frames = [_small_frame(rnd, number) for number in range(200)]
    bodies = [_body(frame) for frame in frames]
    frames += [_with_others(rnd, frame) for frame in frames[:50]]
    mutations: list[Mutation] = [_bits, _bytes, _cut, _inserted, _edge, _spliced(frames)]
    outcomes: Counter[str] = Counter()

    for index in range(INPUTS):
        choice = index % 10
        if choice == 0:
            payload = rnd.randbytes(rnd.randrange(60))
        elif choice < 7:
            payload = rnd.choice(mutations)(rnd, rnd.choice(frames))
        else:
            # Past the outer message: a mutated body in a good frame, deflated or not.
            body = rnd.choice(mutations[:5])(rnd, rnd.choice(bodies))
            payload = _framed(body, deflated=choice == 7)
        outcomes[_outcome(payload)] += 1

    assert outcomes.total() == INPUTS
    # The mutations reach all the depths: refused frames, refused blocks, and frames that stand.
    assert all(outcomes[kind] > INPUTS / 100 for kind in ("refused", "problems", "decoded"))


def _outcome(payload: bytes) -> str:
    start = time.thread_time()
    decoded, refusal = _decoded(payload)
    assert time.thread_time() - start < LONGEST_S, payload.hex()
    if decoded is None:
        assert 0 < len(refusal) < 500
        return "refused"
    _check(decoded)
    return "problems" if decoded.problems else "decoded"


def _decoded(payload: bytes) -> tuple[DecodedFrame | None, str]:
    try:
        return decode_frame(payload), ""
    except FrameError as error:
        return None, str(error)


def _check(decoded: DecodedFrame) -> None:
    """What was decoded can be stored: whole rows, times of a calendar, numbers of 64 bits."""
    ends = [end for ends in decoded.numbers for end in ends]
    assert ends == sorted(ends)
    assert ends[-1] == decoded.number
    assert len(RangeSet(decoded.numbers)) <= MAX_FRAMES
    for block in decoded.blocks:
        rows = len(block.times)
        assert rows
        assert min(block.times) >= EARLIEST_US
        assert max(block.times) <= LATEST_US
        assert len(block.columns) == len(block.channel.fields)
        assert block.source
        for column in block.columns:
            assert len(column) == rows
            for value in column:
                if type(value) is int:
                    assert -(1 << 63) <= value < 1 << 64
                elif type(value) is float:
                    assert isfinite(value)
                else:
                    assert value is None or type(value) is str


def _small_frame(rnd: random.Random, number: int) -> bytes:
    while True:
        events = [b'{"kind":"mode"}'] if rnd.random() < 0.1 else []
        payload = encode_frame(1 + rnd.getrandbits(30), number, random_sections(rnd), events)
        if len(payload) < 400:
            return payload


def _with_others(rnd: random.Random, payload: bytes) -> bytes:
    """The frame as one of several that were merged."""
    frame = Frame.FromString(payload)
    ends = sorted(rnd.sample(range(300), 2 * rnd.randrange(1, 4) + 1))
    frame.others.extend(ends[:-1])
    frame.number = ends[-1]
    return frame.SerializeToString()


def _body(payload: bytes) -> bytes:
    frame = Frame.FromString(payload)
    if frame.deflated:
        return zlib.decompress(frame.deflated, -15)
    return frame.body.SerializeToString()


def _framed(body: bytes, *, deflated: bool) -> bytes:
    if deflated:
        compressor = zlib.compressobj(1, zlib.DEFLATED, -15)
        content = b"\x2a", compressor.compress(body) + compressor.flush()
    else:
        content = b"\x22", body
    tag, data = content
    length = len(data)
    return b"\x08\x01\x10\x07\x18\x2a" + tag + bytes([length & 127 | 128, length >> 7]) + data


def _bits(rnd: random.Random, payload: bytes) -> bytes:
    mutated = bytearray(payload)
    for _ in range(rnd.randrange(1, 4)):
        mutated[rnd.randrange(len(mutated))] ^= 1 << rnd.randrange(8)
    return bytes(mutated)


def _bytes(rnd: random.Random, payload: bytes) -> bytes:
    mutated = bytearray(payload)
    for _ in range(rnd.randrange(1, 4)):
        mutated[rnd.randrange(len(mutated))] = rnd.randrange(256)
    return bytes(mutated)


def _cut(rnd: random.Random, payload: bytes) -> bytes:
    start = rnd.randrange(len(payload))
    if rnd.random() < 0.5:
        return payload[:start]
    return payload[:start] + payload[start + rnd.randrange(1, 9) :]


def _inserted(rnd: random.Random, payload: bytes) -> bytes:
    start = rnd.randrange(len(payload))
    return payload[:start] + rnd.randbytes(rnd.randrange(1, 9)) + payload[start:]


def _edge(rnd: random.Random, payload: bytes) -> bytes:
    start = rnd.randrange(len(payload))
    return payload[:start] + rnd.choice(_EDGES) + payload[start + 1 :]


def _spliced(frames: list[bytes]) -> Mutation:
    def splice(rnd: random.Random, payload: bytes) -> bytes:
        other = rnd.choice(frames)
        return payload[: rnd.randrange(len(payload))] + other[rnd.randrange(len(other)) :]

    return splice


def test_the_parts_of_the_fuzz_test_make_a_million() -> None:
    assert PARTS * INPUTS == 1_000_000
    assert Body.FromString(_body(_small_frame(random.Random(1), 1))).sections
