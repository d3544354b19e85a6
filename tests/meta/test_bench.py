"""The benchmark's pure parts: the data set, wrk's output, the figures and the tables."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
MODULES = [
    "dataset",
    "driver",
    "figures",
    "finance_operations",
    "forecast",
    "harness",
    "process",
    "server",
    "tables",
    "windtunnel_server",
]


@pytest.fixture(autouse=True)
def _bench_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture
def bench() -> ModuleType:
    package = import_module("bench")
    for name in MODULES:
        import_module(f"bench.{name}")
    return package


def measured(bench: ModuleType, rate: float, p99: float = 1.0):
    return bench.driver.Measurement(int(rate * 2), 2.0, 0.5, p99, 9.0, cpu_seconds=1.9)


@pytest.fixture
def results(bench: ModuleType):
    found = bench.figures.Results(titles={"windtunnel": "ours", "cap": "CAP", "floor": "floor"})
    for ours, cap, floor in ((40_000, 1_000, 60_000), (44_000, 800, 64_000), (20_000, 900, 62_000)):
        found.add("windtunnel", "GET", measured(bench, ours))
        found.add("cap", "GET", measured(bench, cap, p99=100.0))
        found.add("floor", "GET", measured(bench, floor))
    found.extras["reset_seconds"] = 0.2
    found.about = {"versions": {"uvicorn": "1"}, "records": 10_000, "rounds": 3, "seconds": 2}
    return found


def test_the_data_set_is_the_same_every_time_and_for_every_size(bench: ModuleType) -> None:
    first = list(bench.dataset.records(50))
    assert first == list(bench.dataset.records(80))[:50]
    assert first != list(bench.dataset.records(50, seed=1))
    assert len({row["wt_customerid"] for row in first}) == 50


def test_a_record_has_the_forty_columns_in_their_order_and_types(bench: ModuleType) -> None:
    types = {
        "Edm.String": str,
        "Edm.Guid": str,
        "Edm.DateTimeOffset": str,
        "Edm.Decimal": float,
        "Edm.Int32": int,
        "Edm.Boolean": bool,
    }
    columns = bench.dataset.COLUMNS
    assert len(columns) == 40
    for row in bench.dataset.records(200):
        assert list(row) == [column.name for column in columns]
        for column in columns:
            assert type(row[column.name]) is types[column.edm]
            assert column.edm != "Edm.String" or len(row[column.name]) <= column.length


def test_list_is_asked_in_a_thousand_texts_and_fills_its_page(bench: ModuleType) -> None:
    asked = bench.dataset.lists_asked()
    assert len(set(asked)) == 1_000
    rows = list(bench.dataset.records(10_000))
    for group, above in asked[:20]:
        answer = bench.dataset.list_answer(rows, group, above)
        assert len(answer) == 50


@pytest.mark.parametrize("peer", ["cap/db/schema.cds", "team/app.py"])
def test_each_peer_has_every_column(bench: ModuleType, peer: str) -> None:
    text = (ROOT / "bench" / "peers" / peer).read_text("utf-8")
    assert [column.name for column in bench.dataset.COLUMNS if f"{column.name}" not in text] == []


def test_the_table_given_to_windtunnel_is_well_formed_csdl(bench: ModuleType) -> None:
    for module, more in ((bench.windtunnel_server, []), (bench.finance_operations, ["dataAreaId"])):
        tree = ET.fromstring(module.csdl())  # noqa: S314 - our own text
        names = [element.get("Name") for element in tree.iter() if element.tag.endswith("Property")]
        assert names == [*more, *(column.name for column in bench.dataset.COLUMNS)]


def test_no_two_posts_to_finance_and_operations_have_one_key(bench: ModuleType) -> None:
    server = bench.finance_operations
    bodies = [server._posted({"wt_name": "a"}, number) for number in range(-1, 500)]
    assert len({body["wt_customerid"] for body in bodies}) == 501


class Creating(BaseHTTPRequestHandler):
    """Answers POST as Dataverse does; refuses the record it is told to."""

    protocol_version = "HTTP/1.1"
    created: list[dict[str, object]] = []  # noqa: RUF012 - emptied by each test
    refused = ""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        refused = body["wt_name"] == self.refused
        answer = b'{"error":{"message":"no"}}' if refused else b""
        self.created.append(body)  # before the answer: the client reads the list once it has it
        self.send_response(400 if refused else 204)
        if answer:
            self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def collection(bench: ModuleType):
    Creating.created.clear()
    Creating.refused = ""
    with ThreadingHTTPServer(("127.0.0.1", 0), Creating) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{listening.server_port}"
        yield bench.server.Server(None, url, headers={"Authorization": "Bearer x"})
        listening.shutdown()
        thread.join()


def test_records_are_created_over_the_wire_in_their_order(bench: ModuleType, collection) -> None:
    rows = list(bench.dataset.records(450))
    bench.windtunnel_server.create(collection, rows)
    assert Creating.created == rows


def test_a_record_that_is_refused_ends_the_run(bench: ModuleType, collection) -> None:
    rows = list(bench.dataset.records(20))
    Creating.refused = rows[7]["wt_name"]
    with pytest.raises(bench.driver.BenchFailed, match="400"):
        bench.windtunnel_server.create(collection, rows)


def wrk_output(**changes: float) -> str:
    found = dict.fromkeys(("connect", "read", "write", "status", "timeout"), 0)
    found |= {"requests": 900, "seconds": 2.0, "p50_ms": 1.5, "p99_ms": 3.5, "max_ms": 8.0}
    return "Running 2s test\n  900 requests\n\n" + json.dumps({**found, **changes}) + "\n"


def test_the_line_of_json_that_wrk_prints_is_read(bench: ModuleType) -> None:
    found = bench.driver.read_measurement(wrk_output())
    assert (found.rate, found.p50_ms, found.p99_ms) == (450.0, 1.5, 3.5)


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        ("Running 2s test\n", "no result"),
        (wrk_output(status=3), "status 3"),
        (wrk_output(timeout=1, read=2), "read 2, timeout 1"),
        (wrk_output(requests=0), "no request was answered"),
    ],
)
def test_a_run_with_any_failure_is_no_result(
    bench: ModuleType, output: str, complaint: str
) -> None:
    with pytest.raises(bench.driver.BenchFailed, match=complaint):
        bench.driver.read_measurement(output)


def test_a_workload_is_one_request_a_line(bench: ModuleType, tmp_path: Path) -> None:
    ask = bench.driver.Ask
    bench.driver.write_workload(tmp_path / "w", [ask("GET", "/a"), ask("POST", "/b", b'{"c":1}')])
    assert (tmp_path / "w").read_bytes() == b'GET\t/a\t\nPOST\t/b\t{"c":1}\n'


def test_a_rate_is_the_median_with_the_least_and_the_greatest(bench: ModuleType, results) -> None:
    assert results.rate("windtunnel", "GET") == bench.figures.Spread(40_000, 20_000, 44_000)
    assert results.rate("windtunnel", "LIST") is None
    assert results.ratio("GET", "cap") == pytest.approx(40_000 / 900)
    assert results.p99_ratio("GET", "cap") == pytest.approx(0.01)
    assert results.core_share().median == pytest.approx(0.95)


def test_a_target_is_met_missed_or_not_measured(bench: ModuleType, results) -> None:
    verdicts = {target.text: target.met(results) for target in bench.figures.TARGETS}
    assert verdicts["GET, times cap"] is True
    assert verdicts["p99 of GET, share of cap's"] is True
    assert verdicts["reset, seconds"] is False
    assert verdicts["LIST, times cap"] is None


def test_results_come_back_from_json_as_they_were(bench: ModuleType, results) -> None:
    data = json.loads(json.dumps(bench.figures.to_json(results)))
    assert bench.figures.from_json(data) == results


def test_the_page_keeps_what_stands_outside_its_marks(
    bench: ModuleType, results, tmp_path: Path
) -> None:
    page = tmp_path / "benchmarks.md"
    begin, end = bench.tables.BEGIN, bench.tables.END
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n", "utf-8")
    bench.tables.put_between_marks(page, results)
    text = page.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| ours | 40,000 (20,000..44,000) |" in text
    assert "| CAP | 44.4 |" in text
    bench.tables.put_between_marks(page, results)
    assert page.read_text("utf-8") == text


def test_a_page_without_marks_is_refused(bench: ModuleType, results, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks", "utf-8")
    with pytest.raises(bench.driver.BenchFailed, match="marks"):
        bench.tables.put_between_marks(page, results)


def test_the_committed_page_has_the_marks(bench: ModuleType) -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    assert text.index(bench.tables.BEGIN) < text.index(bench.tables.END)


def test_the_forecast_is_timed_on_each_engine_that_is_there(bench, tmp_path):
    cores = bench.harness.Cores(None, None)
    found = bench.forecast.forecast_times(tmp_path, cores, 1, 1.0, requests=20_000)
    assert bench.figures.FORECAST_SECONDS in found
    assert all(seconds > 0 for seconds in found.values())
