"""A bare MQTT 5 publisher: it costs so little that it can saturate what it measures."""

import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.measure import MeasureError

MOST_IN_FLIGHT = 4000
"""QoS 1 messages on the way to the broker; within the receive maximum of its configuration."""

_CONNECT, _CONNACK, _PUBLISH, _PUBACK, _SUBSCRIBE, _SUBACK = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90
_QOS1 = 0x02
_PACKET_IDS = 0xFFFF
_RECEIVE_BYTES = 1 << 18
_CHUNK = 64
_STALLED_S = 20.0


class Message(NamedTuple):
    """What to publish."""

    topic: bytes
    payload: bytes


class Packet(NamedTuple):
    """What the broker sent."""

    header: int
    body: bytes


#: Topic and payload of a message from the broker.
Receive = Callable[[str, bytes], None]


def publish_size(topic: bytes, payload_bytes: int) -> int:
    """Bytes of an MQTT 5 PUBLISH with QoS 1 and no properties."""
    body = 2 + len(topic) + 2 + 1 + payload_bytes
    return 1 + len(_varint(body)) + body


class Publisher:
    """Publishes with QoS 1 as fast as the broker takes it, and hears one subscription."""

    def __init__(self, port: int, client_id: str, receive: Receive | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = bytearray()
        self._receive = receive
        self._next_id = 0
        self.sent = 0
        self.acknowledged = 0
        """Messages that the broker confirmed."""
        body = _text(b"MQTT") + b"\x05\x02\x00\x3c\x00" + _text(client_id.encode())
        self._request(_packet(_CONNECT, body), _CONNACK)

    def __enter__(self) -> "Publisher":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def subscribe(self, topic_filter: str) -> None:
        """Subscribe with QoS 0 and wait for the broker's answer."""
        body = b"\x00\x01\x00" + _text(topic_filter.encode()) + b"\x00"
        self._request(_packet(_SUBSCRIBE, body), _SUBACK)

    def send(
        self, messages: Sequence[Message], *, room: Callable[[int], bool], done: Callable[[], bool]
    ) -> None:
        """Publish messages while there is `room` for the number sent so far, until `done`.

        Raises:
            MeasureError: nothing moves any more, or the broker hangs up.
        """
        self._socket.setblocking(False)
        waiting = deque(messages)
        outgoing = b""
        moved_s = time.monotonic()
        while waiting or outgoing or self.acknowledged < self.sent or not done():
            if not outgoing:
                outgoing = b"".join(self._next_packets(waiting, room))
            writers = [self._socket] if outgoing else []
            readable, writable, _ = select.select([self._socket], writers, [], 0.1)
            if readable:
                self._take_incoming()
            if writable:
                outgoing = outgoing[self._socket.send(outgoing) :]
            if readable or writable:
                moved_s = time.monotonic()
            elif time.monotonic() - moved_s > _STALLED_S:
                raise MeasureError(
                    f"nothing moved for {_STALLED_S:g} s: {self.sent} sent, "
                    f"{self.acknowledged} acknowledged by the broker"
                )

    def _next_packets(
        self, waiting: deque[Message], room: Callable[[int], bool]
    ) -> Iterator[bytes]:
        for _ in range(_CHUNK):
            if not waiting or self.sent - self.acknowledged >= MOST_IN_FLIGHT:
                return
            if not room(self.sent):
                return
            topic, payload = waiting.popleft()
            self.sent += 1
            self._next_id = self._next_id % _PACKET_IDS + 1
            packet_id = self._next_id.to_bytes(2, "big")
            yield _packet(_PUBLISH | _QOS1, _text(topic) + packet_id + b"\x00" + payload)

    def _take_incoming(self) -> None:
        data = self._socket.recv(_RECEIVE_BYTES)
        if not data:
            raise MeasureError("the broker closed the connection")
        self._incoming += data
        for packet in _packets(self._incoming):
            kind = packet.header & 0xF0
            if kind == _PUBACK:
                self.acknowledged += 1
            elif kind == _PUBLISH and self._receive is not None:
                length = int.from_bytes(packet.body[:2], "big")
                topic = packet.body[2 : 2 + length].decode()
                # QoS 0, so no packet id; the properties' length is one byte where there are few.
                start = 2 + length
                self._receive(topic, packet.body[start + 1 + packet.body[start] :])

    def _request(self, packet: bytes, expected: int) -> None:
        """Send and wait for the answer, before anything else is on the connection."""
        self._socket.settimeout(_STALLED_S)
        try:
            self._socket.sendall(packet)
            while True:
                self._incoming += self._socket.recv(_RECEIVE_BYTES)
                for answer in _packets(self._incoming):
                    if answer.header & 0xF0 == expected:
                        return
        except OSError as error:
            raise MeasureError(f"the broker does not answer: {error}") from error


def _packets(buffer: bytearray) -> list[Packet]:
    """Whole packets at the front of the buffer, which they leave."""
    packets = []
    position = 0
    while True:
        length, shift, index = 0, 0, position + 1
        while index < len(buffer):
            length |= (buffer[index] & 0x7F) << shift
            shift += 7
            index += 1
            if not buffer[index - 1] & 0x80:
                break
        else:
            break
        if index + length > len(buffer):
            break
        packets.append(Packet(buffer[position], bytes(buffer[index : index + length])))
        position = index + length
    del buffer[:position]
    return packets


def _packet(header: int, body: bytes) -> bytes:
    return bytes((header,)) + _varint(len(body)) + body


def _text(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        if not number:
            encoded.append(low)
            return bytes(encoded)
        encoded.append(low | 0x80)
