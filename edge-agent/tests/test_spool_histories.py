"""Thousands of random histories of a spool, with crashes between any two steps and power cuts."""

import random

import pytest
from aerostream_edge.spool import Kind
from support.spool_world import World, quick_folder

SHARES = 10
HISTORIES = 200
STEPS = 60
KINDS = (Kind.TELEMETRY,) * 6 + (Kind.EVENT, Kind.REPORT)


async def act(world: World, rnd: random.Random, *, cuts: bool) -> None:
    """Something happens."""
    chance = rnd.random()
    if chance < 0.40:
        for _ in range(rnd.choice((1, 1, 1, 5, 20))):
            world.put(rnd.choice(KINDS), rnd.choice((0, 0, 5, 60)))
    elif chance < 0.60:
        await world.tick(rnd.choice((0.1, 0.1, 0.5, 1.5)))
    elif chance < 0.66:
        await world.jump(rnd.choice((1.0, 6.0, 70.0)))
    elif chance < 0.74:
        world.connect(connected=rnd.random() < 0.7)
    elif chance < 0.82:
        known = sorted(world.received)
        world.acknowledge(set(rnd.sample(known, rnd.randint(0, len(known)))))
    elif chance < 0.84:
        world.acknowledge(set(range(rnd.randrange(50))), epoch=99)
    elif chance < 0.86:
        world.spool.forgotten()
    elif chance < 0.88:
        world.refusing = not world.refusing
    elif chance < 0.91:
        world.tell_time()
    elif chance < 0.93:
        world.report_drops()
    elif chance < 0.96 or not cuts:
        await world.crash(rnd.choice(("", "before", "after")))
    else:
        world.cut_power()


async def live(seed: int, *, cuts: bool, max_bytes: int) -> None:
    """One history from a new file to the last acknowledgement."""
    rnd = random.Random(seed)
    with quick_folder() as folder:
        fsync_s = rnd.choice((0.0, 0.5, 1.0, 1.0, 3.0))
        world = World(folder, rnd, max_bytes=max_bytes, fsync_s=fsync_s)
        for _ in range(STEPS):
            await act(world, rnd, cuts=cuts)
        await world.settle()
        world.close()


@pytest.mark.parametrize("share", range(SHARES))
async def test_what_is_written_survives_every_crash(share: int) -> None:
    for seed in range(share * HISTORIES, (share + 1) * HISTORIES):
        await live(seed, cuts=False, max_bytes=1 << 24)


@pytest.mark.parametrize("share", range(SHARES))
async def test_what_is_synced_survives_every_power_cut(share: int) -> None:
    for seed in range(share * HISTORIES, (share + 1) * HISTORIES):
        await live(seed, cuts=True, max_bytes=1 << 24)


@pytest.mark.parametrize("share", range(SHARES))
async def test_what_is_dropped_is_the_least_and_is_accounted_for(share: int) -> None:
    for seed in range(share * HISTORIES, (share + 1) * HISTORIES):
        await live(seed, cuts=seed % 2 == 0, max_bytes=1 << 18)
