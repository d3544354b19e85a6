"""The pipeline: every stage in its place, faults act, bugs are ours and say so."""

from __future__ import annotations

import runpy
from pathlib import Path

import httpx
import pytest

from windtunnel.simulator.exchange import (
    Absent,
    Exchange,
    Identity,
    Request,
    Response,
    ServiceError,
    header_lines,
)
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.journal import Journal
from windtunnel.simulator.web.asgi import AsgiApplication, DroppedConnection
from windtunnel.simulator.web.faults import FaultRule, Faults
from windtunnel.simulator.web.pipeline import Surroundings, build


class Refused(ServiceError):
    status = 401
    code = "no_token"
    text = "Who are you, {who}?"


class TooMany(ServiceError):
    status = 429
    code = "too_many"
    text = "Slow down."


class Desk:
    """A guarded service that notes what was called."""

    name = "desk"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.throttled = False

    def authenticate(self, exchange: Exchange) -> None:
        self.calls.append("authenticate")
        if not exchange.request.header("authorization"):
            raise Refused(who="stranger")
        exchange.identity = Identity("u1", "Ann", "app1")

    def admit(self, exchange: Exchange) -> None:
        self.calls.append("admit")
        if self.throttled:
            exchange.throttled_by = "desk.requests"
            raise TooMany(headers={"Retry-After": "7"})

    def handle(self, exchange: Exchange) -> Response:
        self.calls.append("handle")
        path = exchange.request.path
        if path == "/bug":
            raise RuntimeError("oops")
        if path == "/absent":
            raise Absent("search")
        if path == "/wrong":
            raise Refused(who="Ann")
        return Response(200, b"0123456789")

    def settle(self, exchange: Exchange, response: Response) -> None:
        self.calls.append(f"settle {response.status}")

    def render_error(self, error: ServiceError, exchange: Exchange) -> Response:
        body = f"{error.code}: {error.message}".encode()
        return Response(error.status, body, header_lines(error.headers))


class Rig:
    def __init__(self) -> None:
        self.desk, self.journal = Desk(), Journal(entries=3, body_bytes=4)
        self.faults = Faults(Ids())
        self.aborted = 0
        self.app = build(
            self.desk,
            Surroundings(ManualClock(5.0), self.journal, self.faults, self._abort),
        )

    def _abort(self) -> None:
        self.aborted += 1

    def get(self, path: str = "/", *, token: bool = True, method: str = "GET") -> Response:
        headers = {b"authorization": b"Bearer secret", b"host": b"h"} if token else {b"host": b"h"}
        return self.app(Request(method, path, "q=1", headers, b"a body"))


@pytest.fixture
def rig():
    return Rig()


def test_stages_run_in_order(rig):
    assert rig.get().status == 200
    assert rig.desk.calls == ["authenticate", "admit", "handle", "settle 200"]


def test_a_stranger_is_refused_before_anything_is_counted(rig):
    answer = rig.get(token=False)
    assert (answer.status, answer.body) == (401, b"no_token: Who are you, stranger?")
    assert rig.desk.calls == ["authenticate"]


def test_a_refused_request_is_not_handled_and_is_journaled_with_its_limit(rig):
    rig.desk.throttled = True
    answer = rig.get()
    assert (answer.status, answer.head) == (429, b"Retry-After: 7\r\n")
    assert rig.desk.calls == ["authenticate", "admit"]
    [entry] = rig.journal
    assert entry.summary()["throttled_by"] == "desk.requests"


def test_an_error_of_the_handler_is_settled_too(rig):
    assert rig.get("/wrong").status == 401
    assert rig.desk.calls[-1] == "settle 401"


def test_a_bug_is_500_with_our_header_and_undoes_the_turn(rig, caplog):
    answer = rig.get("/bug")
    assert answer.status == 500
    assert b"x-windtunnel-bug: 1" in answer.head
    assert rig.aborted == 1
    assert "RuntimeError: oops" in caplog.text


def test_what_is_absent_answers_501_by_name_and_is_counted(rig):
    answer = rig.get("/absent")
    assert answer.status == 501
    assert b"x-windtunnel-absent: search" in answer.head
    assert next(iter(rig.journal)).summary()["absent"] == "search"


def test_the_journal_is_bounded_and_hides_the_token(rig):
    for number in range(5):
        rig.get(f"/{number}")
    assert [entry.exchange.request.path for entry in rig.journal] == ["/2", "/3", "/4"]
    assert (len(rig.journal), rig.journal.count) == (3, 5)
    detail = list(rig.journal)[-1].detail()
    assert detail["request_headers"]["authorization"] == "(not kept)"
    assert (detail["request_body"], detail["response_body"]) == ("a bo", "0123")
    assert (detail["url"], detail["at"], detail["identity"]) == ("http://h/4?q=1", 5.0, "u1")
    rig.journal.clear()
    assert rig.journal.count == 0


