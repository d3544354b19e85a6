"""How a body leaves: over sockets, to receivers that are slow, gone, strange or not trusted."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from windtunnel.simulator.services.business_events.poster import HttpPoster

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def says(head: bytes, body: bytes = b"") -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 " + head + b"\r\n\r\n" + body)
        await writer.drain()

    return answer


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@asynccontextmanager
async def receiver(
    answer: Answer, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[tuple[str, bytes, object]]]]:
    """A server's URL, and what it got: head, body, who sent it."""
    got: list[tuple[str, bytes, object]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.partition("content-length: ")[2].partition("\r")[0])
                peer = writer.get_extra_info("peername")
                got.append((head, await reader.readexactly(length), peer))
                await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # asyncio of Python 3.11 takes a canceled handler for a broken one
        finally:
            writer.transport.abort()  # what nobody reads any more must not keep it open

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    host = "localhost" if tls else "127.0.0.1"
    scheme = "https" if tls else "http"
    try:
        yield f"{scheme}://{host}:{server.sockets[0].getsockname()[1]}/hook?code=1", got
    finally:
        await turns(5)  # who came gets a handler: between that and the close its socket is nobody's
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await turns(5)  # what is closed lets go of its socket in a later turn


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def post(poster: HttpPoster, url: str, seconds: float = 60.0) -> int:
    try:
        return await poster(url, b'{"a":1}', seconds)
    finally:
        await poster.close()


def test_the_body_goes_out_as_json():
    async def main() -> None:
        async with receiver(says(b"202 Accepted\r\ncontent-length: 0")) as (url, got):
            assert await post(HttpPoster(), url) == 202
        [(head, body, _)] = got
        assert head.startswith("post /hook?code=1 http/1.1\r\n")
        assert "content-type: application/json" in head
        assert json.loads(body) == {"a": 1}

    asyncio.run(main())


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"200 OK\r\ncontent-length: 0", 200),
        (b"302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0", 302),
        (b"401 Unauthorized\r\ncontent-length: 0", 401),
        (b"599 Own\r\ncontent-length: 0", 599),
    ],
)
def test_the_status_comes_back_and_redirects_are_not_followed(head, status):
    async def main() -> None:
        async with receiver(says(head)) as (url, got):
            assert await post(HttpPoster(), url) == status
        assert len(got) == 1

    asyncio.run(main())


def test_one_connection_serves_many_posts():
    async def main() -> None:
        async with receiver(says(b"200 OK\r\ncontent-length: 2", b"ok")) as (url, got):
            poster = HttpPoster()
            for _ in range(3):
                assert await poster(url, b"{}", 60.0) == 200
            await poster.close()
        assert len(got) == 3
        assert len({peer for _, _, peer in got}) == 1

    asyncio.run(main())


def test_a_long_answer_is_not_read_to_its_end():
    async def main() -> None:
        body = b"x" * 4_000_000
        head = b"200 OK\r\ncontent-length: " + str(10 * len(body)).encode()
        async with receiver(says(head, body)) as (url, _):
            assert await post(HttpPoster(), url) == 200

    asyncio.run(main())


@pytest.mark.parametrize("answer", [never, drips], ids=["never answers", "drips"])
def test_a_slow_receiver_is_given_up(answer):
    async def main() -> None:
        async with receiver(answer) as (url, _):
            with pytest.raises(OSError, match=r"timed out\. \(0\.2 s\)"):
                await post(HttpPoster(), url, 0.2)

    asyncio.run(main())


@pytest.mark.parametrize(
    "answer",
    [hangs_up, says(b"not HTTP at all"), says(b"200 OK\r\ncontent-length: x")],
    ids=["hangs up", "no HTTP", "bad length"],
)
def test_a_strange_receiver_is_an_error_of_sending(answer):
    async def main() -> None:
        async with receiver(answer) as (url, _):
            with pytest.raises(OSError, match="An error occurred while sending the request"):
                await post(HttpPoster(), url)

    asyncio.run(main())


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://[::"])
def test_nobody_there_is_an_error_of_sending(url):
    async def main() -> None:
        with pytest.raises(OSError, match="An error occurred while sending the request"):
            await post(HttpPoster(), url)

    asyncio.run(main())


def _server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def test_the_local_authority_is_trusted(authority, ca_file):
    async def main() -> None:
        async with receiver(says(b"200 OK\r\ncontent-length: 0"), _server_context(authority)) as (
            url,
            _,
        ):
            assert await post(HttpPoster(lambda: ca_file), url) == 200

    asyncio.run(main())


def test_an_unknown_authority_is_not_trusted(authority):
    async def main() -> None:
        async with receiver(never, _server_context(authority)) as (url, _):
            with pytest.raises(OSError, match="Could not establish trust relationship"):
                await post(HttpPoster(), url)

    asyncio.run(main())


def test_a_receiver_without_tls_1_2_is_refused(authority, ca_file):
    context = _server_context(authority)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")

    async def main() -> None:
        async with receiver(never, context) as (url, _):
            with pytest.raises(OSError, match="Could not establish trust relationship"):
                await post(HttpPoster(lambda: ca_file), url)

    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    asyncio.run(main())
