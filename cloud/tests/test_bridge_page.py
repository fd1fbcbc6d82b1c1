"""The page's files and the headers of every answer, over the app without a server."""

import gzip
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import httpx
import msgspec
import pytest
import structlog
from aerostream_cloud.bridge.faults import handle_faults
from aerostream_cloud.bridge.front import Front, is_our_name
from aerostream_cloud.bridge.metrics import RestMetrics
from aerostream_cloud.bridge.page import PageFiles, page_files_routes
from aerostream_cloud.settings import CloudSettings
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

MakeClient = Callable[..., httpx.AsyncClient]
SCRIPT = "console.log('hello');\n" * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "page_files"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><p>page" + " " * 2000)
    (folder / "assets/index-abc123.js").write_text(SCRIPT)
    for name in ("world.pmtiles", "glyphs.pbf", "map.wasm", "style.json", "logo.svg"):
        (folder / name).write_bytes(b"0123456789")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[MakeClient]:
    def make(
        files: Path = folder,
        registry: CollectorRegistry | None = None,
        map_sources: Sequence[str] = (),
    ) -> httpx.AsyncClient:
        app = FastAPI()
        log = structlog.get_logger()
        handle_faults(app, log)

        @app.get("/mistake")
        async def mistake() -> None:
            raise RuntimeError("a secret of ours")

        app.include_router(page_files_routes(files=PageFiles(files)))
        front = Front(
            app,
            metrics=RestMetrics(registry or CollectorRegistry()),
            map_sources=map_sources,
            names={"fleet.example.com"},
            log=log,
        )
        transport = httpx.ASGITransport(front)
        made = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")
        clients.append(made)
        return made

    clients: list[httpx.AsyncClient] = []
    yield make
    for each in clients:
        await each.aclose()


async def test_the_page_may_change_and_its_hashed_files_may_not(client: MakeClient) -> None:
    page = await client().get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    script = await client().get("/assets/index-abc123.js")
    assert script.text == SCRIPT
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]


@pytest.mark.parametrize("coding", ["gzip", "br, gzip;q=0.8", "*"])
async def test_texts_are_compressed_once_for_those_who_take_it(
    client: MakeClient, folder: Path, coding: str
) -> None:
    one = client()
    for text in (SCRIPT, SCRIPT + "// changed"):
        (folder / "assets/index-abc123.js").write_text(text)
        async with one.stream(
            "GET", "/assets/index-abc123.js", headers={"accept-encoding": coding}
        ) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert gzip.decompress(raw).decode() == text


@pytest.mark.parametrize("coding", ["identity", "gzip;q=0", ""])
async def test_others_get_them_as_they_are(client: MakeClient, coding: str) -> None:
    answer = await client().get("/assets/index-abc123.js", headers={"accept-encoding": coding})
    assert "content-encoding" not in answer.headers
    assert answer.text == SCRIPT


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("world.pmtiles", "application/vnd.pmtiles"),
        ("glyphs.pbf", "application/x-protobuf"),
        ("map.wasm", "application/wasm"),
        ("style.json", "application/json"),
        ("logo.svg", "image/svg+xml"),
    ],
)
async def test_files_have_the_type_that_a_browser_expects(
    client: MakeClient, name: str, media_type: str
) -> None:
    answer = await client().get(f"/{name}")
    assert answer.headers["content-type"].partition(";")[0] == media_type


async def test_a_part_of_a_map_archive_can_be_asked_for(client: MakeClient) -> None:
    answer = await client().get("/world.pmtiles", headers={"range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (206, b"234")


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets", "/x.js"],
)
async def test_nothing_outside_and_no_folder_is_served(client: MakeClient, path: str) -> None:
    answer = await client().get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/%00", "/" + 300 * "a", "/assets" + 3000 * "/a"])
async def test_a_name_that_no_file_can_have_is_not_found(client: MakeClient, path: str) -> None:
    answer = await client().get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 600


async def test_where_the_page_is_not_built_a_sentence_says_how(
    client: MakeClient, tmp_path: Path
) -> None:
    answer = await client(tmp_path / "nothing").get("/")
    assert answer.status_code == 200
    assert "make web" in answer.text


async def test_every_answer_has_the_security_headers(client: MakeClient) -> None:
    for path in ("/", "/nothing", "/mistake"):
        headers = (await client().get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy


async def test_methods_that_somebody_makes_up_are_counted_as_one(client: MakeClient) -> None:
    registry = CollectorRegistry()
    one = client(registry=registry)
    for method in ("GET", "HEAD", "FOO1", "FOO2"):
        await one.request(method, "/index.html")
    counted = {
        sample.labels["method"]: sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "aerostream_bridge_requests_total"
    }
    assert counted == {"GET": 1, "HEAD": 1, "other": 2}


async def test_the_map_may_load_from_its_origins_and_from_no_other(
    client: MakeClient, tmp_path: Path
) -> None:
    settings = CloudSettings(
        data_dir=tmp_path,
        map_style="https://Tiles.example.org:8443/styles/streets.json?key=k",
        map_origins="https://fonts.example.org, https://a.example.net,https://fonts.example.org",
    )
    made = client(map_sources=settings.map_sources)
    policy = (await made.get("/")).headers["content-security-policy"]
    expected = [
        "https://tiles.example.org:8443",
        "https://fonts.example.org",
        "https://a.example.net",
    ]
    for kind in ("img-src", "connect-src", "font-src"):
        [part] = [each for each in policy.split("; ") if each.startswith(kind)]
        assert [each for each in part.split() if each.startswith("http")] == expected
    assert "script-src 'self';" in policy
    assert policy.count("http") == 9


async def test_a_mistake_of_ours_is_a_problem_without_its_details(
    client: MakeClient, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = await client().get("/mistake")
    assert answer.status_code == 500
    assert msgspec.json.decode(answer.content)["type"] == "urn:aerostream:problem:internal"
    assert "secret" not in answer.text
    assert "a secret of ours" in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("192.168.1.5", True),
        ("localhost:8000", True),
        ("drones.localhost", True),
        ("fleet.example.com", True),
        ("", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example:8000", False),
        ("[::1", False),
    ],
)
async def test_only_our_names_are_answered_for(client: MakeClient, host: str, ours: bool) -> None:
    assert is_our_name(host, {"fleet.example.com"}) is ours
    answer = await client().get("/", headers={"host": host})
    assert answer.status_code == (200 if ours else 421)
