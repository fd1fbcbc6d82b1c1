"""Says what a frame costs: bytes and decoding time per sample, beside JSON and MessagePack.

The samples are a 20-field channel at 5 Hz that wanders by up to 50 steps, with a fixed seed.
"""

import random
import time
from collections.abc import Callable

import msgspec
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import Clock, Section, SeriesRows, decode_frame, encode_frame

_REPEATS = 5
_LEAST_S = 0.2


def main() -> None:
    """Print one line per batch size and encoding."""
    print(f"{'rows':>5} {'encoding':<20} {'bytes/sample':>12} {'µs/sample':>10} {'µs':>8}")
    for rows in (1, 5, 50):
        payload = _frame(rows)
        block = decode_frame(payload).blocks[0]
        names = ("time", *block.channel.field_names)
        objects = [dict(zip(names, row, strict=True)) for row in block.rows()]
        json, array = msgspec.json.encode(objects), msgspec.msgpack.encode(list(block.rows()))
        _line(rows, "frame", payload, decode_frame)
        _line(rows, "JSON objects", json, msgspec.json.decode)
        _line(rows, "MessagePack arrays", array, msgspec.msgpack.decode)


def _frame(rows: int) -> bytes:
    rnd = random.Random(1)
    channel = CHANNELS["rc"]
    cells = [rnd.randrange(100_000) for _ in channel.fields]
    series = SeriesRows(channel, "0")
    for row in range(rows):
        cells = [cell + rnd.randrange(-50, 50) for cell in cells]
        series.rows.append((row * 200_000, cells))
    return encode_frame(7, 1, [Section(1, 0, Clock.BOOT, 1_767_225_600_000_000, [series])])


def _line(rows: int, name: str, payload: bytes, decode: Callable[[bytes], object]) -> None:
    cost_us = _cost_us(lambda: decode(payload))
    size = len(payload) / rows
    print(f"{rows:>5} {name:<20} {size:>12.1f} {cost_us / rows:>10.2f} {cost_us:>8.2f}")


def _cost_us(call: Callable[[], object]) -> float:
    """Processor time of one call: the best of some runs, each long enough to be measured."""
    best = float("inf")
    for _ in range(_REPEATS):
        calls, start, spent = 0, time.process_time(), 0.0
        while spent < _LEAST_S:
            for _ in range(500):
                call()
            calls += 500
            spent = time.process_time() - start
        best = min(best, spent / calls)
    return best * 1e6


if __name__ == "__main__":
    main()
