"""The ingest service: settings, parts, one task group."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from aerostream_contract import __version__, models
from aerostream_contract.models import ServiceState, ServiceStatus
from aerostream_contract.times import iso_from_us
from aerostream_contract.topics import DN_ACK, ROOT, drone_topic, service_state_topic

from aerostream_cloud.dead_letter import Kind
from aerostream_cloud.errors import CloudError, RegistryUnavailable, StoreError
from aerostream_cloud.ingest.acks import AckLedger
from aerostream_cloud.ingest.decoding import LEAVES
from aerostream_cloud.ingest.inbox import Inbox
from aerostream_cloud.ingest.metrics import IngestMetrics
from aerostream_cloud.ingest.mirror import EXPIRY_S, Mirror
from aerostream_cloud.ingest.opening import open_pipeline
from aerostream_cloud.ingest.pipeline import Outcome, Pipeline
from aerostream_cloud.ingest.worker import Worker
from aerostream_cloud.logs import service_logger
from aerostream_cloud.mqtt import Broker, Will, tls_context
from aerostream_cloud.settings import CloudSettings
from aerostream_cloud.watching import Parts, WatchServer

BATCH_MESSAGES = 2000
BATCH_BYTES = 1024 * 1024
BATCH_WAIT_S = 0.05
RECEIVE_MAXIMUM = 2 * BATCH_MESSAGES
"""One batch is written while the next one gathers."""
MOST_WAITING_BYTES = 64 * 1024 * 1024
"""Of messages that wait while storing is not possible."""
PATIENCE_S = 5.0
"""A write that takes longer is said to be no answer."""
TICK_S = 0.1
REPORT_INTERVAL_S = 5.0
FIRST_RETRY_S, LONGEST_RETRY_S = 0.2, 5.0
FINISH_TIMEOUT_S = 10.0
"""For all that waits when it is stopped."""
FINISH_PATIENCE_S = 1.0
"""Of it a batch that takes longer is given up with all others: it comes again."""
CHECK_TIMEOUT_S = 3.0
CLOSE_TIMEOUT_S = 1.0

_Result = TypeVar("_Result")


async def run_ingest(settings: CloudSettings, stop: asyncio.Event) -> None:
    """Run the service until `stop` is set.

    Raises:
        CloudError: it cannot start, or the broker refuses it.
        ContractError: a setting is unusable.
    """
    log = service_logger("ingest", settings.instance)
    parts = ExitStack()
    worker = Worker(name="store")
    try:
        await _serve(settings, stop, parts, worker)
    finally:
        if worker.close(CLOSE_TIMEOUT_S):
            parts.close()
        else:
            log.error("gave up on a write that does not end; nothing of it was acknowledged")


async def _serve(
    settings: CloudSettings, stop: asyncio.Event, parts: ExitStack, worker: Worker
) -> None:
    log = service_logger("ingest", settings.instance)
    metrics = IngestMetrics()
    service = IngestService(
        settings=settings,
        open_pipeline=lambda: open_pipeline(settings, parts, clock_us=_utc_us, log=log),
        worker=worker,
        metrics=metrics,
    )
    with ExitStack() as stack:
        if settings.metrics_port:
            stack.callback(_watch_server(settings.metrics_port, metrics, service).close)
        await service.run(stop)


class IngestService:
    """Connects the pipeline to the broker.

    Args:
        settings: broker, fleets, instance, mirror.
        open_pipeline: opens what stores batches; called again until it can.
        worker: its thread opens and runs the pipeline.
        metrics: what is counted.
        patience_s: a write that takes longer is said to be no answer.
    """

    def __init__(
        self,
        *,
        settings: CloudSettings,
        open_pipeline: Callable[[], Pipeline],
        worker: Worker,
        metrics: IngestMetrics,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._open_pipeline = open_pipeline
        self._pipeline: Pipeline | None = None
        self._worker = worker
        self._patience_s = patience_s
        self._metrics = metrics
        self._log = service_logger("ingest", settings.instance)
        self._fleets = list(settings.fleets)
        self._started = iso_from_us(_utc_us())
        self._state_topic = service_state_topic("ingest", settings.instance)
        self._paused = ""
        self._tried = asyncio.Event()
        self._batches = 0
        self._unreported: Counter[Kind] = Counter()
        self._next_report_s = 0.0
        self._acks = AckLedger()
        self._mirror = Mirror(rate=settings.mirror_rate)
        self._inbox = Inbox(
            most_messages=BATCH_MESSAGES,
            most_bytes=BATCH_BYTES,
            longest_wait_s=BATCH_WAIT_S,
            most_waiting=RECEIVE_MAXIMUM,
            most_waiting_bytes=MOST_WAITING_BYTES,
        )
        self._broker = Broker(
            url=settings.broker,
            tls=tls_context(
                settings.broker,
                ca=settings.mqtt_ca,
                certificate=settings.mqtt_cert,
                key=settings.mqtt_key,
            ),
            client_id=f"ingest-{settings.instance}",
            subscriptions=_filters(self._fleets),
            receive=self._inbox.receive,
            log=self._log,
            will=Will(self._state_topic, models.encode(self._state(ServiceStatus.LOST))),
            connected=self._publish_state,
            receive_maximum=RECEIVE_MAXIMUM,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then finish what was received.

        Raises:
            BrokerRefused: the broker does not let us in.
        """
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._store_batches(), name="store batches")
            connection = group.create_task(self._connect(), name="broker")
            ticker = group.create_task(self._tick(), name="acks and mirror")
            await stop.wait()
            self._log.info("stopping")
            ticker.cancel()
            await self._finish(writer)
            connection.cancel()

    async def readiness(self) -> Parts:
        """What does not work of what ingest needs, by part."""
        pipeline = self._pipeline
        return {
            "broker": "" if self._broker.is_connected else "the broker is not connected",
            "store": self._paused or await self._check(),
            "dead letters": pipeline.letters_failure if pipeline is not None else "",
        }

    async def _check(self) -> str:
        """Why nothing could be stored now; a batch that is being written comes first."""
        if self._pipeline is None:
            return "the store is being opened"
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await self._worker.run(self._pipeline.check)
        except TimeoutError:
            return f"the store did not answer within {CHECK_TIMEOUT_S:g} s"
        except (StoreError, RegistryUnavailable) as error:
            return str(error)
        return ""

    async def _connect(self) -> None:
        # The first state that anybody sees is the true one.
        await self._tried.wait()
        await self._broker.run()

    async def _store_batches(self) -> None:
        pipeline = self._pipeline = await self._insist(self._open_pipeline)
        while True:
            taken = await self._inbox.take()
            if not taken.messages:
                return
            started_s = time.perf_counter()
            outcome = await self._insist(lambda: pipeline.process(taken.messages))  # noqa: B023  # awaited at once
            taken.acknowledge()
            self._batches += 1
            self._count(outcome, time.perf_counter() - started_s)
            now_s = time.monotonic()
            for drone, epoch, first, last, urgent in outcome.numbered:
                self._acks.add(drone, epoch, first, last, urgent=urgent, now_s=now_s)
            self._send_acks()
            self._mirror.offer(outcome.live)

    async def _insist(self, work: Callable[[], _Result]) -> _Result:
        """Do work of the databases, however long it takes; meanwhile say that we are paused."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                result = await self._answer(work)
            except (StoreError, RegistryUnavailable) as error:
                self._pause(str(error))
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
            else:
                self._resume()
                return result

    async def _answer(self, work: Callable[[], _Result]) -> _Result:
        """What the worker makes of it; says that we are paused where it makes nothing for long."""
        answer = self._worker.run(work)
        try:
            done, _ = await asyncio.wait({answer}, timeout=self._patience_s)
            if not done and not self._paused:
                self._pause(f"no answer for {self._patience_s:g} s from the store or its disk")
            return await answer
        finally:
            answer.cancel()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._send_acks()
            now_s = time.monotonic()
            self._report_dead_letters(now_s)
            for topic, payload in self._mirror.due(now_s):
                if self._broker.publish(topic, payload, retain=True, expiry_s=EXPIRY_S):
                    self._metrics.mirrored.inc()
            self._metrics.connected.set(self._broker.is_connected)
            self._metrics.waiting.set(self._inbox.waiting)
            self._metrics.waiting_bytes.set(self._inbox.waiting_bytes)

    async def _finish(self, writer: asyncio.Task[None]) -> None:
        """Store, acknowledge and say goodbye; give up where storing is not possible."""
        self._inbox.close()
        if not self._paused:
            await self._drain(writer)
        writer.cancel()
        self._send_acks(everything=True)
        self._publish(self._state(ServiceStatus.OFFLINE))
        await self._broker.close()

    async def _drain(self, writer: asyncio.Task[None]) -> None:
        """Wait until all that was received is stored, as long as it goes on."""
        end_s = time.monotonic() + FINISH_TIMEOUT_S
        before = -1
        while before != self._batches and time.monotonic() < end_s:
            before = self._batches
            done, _ = await asyncio.wait({writer}, timeout=FINISH_PATIENCE_S)
            if done:
                return

    def _send_acks(self, *, everything: bool = False) -> None:
        # While there is no connection the numbers stay in the ledger: they remain true.
        if not self._broker.is_connected:
            return
        for drone, ack in self._acks.due(time.monotonic(), everything=everything):
            self._broker.publish(drone_topic(drone, DN_ACK), models.encode(ack), qos=1)
            self._metrics.acknowledged.inc(sum(last - first + 1 for first, last in ack.ranges))

    def _pause(self, reason: str) -> None:
        self._tried.set()
        if reason != self._paused:
            if not self._paused:
                self._metrics.pauses.inc()
            self._paused = reason
            self._metrics.paused.set(1)
            self._log.error("paused: cannot store", reason=reason)
            self._publish_state()

    def _resume(self) -> None:
        self._tried.set()
        if self._paused:
            self._paused = ""
            self._metrics.paused.set(0)
            self._log.info("resumed: storing again")
            self._publish_state()

    def _publish_state(self) -> None:
        status = ServiceStatus.PAUSED if self._paused else ServiceStatus.ONLINE
        self._publish(self._state(status))

    def _publish(self, state: ServiceState) -> None:
        self._broker.publish(self._state_topic, models.encode(state), qos=1, retain=True)

    def _state(self, status: ServiceStatus) -> ServiceState:
        return ServiceState(
            status=status,
            version=__version__,
            started=self._started,
            fleets=self._fleets,
            reason=self._paused,
        )

    def _count(self, outcome: Outcome, seconds: float) -> None:
        metrics = self._metrics
        metrics.messages.inc(outcome.messages)
        metrics.frames.inc(outcome.frames)
        metrics.events.inc(outcome.events)
        metrics.samples.inc(outcome.stored)
        metrics.duplicates.inc(outcome.duplicates)
        metrics.batch_messages.observe(outcome.messages)
        metrics.batch_seconds.observe(seconds)
        metrics.dead_letters_lost.inc(outcome.dead_letters_lost)
        metrics.dropped.inc(self._inbox.dropped)
        self._inbox.dropped = 0
        for kind, count in outcome.dead_letters.items():
            metrics.dead_letters.labels(kind.value).inc(count)
        self._unreported.update(outcome.dead_letters)

    def _report_dead_letters(self, now_s: float) -> None:
        """Say how many came, at most every few seconds."""
        if self._unreported and now_s >= self._next_report_s:
            counts = {kind.value: count for kind, count in self._unreported.items()}
            self._log.warning("messages went to the dead letter store", kinds=counts)
            self._unreported.clear()
            self._next_report_s = now_s + REPORT_INTERVAL_S


def _filters(fleets: list[str]) -> list[str]:
    return [
        f"{ROOT}/{'+' if fleet == '*' else fleet}/+/{leaf}" for fleet in fleets for leaf in LEAVES
    ]


def _watch_server(port: int, metrics: IngestMetrics, service: IngestService) -> WatchServer:
    try:
        return WatchServer(port=port, registry=metrics.registry, ask=service.readiness)
    except OSError as error:
        raise CloudError(f"AEROSTREAM_METRICS_PORT {port}: {error.strerror}") from error


def _utc_us() -> int:
    return time.time_ns() // 1000
