"""The wire format, byte by byte: these frames were sent once and must be read for ever.

A failure here means that recorded history and agents in the field can no longer be read. The
bytes stay as they are; the code is what is wrong.
"""

import struct

from aerostream_contract.frame import decode_frame, frame_identity

#: One series of the channel position in plain protobuf.
POSITION = bytes.fromhex(
    "08 01"  # schema 1
    "10 07"  # epoch 7
    "18 2a"  # number 42
    "22 4a"  # body
    "0a 48"  # section
    "08 01"  # component 1
    "10 02"  # boot 2, and clock 0, boot, left out
    "20 90 ce 82 e2 88 d2 a3 06"  # offset: 2026-01-01T00:00:00.005000Z
    "2a 01 08"  # series: channel 2, position
    "32 01 03"  # 3 rows, and ticks of 1000 µs, left out
    "42 04 33 23 33 61"  # DELTAS DELTAS, DELTAS CONSTANT, DELTAS DELTAS, ZERO SPARSE
    "4a 01 04"  # 4 bytes of layout
    "52 27"  # values, zigzag
    "00 90 03 90 03"  # times: 0, +200, +200
    "80 a1 8b c3 03 14 12"  # lat: 473000000, +10, +9
    "80 fd 87 51 09 09"  # lon: 85000000, -5, -5
    "c0 84 3d c8 01 c8 01"  # alt: 500000, +100, +100
    "01"  # relative_alt: -1
    "13 03 00"  # vx: -10, -2, 0
    "28 0a 0c"  # vy: 20, +5, +6
    "02 00 02 d0 8c 01 14"  # hdg: 1 null run, after 0 rows, 1 row; 9000, +10
    "5a 01 15"  # 21 values beyond the times
)

#: Two components, three clocks, an event, and the columns that POSITION has not.
MIXED = bytes.fromhex(
    "08 01"  # schema 1
    "10 ff ff ff ff ff ff ff 0f"  # epoch 2^53 - 1
    "18 ff ff ff ff ff ff ff 0f"  # number 2^53 - 1
    "22 c0 01"  # body
    "0a 46 08 19 18 01 20 af 9d e2 04"  # section: component 25, receipt, offset -4.999 s
    "2a 04 ef 07 f4 01"  # message 251, NAMED_VALUE_FLOAT, with an instance; channel 61
    "32 02 03 02"  # 3 and 2 rows
    "3a 03 e8 07 01"  # ticks of 1000 and of 1 µs
    "42 03 14 06 03"  # FOLLOWS_TICK ZERO, SPARSE; DELTAS
    "4a 02 02 01"  # 2 and 1 bytes of layout
    "52 13"
    "00 04 02"  # times: 0, +2, +1
    "02"  # time_boot_ms: from 1
    "02 04 02 01 ce 99 93 a1 08"  # value: null after 2 rows; -0.0, then to 36.6, as ordered bits
    "d0 0f e8 07"  # times: 1000, +500
    "01 0c"  # time_unix_usec: 2^64 - 1, then 5: modulo 2^64
    "5a 02 06 02"  # 6 and 2 values beyond the times
    "62 04 74 65 6d 70"  # instance temp, of the first block
    "6a 04 74 65 6d 70"  # text 0: temp
    "0a 40 08 01 10 03 18 02"  # section: component 1, boot 3, UTC
    "20 80 ad e2 04"  # offset: 5 s more than the section before, 1000
    "2a 01 14 32 01 02 3a 01 01"  # channel 5, vfr; 2 rows; ticks of 1 µs
    "42 03 37 63 11 4a 01 03"  # DOUBLE DELTAS, DELTAS SPARSE, ZERO ZERO
    "52 1f 00 9a 05"  # times: 0, +333
    "00 d4 b3 84 9a a7 96 9f a9 8c 01 dd e1 93 9f fe dd e1 b4 0d"  # airspeed: 1e30, 0.005
    "00 02"  # groundspeed: 0, +1
    "00 04"  # heading: 0, +2
    "02 02 02 00"  # throttle: null after 1 row; 0
    "5a 01 0b"  # 11 values beyond the times
    "0a 23 08 01 10 03 20 cf 0f"  # section: component 1, boot 3, boot, 1 ms less than before: 0
    "2a 02 f4 01 32 01 02"  # channel 61; 2 rows, and ticks of 1000 µs, left out
    "42 01 05 4a 01 01"  # FOLLOWS_US
    "52 0a 02 02"  # times: 1, +1
    "a0 9f 82 e2 88 d2 a3 06"  # time_unix_usec: from 1767225600002000
    "5a 01 01"  # 1 value beyond the times
    "12 0f 7b 22 6b 69 6e 64 22 3a 22 6d 6f 64 65 22 7d"  # event
)

