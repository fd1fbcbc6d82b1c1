"""Answers go out in pieces, as fast as they are taken, and only so many large ones at a time."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aerostream_cloud.bridge.api.answers import HEAD_ONLY
from aerostream_cloud.bridge.problems import ApiProblem, ProblemKind, problem_response

LARGE_BYTES = 1024 * 1024
"""From here on an answer counts as large; the others together are little."""
MOST_BYTES = 64 * 1024 * 1024
"""Of all large answers that are being sent: clients that do not read keep them in memory."""
_PIECE_BYTES = 64 * 1024


class LargeAnswers:
    """Wraps an app.

    Args:
        app: what answers.
        large_bytes: see `LARGE_BYTES`.
        most_bytes: see `MOST_BYTES`; one answer alone may be larger.
    """

    def __init__(
        self, app: ASGIApp, *, large_bytes: int = LARGE_BYTES, most_bytes: int = MOST_BYTES
    ) -> None:
        self._app = app
        self._large_bytes = large_bytes
        self._most_bytes = most_bytes
        self.sending_bytes = 0
        """Of large answers, now."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope.get(HEAD_ONLY):
            await self._app(scope, receive, send)
            return
        answer = _Answer(self, scope, receive, send)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            self.sending_bytes -= answer.counted_bytes

    def takes(self, size: int) -> bool:
        """Whether an answer of so many bytes may begin."""
        if size < self._large_bytes or not self.sending_bytes:
            return True
        return self.sending_bytes + size <= self._most_bytes

    def counted(self, size: int) -> int:
        """What a part of that size counts."""
        return size if size >= self._large_bytes else 0


class _Answer:
    """One answer on its way."""

    def __init__(self, all_: LargeAnswers, scope: Scope, receive: Receive, send: Send) -> None:
        self._all = all_
        self._scope = scope
        self._receive = receive
        self._send = send
        self._start: Message | None = None
        self._refused = False
        self.counted_bytes = 0

    async def send(self, message: Message) -> None:
        """Send a part; a refused answer goes nowhere, and its app is told of a disconnection."""
        # Where nothing waits, because the client is gone or quick, others have their turn, and a
        # stream is told that it is not wanted any more.
        await asyncio.sleep(0)
        if self._refused:
            return
        if message["type"] == "http.response.start":
            self._start = message  # until it is known how large the answer is
            return
        body: bytes = message.get("body", b"")
        if self._start is not None:
            start, self._start = self._start, None
            if not self._all.takes(len(body)):
                self._refused = True
                await problem_response(_TOO_MUCH.problem)(self._scope, self._receive, self._send)
                return
            await self._send(start)
        counted_bytes = self._all.counted(len(body))
        self._all.sending_bytes += counted_bytes - self.counted_bytes
        self.counted_bytes = counted_bytes
        last = max(0, len(body) - 1) // _PIECE_BYTES * _PIECE_BYTES
        for begin in range(0, last, _PIECE_BYTES):
            # The server waits here until the client has taken most of what came before.
            piece = body[begin : begin + _PIECE_BYTES]
            await self._send({**message, "body": piece, "more_body": True})
        await self._send({**message, "body": body[last:]})


_TOO_MUCH = ApiProblem(
    ProblemKind.TOO_MUCH, "many large answers are being sent; ask for less, or again later"
)
