"""A million hostile byte strings into the parser, and what decodes through the whole mapping."""

import random

import pytest
from aerostream_contract.frame import decode_frame
from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.models import Event, decode
from aerostream_contract.names import DroneName
from aerostream_edge.drone import Drone, Reception
from aerostream_edge.mavlink.frames import FrameParser, checksum
from aerostream_edge.policy import RatePolicyName
from aerostream_edge.spool import Kind
from aerostream_edge.timeline import Timeline
from support.packets import MESSAGE_CLASSES, pack, random_message
from support.spool import HandSpool

SHARES = 10
STRINGS = 1_000_000 // SHARES
START_US = 1_767_225_600_000_000


def valid_packets(rnd: random.Random) -> list[bytes]:
    return [
        pack(
            random_message(name, rnd),
            version=1 if MESSAGE_CLASSES[name].id < 256 and rnd.random() < 0.3 else 2,
            signed=rnd.random() < 0.1,
        )
        for name in sorted(MESSAGE_CLASSES)
    ]


def mutated(packet: bytes, rnd: random.Random) -> bytes:
    """A packet with something wrong in it."""
    damaged = bytearray(packet)
    for _ in range(rnd.randrange(1, 4)):
        place = rnd.randrange(len(damaged))
        kind = rnd.randrange(5)
        if kind == 0:
            damaged[place] ^= 1 << rnd.randrange(8)
        elif kind == 1:
            damaged[place] = rnd.choice(b"\x00\xff\xfd\xfe\x7f\x80")
        elif kind == 2:
            damaged[place:place] = rnd.randbytes(rnd.randrange(1, 4))
        elif kind == 3:
            del damaged[place : place + rnd.randrange(1, 4)]
        else:
            del damaged[place:]
        if not damaged:
            break
    return bytes(damaged)


def repaired(packet: bytes, rnd: random.Random) -> bytes:
    """A packet with any payload at all, and a checksum that says that it is right."""
    message_id = int.from_bytes(packet[7:10], "little") if packet[0] == 0xFD else packet[5]
    message = MESSAGES.get(message_id)
    assert message is not None
    payload = rnd.randbytes(rnd.choice((0, 1, 5, 40, 255)))
    head = bytes((len(payload), 0, 0, rnd.randrange(256), 1, rnd.choice((1, 1, 1, 100))))
    checked = head + message_id.to_bytes(3, "little") + payload
    return b"\xfd" + checked + checksum(checked + bytes((message.crc_extra,))).to_bytes(2, "little")


@pytest.mark.parametrize("share", range(SHARES))
def test_hostile_bytes_neither_crash_nor_vanish(share: int) -> None:
    rnd = random.Random(share)
    packets = valid_packets(rnd)
    parser = FrameParser()
    outbox = HandSpool(max_bytes=1 << 20)
    drone = Drone(
        name=DroneName("f", "d"),
        timeline=Timeline(1),
        outbox=outbox,
        policy=RatePolicyName.FULL,
        max_cells=4000,
    )
    fed = taken = 0
    for index in range(STRINGS):
        kind = index % 8
        if kind < 4:
            data = rnd.randbytes(rnd.randrange(1, 30))
        elif kind < 7:
            data = mutated(rnd.choice(packets), rnd)
        else:
            data = repaired(rnd.choice(packets), rnd)
        fed += len(data)
        for frame in parser.feed(data):
            taken += 1
            drone.take(Reception(frame, START_US + index * rnd.randrange(2000), index))
        if index % 1000 == 0:
            outbox.write()
            assert parser.counts.total + parser.pending == fed
    for frame in parser.finish():
        taken += 1
        drone.take(Reception(frame, START_US, STRINGS))
    drone.finish()

    assert parser.counts.total == fed
    assert parser.counts.frames == taken > STRINGS / 20
    counts = drone.counts
    assert counts.mapped.total() + counts.unmapped.total() == taken
    readable(outbox)


def readable(outbox: HandSpool) -> None:
    """What is left in the spool decodes, all of it."""
    items = outbox.kept()
    for item in items:
        if item.kind is Kind.EVENT:
            decode(item.payload, Event)
        else:
            assert decode_frame(item.payload).problems == []
    assert items
    outbox.close()