#: Four events, the body deflated.
DEFLATED = bytes.fromhex(
    "08 01 10 07 18 2b 2a 16"  # schema, epoch, number, deflated
    "13 e2 af 56 ca ce cc 4b 51 b2 52 ca cd 4f 49 55 aa 15 22 5d 00 00"
)


def test_a_recorded_frame_of_one_series_is_read() -> None:
    decoded = decode_frame(POSITION)

    assert frame_identity(POSITION) == (7, 42)
    assert (decoded.schema, decoded.epoch, decoded.number) == (1, 7, 42)
    assert (decoded.events, decoded.problems) == ([], [])
    [block] = decoded.blocks
    assert (block.channel.name, block.component, block.instance) == ("position", 1, "0")
    start = 1_767_225_600_005_000
    assert block.times == [start, start + 200_000, start + 400_000]
    assert dict(zip(block.channel.field_names, block.columns, strict=True)) == {
        "lat": [47.3, 47.300001, 47.3000019],
        "lon": [8.5, 8.4999995, 8.499999],
        "alt": [500.0, 500.1, 500.2],
        "relative_alt": [-0.001, -0.001, -0.001],
        "vx": [-0.1, -0.12, -0.12],
        "vy": [0.2, 0.25, 0.31],
        "vz": [0.0, 0.0, 0.0],
        "hdg": [None, 90.0, 90.1],
    }


def test_a_recorded_frame_with_every_other_kind_of_column_is_read() -> None:
    decoded = decode_frame(MIXED)

    assert (decoded.epoch, decoded.number) == ((1 << 53) - 1, (1 << 53) - 1)
    assert (decoded.events, decoded.problems) == ([b'{"kind":"mode"}'], [])
    named, clock, vfr, steady = decoded.blocks
    assert (named.channel.name, named.component, named.instance) == (
        "mav_named_value_float",
        25,
        "temp",
    )
    assert named.times == [-4_999_000, -4_997_000, -4_996_000]
    single = struct.unpack("<f", struct.pack("<f", 36.6))[0]
    assert named.columns == [[1, 3, 4], ["temp"] * 3, [-0.0, single, None]]
    assert str(named.columns[2][0]) == "-0.0"
    assert (clock.channel.name, clock.times) == ("system_time", [-4_998_000, -4_997_500])
    assert clock.columns == [[(1 << 64) - 1, 5]]
    assert (vfr.channel.name, vfr.component, vfr.times) == ("vfr", 1, [1000, 1333])
    assert vfr.columns == [[1e30, 0.005], [0, 0.01], [0, 2], [0, None], [0, 0], [0, 0]]
    assert steady.times == [1000, 2000]
    assert steady.columns == [[1_767_225_600_002_000, 1_767_225_600_003_000]]


def test_a_recorded_deflated_frame_is_read() -> None:
    decoded = decode_frame(DEFLATED)

    assert (decoded.epoch, decoded.number) == (7, 43)
    assert decoded.events == [b'{"kind":"mode"}'] * 4