def test_listeners_of_the_journal_can_leave(rig):
    heard = []
    stop = rig.journal.listen(heard.append)
    rig.get()
    stop()
    rig.get()
    assert len(heard) == 1


def test_an_error_fault_answers_instead_of_the_service_so_many_times(rig):
    rig.faults.add(
        FaultRule(path="^/x", status=503, code="busy", headers={"Retry-After": "9"}, times=2)
    )
    statuses = [rig.get("/x").status for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert rig.faults.listed()[0]["hits"] == 2
    assert rig.get("/y").status == 200


def test_a_fault_can_have_its_own_body(rig):
    rig.faults.add(FaultRule(status=502, body="<html>bad gateway</html>"))
    assert rig.get().body == b"<html>bad gateway</html>"


ACTIONS = [
    ("drop_before", 0, False),
    ("drop_after", 0, True),
    ("truncate", 200, True),
    ("delay", 200, True),
]


@pytest.mark.parametrize(("action", "status", "handled"), ACTIONS)
def test_other_faults_act_before_or_after_the_work(rig, action, status, handled):
    rig.faults.add(FaultRule.model_validate({"action": action, "delay_seconds": 3.0}))
    answer = rig.get()
    assert answer.status == status
    assert ("handle" in rig.desk.calls) is handled
    if action == "truncate":
        assert answer.body == b"01234"
    if action == "delay":
        assert answer.delay_seconds == 3.0


def test_a_fault_matches_by_service_method_identity_and_skips(rig):
    rig.faults.add(FaultRule(service="other"))
    rig.faults.add(FaultRule(method="POST"))
    rig.faults.add(FaultRule(identity="nobody"))
    rig.faults.add(FaultRule(identity="app1", skip=1, probability=1.0))
    assert [rig.get().status for _ in range(2)] == [200, 503]


def test_a_fault_by_chance_acts_sometimes(rig):
    rig.faults.add(FaultRule(probability=0.5))
    statuses = {rig.get().status for _ in range(50)}
    assert statuses == {200, 503}


def test_faults_are_removed_by_id_and_all_at_once(rig):
    first = rig.faults.add(FaultRule())
    rig.faults.add(FaultRule(id="mine"))
    assert rig.faults.remove(first.id)
    assert not rig.faults.remove("unknown")
    rig.faults.clear()
    assert not rig.faults.armed


def test_a_wrong_pattern_is_refused():
    with pytest.raises(ValueError, match="regular expression"):
        FaultRule(path="(")


def test_the_benchmark_measures_without_guard_and_journal(rig):
    root = Path(__file__).parents[3]
    without_guards = runpy.run_path(str(root / "bench" / "without_guards.py"))
    around = Surroundings(ManualClock(), rig.journal, rig.faults, rig._abort)
    bare = without_guards["build"](rig.desk, around, whole=build)
    assert bare(Request("GET", "/")).status == 200
    assert bare(Request("GET", "/wrong")).body == b"no_token: Who are you, Ann?"
    assert rig.desk.calls == ["handle", "handle"]
    assert len(rig.journal) == 0


def test_the_journal_tells_its_listeners_and_says_streamed_of_a_stream():
    journal, heard = Journal(entries=2), []
    stop = journal.listen(heard.append)
    request = Request("GET", "/", headers={b"host": b"h"})
    journal.record(Exchange(request, "desk", 1.0), Response(200, iter([b"a"]), b"x: y\r\n"), 0.5)
    stop()
    journal.record(Exchange(request, "desk", 2.0), Response(204), 0.5)
    [entry] = heard
    assert (entry.number, entry.status, entry.seconds) == (1, 200, 0.5)
    assert entry.detail()["response_body"] == "(streamed)"
    assert entry.detail()["response_headers"] == [["x", "y"]]
    assert [kept.number for kept in journal] == [1, 2]


def test_header_lines_refuse_injection():
    for value in ("a\r\nb: c", "a\nb", "a\0"):
        with pytest.raises(ValueError, match="line break"):
            header_lines({"x": value})


def test_the_same_application_runs_as_asgi(rig):
    import asyncio

    commits = []

    async def main() -> None:
        transport = httpx.ASGITransport(AsgiApplication(rig.app, lambda: commits.append(1)))
        async with httpx.AsyncClient(transport=transport, base_url="http://h") as client:
            answer = await client.post("/", headers={"authorization": "x"}, content=b"abc")
            assert answer.content == b"0123456789"
            assert answer.headers["content-length"] == "10"
            rig.faults.add(FaultRule(action="drop_before"))
            with pytest.raises(DroppedConnection):
                await client.get("/", headers={"authorization": "x"})

    asyncio.run(main())
    assert commits == [1, 1]
