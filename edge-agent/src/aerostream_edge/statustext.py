"""STATUSTEXT messages to whole texts: long ones come in chunks of 50 characters."""

from typing import NamedTuple

from aerostream_contract.mavlink import MESSAGES

from aerostream_edge.mavlink.messages import read_fields, text_of

STATUSTEXT = MESSAGES.named("STATUSTEXT").id
_CHUNK = 50
_PATIENCE_US = 2_000_000


class Text(NamedTuple):
    """A whole text of a component."""

    component: int
    receipt_us: int
    """When its first chunk came."""
    severity: int
    text: str


class _Partial(NamedTuple):
    id: int
    receipt_us: int
    severity: int
    chunks: dict[int, bytes]


class TextJoiner:
    """Joins the chunks of each component; what stays incomplete is given as far as it came."""

    def __init__(self) -> None:
        self._partial: dict[int, _Partial] = {}

    def take(self, component: int, payload: bytes, receipt_us: int) -> list[Text]:
        """Take one STATUSTEXT; give the texts that are whole now."""
        values = read_fields(STATUSTEXT, payload)
        raw = values["text"]
        whole = self.expire(receipt_us)
        partial = self._partial.get(component)
        if partial is not None and partial.id != values["id"]:
            whole.append(self._finish(component))
            partial = None
        if not values["id"]:
            return [*whole, Text(component, receipt_us, values["severity"] & 7, _cleaned(raw))]
        if partial is None:
            partial = _Partial(values["id"], receipt_us, values["severity"] & 7, {})
            self._partial[component] = partial
        partial.chunks[values["chunk_seq"]] = raw
        last = max(partial.chunks)
        if b"\0" in partial.chunks[last] and len(partial.chunks) == last + 1:
            whole.append(self._finish(component))
        return whole

    def expire(self, now_us: int) -> list[Text]:
        """Texts whose next chunk is overdue."""
        return [
            self._finish(component)
            for component, partial in list(self._partial.items())
            if not 0 <= now_us - partial.receipt_us <= _PATIENCE_US
        ]

    def finish(self) -> list[Text]:
        """All that is left, at the end of a link or a log."""
        return [self._finish(component) for component in list(self._partial)]

    def _finish(self, component: int) -> Text:
        partial = self._partial.pop(component)
        chunks = partial.chunks
        raw = b"".join(chunks.get(n, b"[...]") for n in range(max(chunks) + 1))
        return Text(component, partial.receipt_us, partial.severity, _cleaned(raw))


def _cleaned(raw: bytes) -> str:
    """PX4 ends texts with a tab where the same comes as EVENT too."""
    return text_of(raw).rstrip()
