"""Many frames as one: what waits on the vehicle travels together, and is smaller so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aerostream_contract.channels import Channel
from aerostream_contract.columns import DOUBLE, Cell, CellReader, encodings
from aerostream_contract.errors import ContractError, FrameError
from aerostream_contract.frame.decoding import blocks_of, channel_of, decode_section, decoded_block
from aerostream_contract.frame.encoding import add_section
from aerostream_contract.frame.envelope import parsed_body, parsed_frame, sealed
from aerostream_contract.frame.limits import (
    MAX_BLOCKS,
    MAX_EVENTS,
    MAX_FRAMES,
    MAX_ROWS,
    Allowance,
    LimitError,
    check_count,
)
from aerostream_contract.frame.numbers import numbers_of
from aerostream_contract.frame.samples import Clock, DecodedFrame, Section, SeriesRows
from aerostream_contract.frame_pb2 import Body, Frame
from aerostream_contract.frame_pb2 import Section as WireSection
from aerostream_contract.ranges import RangeSet

_CLOCKS = frozenset(map(int, Clock))


def merge_frames(payloads: Sequence[bytes]) -> bytes:
    """One frame with the content and the numbers of several of one epoch, merged ones among them.

    It decodes to the same rows of each series, to the same events and to the same problems. Its
    own number is the highest one. Moving its times does the same as moving those of its parts.

    Args:
        payloads: at least one, in any order.

    Raises:
        FrameError: one of them is no frame, epochs differ, a number occurs twice, or the result
            would break a limit: then fewer may do.
    """
    frames = sorted(map(parsed_frame, payloads), key=lambda frame: frame.number)
    epochs = {frame.epoch for frame in frames}
    if len(epochs) != 1:
        raise FrameError(f"frames of {len(epochs)} epochs, expected those of one")
    merged = Frame(
        schema=max(frame.schema for frame in frames),
        epoch=frames[0].epoch,
        number=frames[-1].number,
        others=_others(frames),
    )
    content = _Content()
    for frame in frames:
        content.take(frame)
    return sealed(merged, content.body())


def _others(frames: Sequence[Frame]) -> Iterator[int]:
    """First and last of each range of numbers but the highest."""
    ranges = [numbers for frame in frames for numbers in numbers_of(frame)]
    numbers = RangeSet(ranges)
    if len(numbers) != sum(last - first + 1 for first, last in ranges):
        raise FrameError(f"a number occurs twice in {len(frames)} frames")
    check_count("frames in it", len(numbers), MAX_FRAMES)
    highest = frames[-1].number
    for first, last in numbers:
        end = last - (last == highest)
        if first <= end:
            yield from (first, end)


class _Run(NamedTuple):
    """The rows of one block."""

    channel: Channel
    instance: str
    doubles: tuple[int, ...]
    """Columns with floats instead of steps. They stay apart: beside a float, steps become floats
    as well, and large ones would change."""
    rows: list[tuple[int, Sequence[Cell]]]
    """With times in UTC, µs."""


@dataclass(slots=True)
class _Content:
    """What the parts hold, series by series."""

    events: list[bytes] = field(default_factory=list)
    series: dict[tuple[int, int, int], dict[object, list[SeriesRows]]] = field(default_factory=dict)
    """By component, boot and clock."""
    kept: list[tuple[int, WireSection]] = field(default_factory=list)
    """Offsets in µs, and sections with anything in them that is not understood."""

    def take(self, frame: Frame) -> None:
        """Add the content of a part."""
        body = parsed_body(frame)
        self.events += body.events
        allowance = Allowance()
        offset_us = 0
        for section in body.sections:
            offset_us += section.offset_us
            try:
                runs = _runs(section, offset_us, allowance)
            except LimitError:
                raise
            except ContractError:
                self.kept.append((offset_us, section))
                continue
            key = (section.component, section.boot, int(section.clock))
            for run in runs:
                self._add(self.series.setdefault(key, {}), run)

    def body(self) -> Body:
        """All of it as the body of one frame."""
        check_count("events", len(self.events), MAX_EVENTS)
        check_count("sections", len(self.series) + len(self.kept), MAX_BLOCKS)
        allowance = Allowance()
        offset_us = 0
        try:
            body = Body(events=self.events)
            for (component, boot, clock), series in self.series.items():
                blocks = [block for blocks in series.values() for block in blocks]
                section = Section(component, boot, Clock(clock), 0, blocks)
                offset_us = add_section(body, section, offset_us, allowance)
            for kept_us, kept in self.kept:
                _count(kept, kept_us, allowance)
                kept.offset_us = kept_us - offset_us
                body.sections.append(kept)
                offset_us = kept_us
        except FrameError:
            raise
        except ValueError as error:  # protobuf's, where a value does not fit its type
            raise FrameError(f"the frames cannot be one: {error}") from error
        return body

    def _add(self, series: dict[object, list[SeriesRows]], run: _Run) -> None:
        # Channels are told apart by name, which is quicker than by all of their fields.
        blocks = series.setdefault((run.channel.name, run.instance, run.doubles), [])
        if not blocks or len(blocks[-1].rows) + len(run.rows) > MAX_ROWS:
            blocks.append(SeriesRows(run.channel, run.instance))
        blocks[-1].rows.extend(run.rows)


def _runs(section: WireSection, offset_us: int, allowance: Allowance) -> list[_Run]:
    """The blocks of a section.

    Raises:
        ContractError: one of them is not understood completely.
    """
    if int(section.clock) not in _CLOCKS:
        raise FrameError(f"section has the unknown clock {section.clock}")
    allowance.take_blocks(len(section.series))
    texts = section.texts[:]
    runs = []
    for block in blocks_of(section):
        channel = channel_of(block.entry)
        fields, kinds = channel.fields, encodings(block.layout)
        allowance.take_cells(block.rows * max(len(fields), len(kinds)))
        # Decoded too, because what decoding refuses must not spoil the rows of other parts.
        times = decoded_block(block, channel, section.component, offset_us, texts).times
        if any(kinds[len(fields) :]):
            raise FrameError(f"block of {channel.name} has columns of a newer schema")
        reader = CellReader(block.values, texts, block.rows, block.tick_us)
        columns = reader.columns(fields, kinds)
        columns += [[None] * block.rows for _ in fields[len(kinds) :]]
        doubles = [place for place, kind in enumerate(kinds) if kind == DOUBLE]
        rows: list[tuple[int, Sequence[Cell]]] = list(
            zip(times, zip(*columns, strict=True), strict=True)
        )
        runs.append(_Run(channel, block.instance, tuple(doubles), rows))
    return runs


def _count(section: WireSection, offset_us: int, allowance: Allowance) -> None:
    """Take from the allowance what decoding a section will take from it."""
    allowance.take_blocks(len(section.series))
    decode_section(section, offset_us, allowance, DecodedFrame(0, 0, 0, [], [], [], []))
