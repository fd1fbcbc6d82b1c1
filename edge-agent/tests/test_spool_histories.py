"""Thousands of random histories of a spool, with crashes between any two steps and power cuts."""

import random

import pytest
from aerostream_edge.spool import Kind
from support.spool_world import World, quick_folder

SHARES = 10
HISTORIES = 40
STEPS = 60
KINDS = (Kind.TELEMETRY,) * 6 + (Kind.EVENT, Kind.REPORT)


async def put(world: World, rnd: random.Random) -> None:
    for _ in range(rnd.choice((1, 1, 1, 5, 20))):
        world.put(rnd.choice(KINDS), rnd.choice((0, 0, 5, 60)))


async def tick(world: World, rnd: random.Random) -> None:
    await world.tick(rnd.choice((0.1, 0.1, 0.5, 1.5)))


async def jump(world: World, rnd: random.Random) -> None:
    await world.jump(rnd.choice((1.0, 6.0, 70.0)))


async def connect(world: World, rnd: random.Random) -> None:
    world.connect(connected=rnd.random() < 0.7)


async def acknowledge(world: World, rnd: random.Random) -> None:
    known = sorted(world.received)
    world.acknowledge(set(rnd.sample(known, rnd.randint(0, len(known)))))
    world.acknowledge(set(range(rnd.randrange(50))), epoch=99)


async def forget(world: World, _: random.Random) -> None:
    world.spool.forgotten()


async def refuse(world: World, _: random.Random) -> None:
    world.refusing = not world.refusing


async def tell_time(world: World, _: random.Random) -> None:
    world.tell_time()


async def report(world: World, _: random.Random) -> None:
    world.report_drops()


async def crash(world: World, rnd: random.Random) -> None:
    await world.crash(rnd.choice(("", "before", "after")))


async def cut_power(world: World, _: random.Random) -> None:
    world.cut_power()


async def fill_disk(world: World, _: random.Random) -> None:
    await world.fill_disk()


ACTIONS = {
    put: 40,
    tick: 20,
    jump: 6,
    connect: 8,
    acknowledge: 9,
    forget: 2,
    refuse: 2,
    tell_time: 3,
    report: 2,
    fill_disk: 2,
    crash: 4,
    cut_power: 4,
}


async def live(seed: int, *, cuts: bool, max_bytes: int) -> None:
    """One history from a new file to the last acknowledgement."""
    rnd = random.Random(seed)
    with quick_folder() as folder:
        fsync_s = rnd.choice((0.0, 0.5, 1.0, 1.0, 3.0))
        world = World(folder, rnd, max_bytes=max_bytes, fsync_s=fsync_s)
        weights = ACTIONS if cuts else ACTIONS | {cut_power: 0}
        for act in rnd.choices(list(weights), list(weights.values()), k=STEPS):
            await act(world, rnd)
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
