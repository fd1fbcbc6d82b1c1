"""Small payloads that ask for much: `python -m support.frame_bombs NAME` says what one costs."""

import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from aerostream_contract.errors import FrameError
from aerostream_contract.frame import MAX_BODY_BYTES, MAX_FRAME_BYTES, decode_frame
from aerostream_contract.frame_pb2 import Block, Body, Frame

_ALMOST = MAX_BODY_BYTES - 64


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


def _blocks(block: Block, count: int) -> bytes:
    body = Body()
    body.sections.add(component=1).blocks.extend([block] * count)
    return _frame(body.SerializeToString())


def _many_texts() -> bytes:
    # Every cell points to one long text.
    rows = 4000
    block = Block(channel=80, instance="statustext", rows=rows, tick_us=1, layout=b"\x21\x02")
    block.values.extend([0] * rows + [1, 0])
    block.texts.append("x" * 500_000)
    return _blocks(block, 1)


def _constant(fields: int, message: int) -> Block:
    block = Block(message=message, rows=4096, tick_us=1, layout=b"\x22" * ((fields + 1) // 2))
    block.values.extend([0] * 4096 + [2] * (fields + fields % 2))
    return block


#: Makers of payloads, by name.
BOMBS: dict[str, Callable[[], bytes]] = {
    "empty sections": lambda: _frame(b"\x0a\x00" * (_ALMOST // 2)),
    "empty blocks": lambda: _frame(_field(0x0A, b"\x2a\x00" * (_ALMOST // 2))),
    "empty events": lambda: _frame(b"\x12\x00" * (_ALMOST // 2)),
    "empty texts": lambda: _frame(
        _field(0x0A, _field(0x2A, b"\x08\x01\x20\x01\x28\x01" + b"\x42\x00" * (_ALMOST // 2 - 16)))
    ),
    "many integers": lambda: _frame(
        _field(
            0x0A,
            _field(
                0x2A, b"\x08\x01\x20\x01\x28\x01" + _field(0x3A, b"\xff\x7f" * (_ALMOST // 2 - 20))
            ),
        )
    ),
    "long layout": lambda: _blocks(
        Block(channel=1, rows=1, tick_us=1, layout=bytes(500_000), values=[0]), 2
    ),
    "unknown fields": lambda: _frame(b"\x78\x00" * (_ALMOST // 2)),
    "inflated nothing": lambda: _frame(bytes(100_000_000)),
    "constant columns": lambda: _blocks(_constant(6, 30), 17),
    "constant columns beyond the limit": lambda: _blocks(_constant(6, 30), 100),
    "different floats": lambda: _blocks(
        Block(channel=2, rows=4096, tick_us=1, layout=b"\x44" * 4, values=[1] * 4104), 15
    ),
    "columns of null": lambda: _blocks(
        Block(channel=2, rows=4096, tick_us=1, layout=bytes(4), values=[0] * 4096), 100
    ),
    "rows without end": lambda: _blocks(
        Block(channel=2, rows=(1 << 32) - 1, tick_us=1, layout=bytes(4), values=[0]), 100
    ),
    "small bad blocks": lambda: _blocks(Block(channel=2, rows=1, instance="z" * 64), 10_000),
    "long instance": lambda: _blocks(
        Block(channel=2, rows=1, tick_us=1, instance="z" * 400_000, values=[0]), 2
    ),
    "repeated text": _many_texts,
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
