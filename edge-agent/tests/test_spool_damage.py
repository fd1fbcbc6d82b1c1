"""A spool whose file is damaged is set aside, and the agent goes on."""

import random
from pathlib import Path

import pytest
from aerostream_edge.errors import StateError
from aerostream_edge.spool import Item, Kind
from aerostream_edge.spool.file import SpoolFile
from aerostream_edge.spool.work import SpoolDamaged
from support.spool import HandSpool
from support.spool_world import quick_folder

SHARES = 8
FILES = 100


def put(spool: HandSpool, count: int, size: int = 200) -> None:
    for _ in range(count):
        kind = random.Random(spool.next_number).choice(list(Kind))
        spool.put(Item(spool.reserve(), kind, bytes(size), 1, 10**15, 10**15 + 1))
        spool.write()


def files_of(spool: HandSpool, path: Path) -> tuple[bytes, bytes]:
    """File and log as a process that is killed leaves them."""
    return path.read_bytes(), Path(f"{path}-wal").read_bytes()


def damaged(content: bytes, rnd: random.Random) -> bytes:
    """The content with something wrong in it."""
    found = bytearray(content)
    how = rnd.randrange(5)
    if how == 0:
        return b""
    if how == 1:
        return rnd.randbytes(rnd.randrange(1, 20_000))
    if how == 2:
        return content[: rnd.randrange(len(content))]
    for _ in range(rnd.choice((1, 3, 100))):
        at = rnd.randrange(len(found))
        if how == 3:
            found[at] = rnd.randrange(256)
        else:
            length = rnd.randrange(1, 600)
            found[at : at + length] = rnd.randbytes(len(found[at : at + length]))
    return bytes(found)


def use(spool: HandSpool) -> None:
    """Everything that an agent does with its spool; only that the file is damaged may be told."""
    try:
        for step in range(4):
            put(spool, 3)
            spool.publish(step * 10.0)
            numbers = spool.choose(step * 10.0)
            spool.file.read(numbers, 1 << 20)
            spool.file.times([(each.first, each.last) for each in spool.spool.history.stretches()])
            spool.acknowledge((0, 20), now_s=step * 10.0)
            spool.spool._refused.append(25)
            spool.write(step * 10.0)
    except SpoolDamaged:
        opened = spool.file.replace(77)
        assert (opened.epoch, opened.next_number, bool(opened.pending)) == (77, 0, False)
        spool.spool.moved(opened, is_lost=True)
        put(spool, 3)
        assert len(spool.kept()) == 3


@pytest.mark.parametrize("share", range(SHARES))
def test_whatever_is_in_the_file_an_agent_starts_and_goes_on(share: int) -> None:
    for seed in range(share * FILES, (share + 1) * FILES):
        rnd = random.Random(seed)
        with quick_folder() as folder:
            path = folder / "a" / "f.d.db"
            first = HandSpool(path)
            put(first, 40, rnd.choice((20, 200, 3000)))
            first.told(5)
            first.write()
            if rnd.random() < 0.3:
                first.close()
                file, log = path.read_bytes(), b""
            else:
                file, log = files_of(first, path)
                first.close()
            place = folder / "b" / "f.d.db"
            place.parent.mkdir()
            both = rnd.random() < 0.2
            place.write_bytes(damaged(file, rnd) if both or not log else file)
            if log:
                Path(f"{place}-wal").write_bytes(damaged(log, rnd))
            spool = HandSpool(place, epoch=99)
            aside = spool.opened.set_aside
            if aside is not None:
                assert spool.epoch == 99
                assert aside.exists()
                assert ".damaged-" in aside.name
            use(spool)
            spool.close()


@pytest.mark.parametrize(
    "content", [b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 5000, b"PK\3\4" * 2000, b"{}"]
)
def test_what_is_no_spool_is_set_aside_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f.d.db"
    path.write_bytes(content)
    spool = HandSpool(path, epoch=7)
    aside = spool.opened.set_aside
    assert aside is not None
    assert aside.read_bytes() == content
    assert spool.epoch == 7
    use(spool)
    spool.close()


def test_a_spool_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "f.d.db"
    spool = HandSpool(path, epoch=7)
    put(spool, 5)
    spool.file._connection.execute("PRAGMA user_version = 2")
    spool.close()
    content = path.read_bytes()
    with pytest.raises(StateError, match="version 2, and this program knows 1"):
        HandSpool(path, epoch=8)
    assert path.read_bytes() == content


def test_two_files_that_are_set_aside_within_a_second_have_two_names(tmp_path: Path) -> None:
    path = tmp_path / "f.d.db"
    for _ in range(3):
        path.write_bytes(b"no spool at all")
        HandSpool(path).close()
    assert len(list(tmp_path.glob("f.d.db.damaged-*"))) == 3


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    file = SpoolFile(tmp_path / "spool" / "f.d.db", max_bytes=1 << 20)
    with pytest.raises(StateError, match="spool") as caught:
        file.open(1)
    assert "\n" not in str(caught.value)
