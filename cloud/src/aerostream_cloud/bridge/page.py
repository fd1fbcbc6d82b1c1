"""The page: files of the web build, and a sentence where it was not built."""

import asyncio
import gzip
import mimetypes
from pathlib import Path

from aerostream_contract.errors import shown
from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from aerostream_cloud.bridge.api.answers import takes_gzip
from aerostream_cloud.bridge.problems import ApiProblem, ProblemKind

PAGE_FILES = Path(__file__).parent / "page_files"

_TYPES = {
    ".css": "text/css",
    ".geojson": "application/geo+json",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".pbf": "application/x-protobuf",
    ".pmtiles": "application/vnd.pmtiles",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_TEXTS = {".css", ".geojson", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".webmanifest"}
#: Their names hold a hash of their content.
_HASHED_FOLDER = "assets"
_HASHED, _MAY_CHANGE = "public, max-age=31536000, immutable", "no-cache"
_SMALLEST_COMPRESSED, _LARGEST_COMPRESSED = 1024, 8 * 1024 * 1024

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>AeroStream</title>
<body style="font: 16px/1.5 system-ui, sans-serif; margin: 3rem; max-width: 40rem">
<h1>The page is not built</h1>
<p>Run <code>make web</code> in AeroStream's folder and load this page again.
The <a href="/docs">REST interface</a> is there already.</p>
"""


class PageFiles:
    """Files of a folder as responses; what is compressed is kept, for it is asked for again.

    Args:
        folder: the web build.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._compressed: dict[tuple[Path, int], bytes] = {}

    async def response(self, path: str, request: Request) -> Response:
        """The file at a path of the URL, `` for the page itself.

        Raises:
            ApiProblem: there is none.
        """
        file = self._find(path or "index.html")
        if file is None:
            if not path:
                return HTMLResponse(_NOT_BUILT, headers={"cache-control": _MAY_CHANGE})
            address = shown(f"/{path}")[1:-1]
            raise ApiProblem(ProblemKind.NOT_FOUND, f"there is nothing at {address}")
        suffix = file.suffix.lower()
        media_type = _TYPES.get(suffix) or mimetypes.guess_type(file.name)[0]
        hashed = file.relative_to(self._folder).parts[0] == _HASHED_FOLDER
        headers = {"cache-control": _HASHED if hashed else _MAY_CHANGE}
        if suffix in _TEXTS:
            headers["vary"] = "Accept-Encoding"
            size = file.stat().st_size
            if takes_gzip(request) and _SMALLEST_COMPRESSED <= size <= _LARGEST_COMPRESSED:
                headers["content-encoding"] = "gzip"
                body = await self._gzipped(file)
                return Response(body, media_type=media_type, headers=headers)
        return FileResponse(
            file, media_type=media_type or "application/octet-stream", headers=headers
        )

    def _find(self, path: str) -> Path | None:
        """The file of that name below the folder, where there is one."""
        try:
            file = (self._folder / path).resolve()
            found = file.is_relative_to(self._folder) and file.is_file()
        except (ValueError, OSError):  # no file can have such a name: a NUL in it, or too long
            return None
        return file if found else None

    async def _gzipped(self, file: Path) -> bytes:
        key = (file, file.stat().st_mtime_ns)
        if key not in self._compressed:
            stale = [each for each in self._compressed if each[0] == file]
            self._compressed[key] = await asyncio.to_thread(
                lambda: gzip.compress(file.read_bytes(), mtime=0)
            )
            for each in stale:
                self._compressed.pop(each, None)
        return self._compressed[key]


def page_files_routes(*, files: PageFiles) -> APIRouter:
    """Everything that no other route serves; include it last."""
    router = APIRouter(include_in_schema=False)

    @router.get("/{path:path}")
    async def page_file(path: str, request: Request) -> Response:
        return await files.response(path, request)

    return router
