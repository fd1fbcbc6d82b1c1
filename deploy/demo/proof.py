"""Whether every drone of the demonstration was seen, stored and served."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any

from websockets.sync.client import connect

_TIMEOUT_S = 10.0
#: The bridge is on this machine, whatever proxy the environment names for others.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SUBSCRIBE = {"type": "subscribe", "subscription": "proof", "channels": ["position"]}


class Bridge:
    """Asks the bridge as any program would, over REST and WebSocket.

    Args:
        port: where it listens on the loopback interface.
    """

    def __init__(self, port: int) -> None:
        self._host = f"127.0.0.1:{port}"

    def is_ready(self) -> bool:
        """Whether it can serve: broker, store and database answer."""
        try:
            with _DIRECT.open(f"http://{self._host}/readyz", timeout=_TIMEOUT_S):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def drones(self) -> dict[str, dict[str, Any]]:
        """State of every drone, by name."""
        return {each["drone"]: each for each in self._get("drones?limit=1000")["items"]}

    def has_stored(self, drone: str) -> bool:
        """Whether the store has positions of a drone."""
        series = self._get(f"drones/{drone}/telemetry?channel=position&start=-1h&limit=1")["series"]
        return any(each["times"] for each in series)

    def served(self) -> set[str]:
        """Drones whose position a new WebSocket client gets."""
        found: set[str] = set()
        with connect(f"ws://{self._host}/ws", open_timeout=_TIMEOUT_S, proxy=None) as socket:
            socket.send(json.dumps(_SUBSCRIBE))
            more = True
            while more:
                message = json.loads(socket.recv(timeout=_TIMEOUT_S))
                if message["type"] == "snapshot":
                    found |= {sample["drone"] for sample in message.get("samples", [])}
                    more = message["more"]
        return found

    def _get(self, path: str) -> Any:
        with _DIRECT.open(f"http://{self._host}/api/v1/{path}", timeout=_TIMEOUT_S) as answer:
            return json.load(answer)


def missing(bridge: Bridge, drones: int) -> list[str]:
    """What is wrong, one sentence each; empty where every drone was seen, stored and served."""
    states = bridge.drones()
    online = [name for name, state in states.items() if state["presence"] == "online"]
    served = bridge.served()
    complaints = []
    if len(online) < drones:
        complaints.append(f"{len(online)} of {drones} drones are online")
    complaints += _without("no stored position", (d for d in online if not bridge.has_stored(d)))
    complaints += _without("no position over WebSocket", (d for d in online if d not in served))
    return complaints


def _without(what: str, drones: Iterable[str]) -> list[str]:
    names = sorted(drones)
    return [f"{what} of {', '.join(names)}"] if names else []
