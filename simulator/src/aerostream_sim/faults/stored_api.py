"""The store behind a bridge's REST interface: every sample with its own time, by its exports."""

import csv
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from io import TextIOWrapper
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from aerostream_contract.errors import cut
from aerostream_contract.times import us_from_iso

from aerostream_sim.errors import LabError, reason
from aerostream_sim.faults import stored
from aerostream_sim.faults.processes import monotonic_s
from aerostream_sim.faults.stored import Content, Drop, Stored

_TIMEOUT_S = 30.0
_MOST_TOLD = 100_000
#: Agents connect and say who they are, and the bridge hears it.
_PATIENCE_S = 30.0
_POLL_S = 0.2
_PROBLEM = "urn:aerostream:problem:"
#: All that there is, whatever a clock that jumps has made of it.
_ALWAYS = {"start": "1970-01-01", "end": "9999-12-31"}


class ApiStore:
    """What a bridge serves; see `stored.Store`.

    Args:
        url: the bridge's, `http[s]://host[:port]`, without a slash at the end.
        drones: ids of the drones.
        patience_s: how long the bridge may take to hear of agents that run.
    """

    def __init__(self, *, url: str, drones: Sequence[str], patience_s: float = _PATIENCE_S) -> None:
        self._url = url
        self._patience_s = patience_s
        self._drones = list(drones)
        # It is the user's own, whatever proxy the environment names for the world.
        self._opener = build_opener(ProxyHandler({}))

    def __str__(self) -> str:
        return f"the API {self._url}"

    def read(self) -> Content:
        """See `Store.read`."""
        samples: defaultdict[str, list[Stored]] = defaultdict(list)
        drops: list[Drop] = []
        for drone in self._drones:
            for each in stored.COUNTED:
                for _, component, time_us, *values in self._rows(drone, each.channel, each.fields):
                    if component == stored.AUTOPILOT:
                        numbers = [float(value) if value else None for value in values]
                        samples[drone].append(each.stored(time_us, numbers))
            for instance, component, time_us, text, data in self._rows(
                drone, stored.EVENTS, stored.EVENT_FIELDS
            ):
                if component == stored.AUTOPILOT:
                    samples[drone] += stored.texts(time_us, text)
                drops += stored.drops(drone, instance, data)
        return Content(dict(samples), drops)

    def known(self) -> list[str]:
        """See `Store.known`; it also asks whether the bridge is ready."""
        ready = self._json("/readyz")
        if "store" not in ready.get("parts", {}):
            raise self._stranger()
        return [
            drone for drone in self._drones if self._json(f"/api/v1/drones/{drone}") is not None
        ]

    def meet(self) -> None:
        """See `Store.meet`; a drone that was deleted is known again when its agent runs."""
        deadline_s = monotonic_s() + self._patience_s
        while len(known := self.known()) < len(self._drones):
            if monotonic_s() > deadline_s:
                stranger = next(drone for drone in self._drones if drone not in known)
                raise LabError(
                    f"{self} does not come to know {stranger}, whose agent runs: is it at the "
                    "same broker?"
                )
            time.sleep(_POLL_S)
        for drone in self.read().samples:
            raise stored.flown_before(drone)

    def mark(self) -> None:
        """See `Store.mark`."""
        return

    def _rows(self, drone: str, channel: str, fields: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Instance, component, time and texts of the fields of every row of a channel."""
        asked = urlencode({"channel": channel, "fields": ",".join(fields), **_ALWAYS})
        answer = self._get(f"/api/v1/drones/{drone}/export?{asked}")
        if answer is None:
            return
        with answer:
            try:
                rows = csv.reader(TextIOWrapper(answer, encoding="utf-8", newline=""))
                if next(rows, None) != ["time", "component", "instance", *fields]:
                    raise self._stranger()
                for time, component, instance, *values in rows:
                    yield instance, int(component), us_from_iso(time), *values
            except (OSError, HTTPException) as error:
                raise self._failed(error) from error
            except ValueError as error:
                raise self._stranger() from error

    def _json(self, path: str) -> Any:
        """The answer to a GET; None where it says that there is no such drone."""
        answer = self._get(path)
        if answer is None:
            return None
        with answer:
            try:
                told = json.loads(answer.read(_MOST_TOLD))
            except (OSError, HTTPException) as error:
                raise self._failed(error) from error
            except ValueError as error:
                raise self._stranger() from error
        if not isinstance(told, dict):
            raise self._stranger()
        return told

    def _get(self, path: str) -> Any:
        """The response of a GET; None where it says that there is no such drone."""
        try:
            return self._opener.open(self._url + path, timeout=_TIMEOUT_S)
        except HTTPError as error:
            problem = _problem(error)
            if problem is None:
                raise self._stranger() from error
            kind, detail = problem
            if kind == "unknown-drone":
                return None
            if kind == "not-found":
                raise self._stranger() from error
            raise LabError(f"{self} says: {detail}") from error
        except (OSError, HTTPException) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> LabError:
        cause = error.reason if isinstance(error, URLError) else error
        why = reason(cause) if isinstance(cause, OSError) else str(cause)
        return LabError(f"{self} cannot be read: {cut(why) or type(error).__name__}")

    def _stranger(self) -> LabError:
        return LabError(
            f"{self._url} does not answer as AeroStream's bridge does: expected the address of "
            "`aerostream-cloud serve` or `bridge`, such as http://127.0.0.1:8000"
        )


def _problem(error: HTTPError) -> tuple[str, str] | None:
    """Kind and detail of a problem document of a bridge; None where the answer is none."""
    with error:
        try:
            told = json.loads(error.read(_MOST_TOLD))
            kind, detail = str(told["type"]), str(told["detail"])
        except (OSError, HTTPException, ValueError, LookupError, TypeError):
            return None
    return (kind.removeprefix(_PROBLEM), cut(detail)) if kind.startswith(_PROBLEM) else None
