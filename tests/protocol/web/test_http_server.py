"""The HTTP server on real sockets: order, bounds, refusals, shared commits, graceful end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from windtunnel.simulator.exchange import Request, Response
from windtunnel.simulator.kernel.clock import SteerableClock
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.web.http_server import HttpServer, Turn, WebLimits

Talk = Callable[[bytes], Awaitable[bytes]]
PATIENCE = 60.0
"""Seconds that only a broken server takes; a busy machine does not."""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


def echo(request: Request) -> Response:
    if request.path == "/slow":
        return Response(200, b"slow", delay_seconds=60.0)
    if request.path == "/drop":
        return Response(0)
    if request.path == "/stream":
        return Response(200, iter([b"one", b"", b"two"]))
    if request.path == "/empty":
        return Response(204)
    text = f"{request.method} {request.path}?{request.query} {len(request.body)}"
    return Response(200, text.encode(), b"x-kind: echo\r\n")


class Rig:
    """A server, its clock, and what the turns committed."""

    def __init__(self, application=echo, limits: WebLimits | None = None) -> None:
        self.commits = self.rollbacks = 0
        self.fail_commit = False
        self.clock = SteerableClock(600.0)
        self.timers = Timers(self.clock)
        self.clock.on_steer(self.timers.run_due)
        turn = Turn(self._commit, self._rollback)
        self.turn = turn
        self.server = HttpServer(application, turn, self.timers, limits=limits)
        self.writers: list[asyncio.StreamWriter] = []

    def _commit(self) -> None:
        self.commits += 1
        if self.fail_commit:
            raise OSError("disk full")

    def _rollback(self) -> None:
        self.rollbacks += 1

    async def __aenter__(self) -> Rig:
        self.timers.attach(asyncio.get_running_loop())
        self.port = await self.server.start("127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self.writers:
            writer.close()
        await self.server.stop(0.5)
        self.timers.detach()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer

    async def talk(self, data: bytes) -> bytes:
        """Send, half-close by `connection: close`, read to the end."""
        reader, writer = await self.connect()
        writer.write(data)
        return await asyncio.wait_for(reader.read(), PATIENCE)


def get(path: str, *lines: str, close: bool = True) -> bytes:
    head = [f"GET {path} HTTP/1.1", "Host: here", *lines]
    if close:
        head.append("Connection: close")
    return ("\r\n".join(head) + "\r\n\r\n").encode()


def run(main: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(main())


def test_a_request_is_answered_with_length_date_and_the_application_s_headers():
    async def main():
        async with Rig() as rig:
            answer = await rig.talk(get("/a%20b?x=1"))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert body == b"GET /a%20b?x=1 0"
        assert head.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
        assert b"\r\nx-kind: echo\r\n" in head
        assert f"content-length: {len(body)}".encode() in head

    run(main)


def test_pipelined_requests_are_answered_in_order_even_behind_a_slow_one():
    async def main():
        async with Rig() as rig:
            data = get("/slow", close=False) + get("/1", close=False) + get("/2")
            answer = await rig.talk(data)
        assert [answer.index(part) for part in (b"slow", b"GET /1", b"GET /2")] == sorted(
            answer.index(part) for part in (b"slow", b"GET /1", b"GET /2")
        )

    run(main)


def test_all_answers_of_a_turn_share_one_commit():
    async def main():
        async with Rig() as rig:
            answer = await rig.talk(get("/1", close=False) * 9 + get("/2"))
            assert answer.count(b"200 OK") == 10
            assert rig.commits == 1

    run(main)


def test_nothing_is_acknowledged_when_the_commit_fails():
    async def main():
        async with Rig() as rig:
            rig.fail_commit = True
            answer = await rig.talk(get("/1"))
            assert answer.startswith(b"HTTP/1.1 500")
            assert b"x-windtunnel-bug: 1" in answer
            assert rig.rollbacks == 1

    run(main)


def test_chunked_and_announced_bodies_arrive_whole():
    async def main():
        async with Rig() as rig:
            chunked = (
                b"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                b"Connection: close\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
            )
            assert (await rig.talk(chunked)).endswith(b"POST /c? 7")
            plain = (
                b"PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd"
            )
            assert (await rig.talk(plain)).endswith(b"PUT /p? 4")

    run(main)


def test_a_client_that_waits_for_100_is_told_to_go_on():
    async def main():
        async with Rig() as rig:
            reader, writer = await rig.connect()
            writer.write(
                b"POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
                b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
            )
            assert await reader.readexactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"ok")
            assert (await reader.read()).endswith(b"POST /e? 2")

    run(main)


def test_head_has_the_length_and_no_body_and_204_has_neither():
    async def main():
        async with Rig() as rig:
            answer = await rig.talk(get("/x").replace(b"GET", b"HEAD", 1))
            assert b"content-length: 10\r\n" in answer
            assert answer.endswith(b"\r\n\r\n")
            assert b"content-length" not in await rig.talk(get("/empty"))

    run(main)


def test_a_long_answer_is_streamed_in_chunks():
    async def main():
        async with Rig() as rig:
            answer = await rig.talk(get("/stream"))
            assert answer.endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")

    run(main)


def test_a_dropped_connection_gets_no_byte():
    async def main():
        async with Rig() as rig:
            assert await rig.talk(get("/drop")) == b""

    run(main)


def test_an_absolute_target_is_taken_by_its_path():
    async def main():
        async with Rig() as rig:
            assert b"GET /p?q=1 0" in await rig.talk(get("http://here:1/p?q=1"))
            assert b"GET /? 0" in await rig.talk(get("http://here"))

    run(main)


HOSTS = ["", "a", "a.example:443", "a:", "127.0.0.1:8367", "[::1]:8377", "x_y", "a%2Db"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_may_be_a_name_an_address_or_empty_with_a_port_or_without(host):
    async def main():
        async with Rig() as rig:
            request = get("/1").replace(b"Host: here", f"Host: {host}".encode())
            assert b"GET /1? 0" in await rig.talk(request)

    run(main)


def test_http_1_0_needs_no_host():
    async def main():
        async with Rig() as rig:
            answer = await rig.talk(b"GET /1 HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(b"GET /1? 0")

    run(main)


def test_each_request_of_a_connection_must_name_its_host():
    async def main():
        async with Rig() as rig:
            first, second = get("/1", close=False), get("/2").replace(b"Host: here\r\n", b"")
            answer = await rig.talk(first + second)
        assert answer.count(b"HTTP/1.1 ") == 2
        assert b"HTTP/1.1 400 " in answer

    run(main)


REFUSED = [
    (b"GARBAGE\r\n\r\n", b"400 Bad Request"),
    (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999\r\n\r\n", b"413 "),
    (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", b"400 "),
    (b"GET http://a/ HTTP/1.1\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: http://a/\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 5000 + b"\r\n\r\n", b"431 "),
    (
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n"
        + b"x" * 1000
        + b"\r\n3e8\r\n"
        + b"x" * 1000,
        b"413 ",
    ),
    (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400 "),
    (
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\n",
        b"400 ",
    ),
    (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", b"400 "),
    (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n", b"400 "),
    (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"400 ",
    ),
    (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1e3\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: " + b"9" * 25 + b"\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost : h\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n", b"400 "),
    (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", b"400 "),
    (b"GET / HTTP/9.9\r\nHost: h\r\n\r\n", b"400 "),
    (b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", b"400 "),
    (b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", b"400 "),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400 "),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400 "),
]


@pytest.mark.parametrize(("data", "status"), REFUSED)
def test_what_is_wrong_or_too_large_is_refused_and_the_connection_closed(data, status):
    async def main():
        limits = WebLimits(header_bytes=4096, body_bytes=1024)
        async with Rig(limits=limits) as rig:
            answer = await rig.talk(data)
        assert answer.split(b"\r\n")[0].startswith(b"HTTP/1.1 " + status), answer
        assert b"connection: close" in answer

    run(main)


def test_an_offered_upgrade_is_declined_and_the_connection_goes_on():
    async def main():
        async with Rig() as rig:
            offer = get("/1", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", close=False)
            answer = await rig.talk(offer + get("/2"))
            assert answer.count(b"200 OK") == 2

    run(main)


def test_a_silent_or_unfinished_connection_is_closed():
    async def main():
        limits = WebLimits(idle_seconds=5, receive_seconds=3)
        async with Rig(limits=limits) as rig:
            idle, _ = await rig.connect()
            unfinished, writer = await rig.connect()
            writer.write(b"GET / HTTP/1.1\r\nHo")
            connections = rig.server.connections
            await until(lambda: sorted(c._receiving for c in connections) == [False, True])
            for connection in list(connections):
                connection.grow_older(5)
                assert not connection._closing, "its data may have come a moment ago"
                connection.grow_older(5)
            assert b"408 Request Timeout" in await asyncio.wait_for(unfinished.read(), PATIENCE)
            assert await asyncio.wait_for(idle.read(), PATIENCE) == b""

    run(main)


def test_a_slow_reader_does_not_make_the_server_hold_everything():
    produced = 0

    def chunks():
        nonlocal produced
        for _ in range(2000):
            produced += 1
            yield b"x" * 65_536

    async def main():
        nonlocal produced
        async with Rig(lambda request: Response(200, chunks())) as rig:
            _, writer = await rig.connect()
            writer.transport.pause_reading()
            writer.write(get("/big"))
            connections = rig.server.connections
            await until(lambda: any(c._writable and not c._writable.is_set() for c in connections))
            held = produced
            for _ in range(20):
                await asyncio.sleep(0)
            assert held == produced < 1500

    run(main)


def test_stopping_lets_the_running_request_end():
    async def main():
        rig = Rig()
        async with rig:
            reader, writer = await rig.connect()
            writer.write(get("/slow", close=False))
            await until(lambda: any(connection._busy for connection in rig.server.connections))
            stopping = asyncio.ensure_future(rig.server.stop(PATIENCE))
            assert b"slow" in await asyncio.wait_for(reader.readuntil(b"slow"), PATIENCE)
            writer.close()
            await stopping

    run(main)


def test_headers_of_one_name_are_joined():
    seen: list[Request] = []

    def application(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    async def main():
        async with Rig(application) as rig:
            await rig.talk(get("/", "Prefer: a", "prefer: b", "Cookie: a=1", "Cookie: b=2"))
        assert seen[0].header("prefer") == "a, b"
        assert seen[0].header("cookie") == "a=1; b=2"
        assert seen[0].base_url == "http://here"

    run(main)


def test_repeated_headers_are_one_object_and_a_changed_one_is_seen():
    seen: list[Request] = []

    def application(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    async def main():
        async with Rig(application) as rig:
            await rig.talk(
                get("/1", "Authorization: Bearer one", "X: a", close=False)
                + get("/2", "Authorization: Bearer one", "X: a", "X: a", close=False)
                + get("/3", "Authorization: Bearer two", "X: b", close=False)
                + get("/4", "Authorization: Bearer two", "x: b")
            )
        tokens = [request.headers[b"authorization"] for request in seen]
        assert tokens == [b"Bearer one", b"Bearer one", b"Bearer two", b"Bearer two"]
        assert tokens[0] is tokens[1]
        assert tokens[2] is tokens[3]
        assert [request.header("x") for request in seen] == ["a", "a, a", "b", "b"]

    run(main)


def test_repeated_headers_count_against_the_limit_too():
    async def main():
        limits = WebLimits(header_bytes=4096)
        async with Rig(limits=limits) as rig:
            halves = ["X: " + "x" * 2000, "Y: " + "y" * 2000]
            many = b"".join(get("/", half, close=False) for half in halves)
            answers = await rig.talk(many + get("/", *halves, "Z: " + "z" * 60))
        assert answers.count(b"HTTP/1.1 200 OK") == 2
        assert b"HTTP/1.1 431 " in answers

    run(main)
