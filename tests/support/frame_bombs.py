"""Small payloads that ask for much: `python -m support.frame_bombs NAME` says what one costs."""

import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from aerostream_contract.errors import FrameError
from aerostream_contract.frame import decode_frame
from aerostream_contract.frame.limits import MAX_BODY_BYTES, MAX_FRAME_BYTES
from aerostream_contract.frame_pb2 import Body, Frame, Section

from support.blocks import Block, section_of

_ALMOST = MAX_BODY_BYTES - 64

# Tags of Body and Section, each of a field with a length.
_SECTION, _EVENT = 0x0A, 0x12
_SERIES, _ROWS, _TICK_US, _LAYOUT_SIZES, _VALUES, _VALUE_COUNTS = 0x2A, 0x32, 0x3A, 0x4A, 0x52, 0x5A
_INSTANCE, _TEXT = 0x62, 0x6A

_GREATEST_32 = b"\xff\xff\xff\xff\x0f"


def _frame(body: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = compressor.compress(body) + compressor.flush()
    return Frame(schema=1, epoch=1, number=1, deflated=deflated).SerializeToString()


def _field(tag: int, content: bytes) -> bytes:
    length = len(content)
    varint = b""
    while length > 127:
        varint += bytes([length & 127 | 128])
        length >>= 7
    return bytes([tag]) + varint + bytes([length]) + content


def _empty(tag: int) -> bytes:
    """As many empty strings or messages as a body has room for."""
    return bytes([tag, 0]) * (_ALMOST // 2)


def _section(*fields: bytes) -> bytes:
    return _frame(_field(_SECTION, b"".join(fields)))


def _blocks(block: Block, count: int, texts: Sequence[str] = ()) -> bytes:
    return _frame(Body(sections=[section_of(*[block] * count, texts=texts)]).SerializeToString())


def _many_integers(integer: bytes) -> bytes:
    # One block that has them all, in a section that is sound.
    count = (_ALMOST - 64) // len(integer)
    section = Section(series=[4], rows=[1], layout_sizes=[0], value_counts=[count - 1])
    return _section(section.SerializeToString(), _field(_VALUES, integer * count))


def _repeated_text(blocks: int) -> bytes:
    # Every cell points to one long text.
    rows = 4000
    block = Block(
        channel=80,
        instance="statustext",
        rows=rows,
        layout=b"\x21\x02",
        values=[0] * rows + [1, 0],
    )
    return _blocks(block, blocks, ["x" * 500_000])


def _different_texts() -> bytes:
    # Few enough that deflate still finds the last time that they came.
    letters = range(0x30, 0x7F)
    texts = b"".join(bytes([_TEXT, 2, first, second]) for first in letters for second in letters)
    return _section(texts * (_ALMOST // len(texts)))


def _constant(fields: int, message: int) -> Block:
    return Block(
        message=message,
        rows=4096,
        layout=b"\x22" * ((fields + 1) // 2),
        values=[0] * 4096 + [2] * (fields + fields % 2),
    )


def _sections_of_long_rows() -> bytes:
    section = Section(
        series=[8] * 6,
        rows=[(1 << 32) - 1] * 6,
        layout_sizes=[0] * 6,
        value_counts=[(1 << 32) - 1] * 6,
    )
    return _frame(Body(sections=[section] * 300).SerializeToString())


#: Makers of payloads, by name.
BOMBS: dict[str, Callable[[], bytes]] = {
    "empty sections": lambda: _frame(_empty(_SECTION)),
    "empty events": lambda: _frame(_empty(_EVENT)),
    "empty texts": lambda: _section(_empty(_TEXT)),
    "different texts": _different_texts,
    "empty instances": lambda: _section(_empty(_INSTANCE)),
    "a million blocks": lambda: _section(_field(_SERIES, bytes(1_000_000))),
    "a million rows": lambda: _section(_field(_ROWS, bytes(1_000_000))),
    "a million ticks": lambda: _section(_field(_TICK_US, bytes(1_000_000))),
    "a million sizes": lambda: _section(_field(_LAYOUT_SIZES, bytes(1_000_000))),
    "greatest sizes": lambda: _section(_field(_LAYOUT_SIZES, _GREATEST_32 * 200_000)),
    "greatest counts": lambda: _section(_field(_VALUE_COUNTS, _GREATEST_32 * 200_000)),
    "greatest rows": lambda: _section(_field(_ROWS, _GREATEST_32 * 200_000)),
    "greatest rows in many sections": _sections_of_long_rows,
    "many integers": lambda: _many_integers(b"\xff\x7f"),
    "many long integers": lambda: _many_integers(b"\xff" * 9 + b"\x01"),
    "many integers of no block": lambda: _section(_field(_VALUES, b"\xff\x7f" * (_ALMOST // 2))),
    "long layout": lambda: _blocks(Block(channel=1, rows=1, layout=bytes(500_000), values=[0]), 2),
    "unknown fields": lambda: _frame(b"\x78\x00" * (_ALMOST // 2)),
    "inflated nothing": lambda: _frame(bytes(100_000_000)),
    "constant columns": lambda: _blocks(_constant(6, 30), 17),
    "constant columns beyond the limit": lambda: _blocks(_constant(6, 30), 100),
    "different floats": lambda: _blocks(
        Block(channel=2, rows=4096, layout=b"\x44" * 4, values=[1] * 4104), 15
    ),
    "columns of null": lambda: _blocks(
        Block(channel=2, rows=4096, layout=bytes(4), values=[0] * 4096), 100
    ),
    "no columns": lambda: _blocks(Block(channel=2, rows=250, values=[0] * 250), 2000),
    "rows without end": lambda: _blocks(
        Block(channel=2, rows=(1 << 32) - 1, layout=bytes(4), values=[0]), 100
    ),
    "small bad blocks": lambda: _blocks(Block(channel=2, rows=1, instance="z" * 64), 10_000),
    "bad blocks with a problem each": lambda: _blocks(
        Block(channel=2, rows=1, instance="z" * 64, values=[0]), 2000
    ),
    "long instance": lambda: _blocks(
        Block(channel=2, rows=1, instance="z" * 400_000, values=[0]), 2
    ),
    "repeated text": lambda: _repeated_text(1),
    "text repeated by many blocks": lambda: _repeated_text(40),
    "random noise": lambda: bytes(range(256)) * (MAX_FRAME_BYTES // 256),
}


def main() -> None:
    """Decode one bomb, and print the outcome, seconds and megabytes that it took at most."""
    payload = BOMBS[sys.argv[1]]()
    assert len(payload) <= MAX_FRAME_BYTES, len(payload)
    Path("/proc/self/clear_refs").write_text("5")  # forget what making the payload took
    before = _peak_kb()
    start = time.process_time()
    try:
        decode_frame(payload)
        outcome = "decoded"
    except FrameError:
        outcome = "FrameError"
    seconds = time.process_time() - start
    sys.stdout.write(f"{outcome} {seconds:.3f} {(_peak_kb() - before) / 1024:.1f}\n")


def _peak_kb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main()
