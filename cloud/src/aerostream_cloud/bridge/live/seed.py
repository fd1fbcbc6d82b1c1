"""What is known without the broker: the registry's drones, and where the store saw them last."""

import asyncio
import time

from aerostream_contract.channels import channel_named
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.errors import CloudError
from aerostream_cloud.registry import RegistryReader
from aerostream_cloud.store import Sample, Selection, TelemetryStore

INTERVAL_S = 10.0
"""How often the registry is read again: drones may come that only the store knows."""
PATIENCE_S = 5.0
"""How long somebody who asks for an unknown drone just after the start is kept waiting."""
CHANNELS = (
    "heartbeat",
    "position",
    "attitude",
    "vfr",
    "gps",
    "system",
    "battery",
    "landed",
    "mission",
    "home",
    "wind",
    "ekf",
    "estimator",
    "radio",
    "link",
)
"""What a panel shows of a drone that is not there."""

_FEW = 50
_FRUITLESS_READS = 30
_AT_ONCE = 1000


class Seeder:
    """Fills the fleet from registry and store; what came live stands.

    Args:
        fleet: takes it.
        reader: reads the store.
        registry: which drones there are.
        log: for what happens; each trouble is said once.
        interval_s: see `INTERVAL_S`.
    """

    def __init__(
        self,
        *,
        fleet: Fleet,
        reader: StoreReader,
        registry: RegistryReader,
        log: FilteringBoundLogger,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._fleet = fleet
        self._reader = reader
        self._registry = registry
        self._log = log
        self._interval_s = interval_s
        self._registry_read = asyncio.Event()
        self._unsettled: dict[str, int] = {}
        """Drones to read the store for, and how many more times where nothing is new."""
        self._said = ""

    async def run(self) -> None:
        """Read again and again until cancelled."""
        while True:
            try:
                await self.read()
            except CloudError as error:
                if str(error) != self._said:
                    self._said = str(error)
                    self._log.warning("cannot read what is stored of drones", reason=self._said)
            else:
                self._said = ""
            await asyncio.sleep(self._interval_s)

    async def read(self) -> None:
        """Read the registry, and the store for drones that are new or still being imported.

        Raises:
            CloudError: one of them cannot be read.
        """
        rows = await asyncio.to_thread(self._registry.drones)
        new = self._fleet.register(rows, now_us=time.time_ns() // 1000)
        self._registry_read.set()
        self._unsettled.update(dict.fromkeys(new, _FRUITLESS_READS))
        if not self._unsettled:
            return
        unsettled = frozenset(self._unsettled)
        samples = await self._reader.run(lambda store: _newest(store, unsettled))
        changed: set[str] = set()
        for start in range(0, len(samples), _AT_ONCE):
            for sample in samples[start : start + _AT_ONCE]:
                if self._take(sample):
                    changed.add(sample.series.drone)
            await asyncio.sleep(0)  # others have their turn
        self._settle(changed)

    async def wait(self) -> None:
        """Wait until the registry was read, or for so long that one need not wait more."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._registry_read.wait()
        except TimeoutError:
            pass

    def _settle(self, changed: set[str]) -> None:
        """Go on with drones that moved, and for a while with all that were not heard live.

        A drone is registered just before its first samples are stored, and an import may pause.
        """
        left = {}
        for drone, reads in self._unsettled.items():
            if drone in changed:
                left[drone] = _FRUITLESS_READS
            elif reads > 1 and not self._fleet.was_heard(drone):
                left[drone] = reads - 1
        self._unsettled = left

    def _take(self, sample: Sample) -> bool:
        series = sample.series
        channel = channel_named(series.channel)
        return self._fleet.seed(
            series.drone,
            channel,
            series.component,
            series.instance,
            sample.time_us,
            [sample.values.get(name) for name in channel.field_names],
        )


def _newest(store: TelemetryStore, drones: frozenset[str]) -> list[Sample]:
    """The newest samples of drones; runs in a thread."""
    if len(drones) <= _FEW:
        return [
            sample
            for drone in sorted(drones)
            for channel in CHANNELS
            for sample in store.latest(Selection(channel=channel, drone=drone))
        ]
    return [
        sample
        for channel in CHANNELS
        for sample in store.latest(Selection(channel=channel))
        if sample.series.drone in drones
    ]
