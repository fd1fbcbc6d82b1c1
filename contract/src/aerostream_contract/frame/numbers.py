"""Which frames a payload holds the content of: one, or many that were merged."""

from aerostream_contract.errors import FrameError
from aerostream_contract.frame.envelope import parsed_frame
from aerostream_contract.frame.limits import MAX_FRAMES
from aerostream_contract.frame_pb2 import Frame


def frame_numbers(payload: bytes) -> tuple[int, list[tuple[int, int]]]:
    """Epoch of a frame and the ranges of all numbers in it, its body left alone.

    Raises:
        FrameError: the bytes are not a frame, or its numbers are not in order.
    """
    frame = parsed_frame(payload)
    return frame.epoch, numbers_of(frame)


def numbers_of(frame: Frame) -> list[tuple[int, int]]:
    """Ranges of numbers, first and last of each; rising, the frame's own number at the end.

    Raises:
        FrameError: they do not rise, or are too many.
    """
    number, others = frame.number, frame.others[:]
    if not others:
        return [(number, number)]
    if len(others) > 2 * MAX_FRAMES or len(others) % 2:
        raise FrameError(f"frame {number} has {len(others)} ends of ranges of other numbers")
    ranges = list(zip(others[0::2], others[1::2], strict=True))
    count, end = 1, -1
    for first, last in ranges:
        if not end < first <= last < number:
            raise FrameError(f"frame {number} names {first}…{last} out of order")
        count, end = count + last - first + 1, last
    if count > MAX_FRAMES:
        raise FrameError(f"frame {number} is {count} frames, expected at most {MAX_FRAMES}")
    start = ranges.pop()[0] if end == number - 1 else number
    return [*ranges, (start, number)]
