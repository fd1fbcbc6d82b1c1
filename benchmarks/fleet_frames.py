"""A fleet that is only its frames: `python -m benchmarks.fleet_frames BROKER_PORT DRONES`.

For what is measured behind the broker there need be no vehicles and no agents. Each drone says
who it is, then publishes a frame a second as policy `standard` makes them: position, attitude,
heartbeat, and now and then battery and GPS. The time of a sample is that of its publication.
Ends with SIGTERM.
"""

import math
import signal
import sys
import time
from collections.abc import Sequence

import paho.mqtt.client as paho
from aerostream_contract import SCHEMA_REVISION, __version__, models
from aerostream_contract.channels import CHANNELS
from aerostream_contract.columns import Cell
from aerostream_contract.frame import Clock, Section, SeriesRows, encode_frame
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us
from aerostream_contract.topics import UP_INFO, UP_STATE, UP_STATUS, UP_TEL, drone_topic
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

FLEET = "bench"

_ROUND_S = 1.0
_SELDOM = 5
"""Battery and GPS come with every so many frames."""
_STATE_EVERY = 10
"""As does `up/state`."""
_EPOCH = 1
_COMPONENT = 1
_COLUMNS = 32
"""Drones of a row of the field above which they circle."""


class _Drone:
    """One drone, circling at its own place."""

    def __init__(self, index: int) -> None:
        self.name = DroneName(FLEET, f"drone-{index:04}")
        self._topic = drone_topic(self.name, UP_TEL)
        self._index = index
        self._number = 0
        self._lat = 473_000_000 + index // _COLUMNS * 40_000
        self._lon = 85_000_000 + index % _COLUMNS * 60_000

    def introduce(self, client: paho.Client) -> None:
        """Say who it is, as its agent would."""
        status = models.Status(models.Presence.ONLINE, _EPOCH, 1, __version__, models.LinkState.UP)
        info = models.Info(
            schema=SCHEMA_REVISION,
            system_id=1,
            component_id=_COMPONENT,
            autopilot="ardupilot",
            vehicle=_KINDS[self._index % len(_KINDS)],
            mav_autopilot=3,
            mav_type=2,
            agent_version=__version__,
            epoch=_EPOCH,
            rate_policy="standard",
            firmware="4.7.0",
        )
        for leaf, model in ((UP_STATUS, status), (UP_INFO, info)):
            topic = drone_topic(self.name, leaf)
            client.publish(topic, models.encode(model), qos=1, retain=True)
        self._tell_state(client)

    def publish(self, client: paho.Client) -> None:
        """Publish the next frame."""
        self._number += 1
        now_us = time.time_ns() // 1000
        rows = [self._rows(name, now_us) for name in ("position", "attitude", "heartbeat")]
        if self._number % _SELDOM == self._index % _SELDOM:
            rows += [self._rows(name, now_us) for name in ("battery", "gps")]
        section = Section(_COMPONENT, 1, Clock.UTC, 0, rows)
        client.publish(self._topic, encode_frame(_EPOCH, self._number, [section]))
        if self._number % _STATE_EVERY == self._index % _STATE_EVERY:
            self._tell_state(client)

    def _rows(self, channel: str, now_us: int) -> SeriesRows:
        return SeriesRows(CHANNELS[channel], "0", [(now_us, self._cells(channel))])

    def _cells(self, channel: str) -> Sequence[Cell]:
        """A sample's fields, in steps."""
        lat, lon, heading = self._place()
        match channel:
            case "position":
                north = round(500 * math.cos(self._number / 20))
                return [lat, lon, 450_000, 40_000 + self._number % 1000, north, 0, 0, heading * 100]
            case "attitude":
                return [round(2500 * math.sin(self._number / 7)), 100, heading * 174, 0, 0, 0]
            case "heartbeat":
                return [2, 3, 209, 4, 4, 3]
            case _:
                return [100 + index for index in range(len(CHANNELS[channel].fields))]

    def _place(self) -> tuple[int, int, int]:
        """Latitude and longitude in 1e-7 degrees, heading in degrees."""
        angle = (self._number + self._index) / 20
        lat = self._lat + round(8000 * math.sin(angle))
        lon = self._lon + round(8000 * math.cos(angle))
        return lat, lon, round(math.degrees(-angle)) % 360

    def _tell_state(self, client: paho.Client) -> None:
        lat, lon, heading = self._place()
        state = models.State(
            time=iso_from_us(time.time_ns() // 1000),
            mode="GUIDED",
            armed=True,
            landed="in_air",
            battery=models.Battery(15.9, 80),
            position=models.Position(lat / 1e7, lon / 1e7, 450.0, 40.0, float(heading)),
        )
        topic = drone_topic(self.name, UP_STATE)
        client.publish(topic, models.encode(state), qos=1, retain=True)


_KINDS = ("copter", "copter", "plane", "rover", "boat")


def main() -> None:
    """Publish until SIGTERM."""
    port, count = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    drones = [_Drone(index) for index in range(count)]
    for drone in drones:
        drone.introduce(client)
    next_s = time.monotonic()
    while True:
        # All of them evenly over the round.
        for drone in drones:
            drone.publish(client)
            next_s += _ROUND_S / count
            wait_s = next_s - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)


if __name__ == "__main__":
    main()
