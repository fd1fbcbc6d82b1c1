"""Collects samples and events until they are worth a frame."""

from collections.abc import Iterable

from aerostream_contract.columns import Cell
from aerostream_contract.frame import Section, SeriesRows
from aerostream_contract.frame.limits import MAX_BLOCKS

from aerostream_edge.mapping import Sample
from aerostream_edge.timeline import SectionKey, Shift

#: Rows of one block in a frame, and blocks of one; well below what a decoder accepts.
_MAX_ROWS, _MAX_SERIES = 2000, MAX_BLOCKS // 2


class Batch:
    """Samples of one vehicle on their way into one frame.

    Args:
        max_cells: how many values make the batch full.
    """

    def __init__(self, max_cells: int) -> None:
        self._max_cells = max_cells
        self._sections: dict[SectionKey, dict[tuple[str, str], SeriesRows]] = {}
        self.cells = 0
        self.samples = 0
        self._longest = self._series = 0

    def add(self, key: SectionKey, time_us: int, sample: Sample) -> None:
        """Add a sample at its time in the section's clock."""
        section = self._sections.get(key)
        if section is None:
            section = self._sections[key] = {}
        name = (sample.channel.name, sample.instance)
        series = section.get(name)
        if series is None:
            series = section[name] = SeriesRows(sample.channel, sample.instance)
            self._series += 1
        row: tuple[int, list[Cell]] = (time_us, list(sample.cells))
        series.rows.append(row)
        self.samples += 1
        self.cells += len(sample.cells) + 1
        self._longest = max(self._longest, len(series.rows))

    @property
    def full(self) -> bool:
        """Whether the next sample should go into another frame."""
        return (
            self.cells >= self._max_cells
            or self._longest >= _MAX_ROWS
            or self._series >= _MAX_SERIES
        )

    def restamp(self, shifts: Iterable[Shift]) -> None:
        """Move sections whose offset was a guess."""
        moved = {(shift.component, shift.boot, shift.clock): shift.by_us for shift in shifts}
        self._sections = {
            key._replace(offset_us=key.offset_us + moved.get(key[:3], 0)): section
            for key, section in self._sections.items()
        }

    def take(self) -> list[Section]:
        """All that was collected; the batch is empty again."""
        sections = [
            Section(key.component, key.boot, key.clock, key.offset_us, list(series.values()))
            for key, series in self._sections.items()
        ]
        self._sections = {}
        self.cells = self.samples = self._longest = self._series = 0
        return sections
