"""A connection to the broker that is kept."""

import asyncio
import ssl
from collections.abc import Callable, Sequence

import gmqtt
from aerostream_contract.settings import MqttUrl
from gmqtt.mqtt.handler import MQTTConnectError
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.errors import BrokerRefused
from aerostream_cloud.mqtt.link import Link, Reason, Receiver, Will
from aerostream_cloud.mqtt.tls import one_line

SHORT_LIFE_S = 5.0
"""A connection that breaks earlier gives no reason to be quicker with the next one."""
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 10.0

#: So many in a row are no accident. Brokers of today say so (0x8E), older ones just hang up.
_MANY_SHORT_LIVES = 3


class Broker:
    """A connection that is kept: connects, subscribes, and does both again when it breaks.

    Args:
        url: the broker.
        tls: for mqtts.
        client_id: unique at the broker.
        subscriptions: topic filters, with QoS 1.
        unpromised: topic filters with QoS 0: nothing to acknowledge, and nobody promises more.
        receive: called on the event loop for each message.
        log: for what happens to the connection; each state is said once.
        will: see `Will`.
        connected: called after each connect, subscriptions sent.
        receive_maximum: QoS 1 messages that the broker sends ahead of acknowledgements.
    """

    def __init__(
        self,
        *,
        url: MqttUrl,
        tls: ssl.SSLContext | None,
        client_id: str,
        subscriptions: Sequence[str],
        receive: Receiver,
        log: FilteringBoundLogger,
        unpromised: Sequence[str] = (),
        will: Will | None = None,
        connected: Callable[[], None] = lambda: None,
        receive_maximum: int = 4000,
        qos: int = 1,
    ) -> None:
        self._url = url
        self._tls = tls
        self._client_id = client_id
        self._subscriptions = subscriptions
        self._unpromised = unpromised
        self._receive = receive
        self._log = log
        self._will = will
        self._connected = connected
        self._receive_maximum = receive_maximum
        self._qos = qos
        self._link: Link | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a message published now goes out now."""
        return self._link is not None

    async def run(self) -> None:
        """Keep the connection until cancelled.

        Raises:
            BrokerRefused: the broker refuses the very first connection (wrong account), or
                another client with our id took over.
        """
        backoff_s = FIRST_BACKOFF_S
        said = ""
        ever_connected = False
        short_lived = 0
        while True:
            link = self._new_link()
            try:
                await link.open(self._url, self._tls)
            except MQTTConnectError as error:
                text = f"the broker {self._url} refuses client {self._client_id!r}: {error}"
                if not ever_connected:
                    raise BrokerRefused(text) from error
                said = self._say_once(text, said)
            except (OSError, TimeoutError) as error:
                reason = one_line(error)
                said = self._say_once(f"cannot reach the broker {self._url}: {reason}", said)
            else:
                said, ever_connected = "", True
                lasted_s = await self._serve(link)
                if lasted_s < SHORT_LIFE_S:
                    short_lived += 1
                    if short_lived == _MANY_SHORT_LIVES:
                        self._log.error(self._contended("keeps breaking"))
                else:
                    backoff_s, short_lived = FIRST_BACKOFF_S, 0
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        expiry_s: int | None = None,
    ) -> bool:
        """Publish, or return False: there is no connection and nothing is kept for later."""
        if self._link is None:
            return False
        properties = {} if expiry_s is None else {"message_expiry_interval": expiry_s}
        self._link.send(gmqtt.Message(topic, payload, qos=qos, retain=retain, **properties))
        return True

    async def close(self, timeout_s: float = 2.0) -> None:
        """Wait for what is published to be acknowledged, then disconnect cleanly (no will)."""
        link = self._link
        if link is None:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await link.drained()
        except TimeoutError:
            self._log.warning("the broker did not acknowledge everything before the end")
        await link.close()

    def _new_link(self) -> Link:
        return Link(
            client_id=self._client_id,
            receive=self._receive,
            will=self._will,
            receive_maximum=self._receive_maximum,
            username=self._url.username,
            password=self._url.password,
            log=self._log,
        )

    async def _serve(self, link: Link) -> float:
        """Use a link until it is lost; for how many seconds that was."""
        loop = asyncio.get_running_loop()
        since_s = loop.time()
        self._log.info("connected to the broker", broker=str(self._url))
        try:
            link.subscribe_all(self._subscriptions, self._qos)
            link.subscribe_all(self._unpromised, 0)
            self._link = link
            self._connected()
            reason = await link.lost()
        finally:
            self._link = None
            await link.close()
        if reason == Reason.SESSION_TAKEN_OVER:
            raise BrokerRefused(self._contended("was taken over"))
        self._log.warning("lost the connection to the broker", broker=str(self._url))
        return loop.time() - since_s

    def _contended(self, what: str) -> str:
        return (
            f"the connection to {self._url} {what}: another client seems to use the name "
            f"{self._client_id!r}; give each instance a name of its own (AEROSTREAM_INSTANCE)"
        )

    def _say_once(self, text: str, said: str) -> str:
        if text != said:
            self._log.warning(f"{text}; trying on")
        return text
