"""Vehicles that keep a ledger: what the agent has not read yet is known."""

import asyncio
from random import Random
from typing import Any

from aerostream_sim.clock import HostClock
from aerostream_sim.faults.ledger import Kind
from aerostream_sim.faults.unread import unread_bytes
from aerostream_sim.faults.vehicles import Vehicle
from aerostream_sim.mavlink.wire import Wire


async def until(vehicle: Vehicle, count: int) -> None:
    """Fly until so many messages are in the ledger."""
    flight = asyncio.create_task(vehicle.fly())
    async with asyncio.timeout(60):
        for _ in iter(lambda: len(vehicle.ledger) < count, False):
            await asyncio.sleep(0.02)
    flight.cancel()


async def test_the_ledger_has_what_the_agent_reads_and_what_nobody_hears() -> None:
    vehicle = Vehicle(system=7, random=Random(1), clock=HostClock())
    await vehicle.open()
    await until(vehicle, 5)
    unheard = len(vehicle.ledger)
    assert all(sent.connected_s is None and not sent.exact for sent in vehicle.ledger)
    reader, writer = await asyncio.open_connection("127.0.0.1", vehicle.port)
    await until(vehicle, unheard + 12)
    ledger = vehicle.ledger[unheard:]
    wire, heard = Wire(255), list[Any]()
    async with asyncio.timeout(60):
        while len(heard) < len(ledger):
            heard += wire.parse(await reader.read(65_536))
    assert [message.get_type() for message in heard] == [str(sent.kind) for sent in ledger]
    positions = [message for message in heard if message.get_type() == "GLOBAL_POSITION_INT"]
    assert [each.lat for each in positions] == [
        sent.sequence for sent in ledger if sent.kind is Kind.POSITION
    ]
    clock = next(message for message in heard if message.get_type() == "SYSTEM_TIME")
    for message, sent in zip(heard, ledger, strict=True):
        if sent.kind in (Kind.POSITION, Kind.ATTITUDE, Kind.NAMED_VALUE):
            base_us = clock.time_unix_usec - clock.time_boot_ms * 1000
            assert base_us + message.time_boot_ms * 1000 == sent.true_us
    assert ledger[-1].exact
    writer.close()
    await vehicle.close()


async def test_what_an_agent_has_not_read_is_as_old_as_its_sending() -> None:
    vehicle = Vehicle(system=7, random=Random(1), clock=HostClock())
    await vehicle.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", vehicle.port, limit=1)
    # asyncio reads ahead: from here on the kernel keeps it.
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads too
    await until(vehicle, 10)
    first_s = vehicle.ledger[0].sent_s
    before_s = HostClock().monotonic_s()
    behind_s = vehicle.behind_s()
    assert before_s - first_s <= behind_s <= HostClock().monotonic_s() - first_s
    port = writer.get_extra_info("sockname")[1]
    assert unread_bytes(vehicle.port, port) > 100
    writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above
    while unread_bytes(vehicle.port, port):
        await reader.read(65_536)
    assert vehicle.behind_s() == 0.0
    writer.close()
    await vehicle.close()
