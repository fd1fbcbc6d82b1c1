"""What a person sees of an import while it runs."""

import sys

from aerostream_contract.words import counted
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from aerostream_edge.importer import FileReport
from aerostream_edge.importer import Progress as ImportProgress


class ImportDisplay:
    """A progress bar on a terminal, plain sentences elsewhere; all on standard error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TextColumn("{task.fields[waiting]} waiting"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not sys.stderr.isatty(),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "ImportDisplay":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, progress: ImportProgress) -> None:
        """Show how far it is."""
        name = progress.file.name
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(name, total=progress.size, waiting="")
        self._bar.update(
            self._tasks[name],
            completed=progress.position,
            waiting=counted(progress.waiting, "frame"),
        )

    def say(self, sentence: str) -> None:
        """Say something that a person should know."""
        self._console.print(sentence, style="yellow", highlight=False, markup=False)

    def report(self, report: FileReport) -> None:
        """Print what became of a file, on standard output."""
        dropped = sum(vehicle.dropped for vehicle in report.vehicles)
        lines = [
            f"{report.file.name}: {counted(report.frames, 'frame')}, "
            f"{counted(report.bad_bytes, 'other byte')}, "
            f"{counted(report.samples - dropped, 'sample')} stored"
            + (f", {dropped} given up" if dropped else "")
        ]
        lines += [
            f"  system {vehicle.sysid} is {vehicle.drone}: "
            f"{counted(vehicle.mapped.total(), 'message')} mapped, "
            f"{vehicle.unmapped.total()} of other protocols"
            for vehicle in report.vehicles
        ]
        sys.stdout.write("\n".join(lines) + "\n")
