"""Real sockets and processes on the loopback interface: listeners, commands, the environment."""

from __future__ import annotations

import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from windtunnel.contracts.results import Outcome
from windtunnel.scenarios.document import Endpoint
from windtunnel.scenarios.environment import Environment, read_env_file, read_targets
from windtunnel.scenarios.errors import UsageError
from windtunnel.scenarios.failure_text import scenario_text
from windtunnel.scenarios.listening import Listener
from windtunnel.scenarios.runner import run_scenario


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections: set[tuple[str, int]]

    def do_GET(self):
        self.connections.add(self.client_address)
        if self.path == "/drop":
            self.close_connection = True
            return
        body = b'{"path": "%s"}' % self.path.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def echo():
    handler = type("Handler", (Echo,), {"connections": set()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def run(document, variables=None):
    with Environment(variables or {}) as environment:
        return run_scenario(document, environment)


def test_calls_share_one_connection_and_a_dropped_one_is_seen(make_scenario, echo, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    result = run(
        make_scenario(f"""
steps:
  - repeat:
      times: 3
      steps:
        - call: {{url: "{echo.url}/a?b=1", query: {{"$filter": "a eq 'x y'"}}}}
        - expect_response: {{json: {{path: "/a?b=1&$filter=a%20eq%20'x%20y'"}}}}
  - call: {{url: "{echo.url}/drop", dropped: true}}
  - call: {{url: "{echo.url}/a", dropped: true}}
""")
    )
    assert result.steps[-1].outcome is Outcome.FAILED, scenario_text(result)
    assert [step.outcome for step in result.steps[:-1]] == [Outcome.PASSED] * 8
    assert len(echo.RequestHandlerClass.connections) <= 2


def test_an_event_arrives_at_an_endpoint_of_the_runner(make_scenario):
    result = run(
        make_scenario("""
listen:
  erp: {replies: [503, 202]}
steps:
  - repeat:
      times: 2
      steps:
        - call:
            name: sent
            method: POST
            url: ${listen.erp.url}/in
            json: {BusinessEventId: Changed, SalesId: "${repeat.number}"}
  - expect_response: {of: sent, status: 202}
  - expect_event: {at: erp, event: Changed, count: 2, within: 2s}
  - expect_event: {at: erp, payload: {SalesId: 2}, headers: {content-type: application/json}}
  - expect_event: {at: erp, event: Other, within: 50ms}
""")
    )
    text = scenario_text(result)
    assert result.steps[-1].outcome is Outcome.FAILED, text
    assert [step.outcome for step in result.steps[:-1]] == [Outcome.PASSED] * 6, text
    assert 'expected "Other"' in text
    assert "2 events at http://127.0.0.1:" in text


def test_an_endpoint_speaks_tls_with_its_own_authority():
    listener = Listener("safe", Endpoint(tls=True, body="hello"), lambda: 1.0)
    try:
        context = ssl.create_default_context(cafile=listener.ca_file)
        with httpx.Client(verify=context, trust_env=False) as client:
            chunks = iter([b"ab", b"cd"])
            assert client.post(f"{listener.url}/x", content=chunks).text == "hello"
        assert [request.body for request in listener.received()] == [b"abcd"]
    finally:
        listener.close()


def test_a_command_runs_with_the_variables_and_its_output_is_kept(make_scenario):
    result = run(
        make_scenario("""
steps:
  - run_integration:
      name: job
      command: ["${python}", -c, "import os; print(os.environ['WT_X'], os.environ['MORE'])"]
      env: {MORE: "${1 + 1}"}
      output: {$contains: "here 2"}
  - run_integration:
      command: ["${python}", -c, "print('no good'); raise SystemExit(3)"]
"""),
        {"WT_X": "here"},
    )
    assert result.outcome is Outcome.FAILED
    failed = result.steps[-1]
    assert (failed.mismatches[0].path, failed.mismatches[0].actual) == ("exit_code", 3)
    assert "no good" in failed.message


SERVER = """
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'up')
    def log_message(self, *a): pass
s = http.server.HTTPServer(('127.0.0.1', 0), H)
print('port', s.server_address[1], flush=True)
s.serve_forever()
"""


def test_a_service_is_started_waited_for_and_ended(make_scenario, tmp_path):
    (tmp_path / "service.py").write_text(SERVER, "utf-8")
    result = run(
        make_scenario("""
steps:
  - run_integration: {name: s, command: "${python} service.py", ready: {output: 'port \\d+'}}
  - run_integration: {name: never, command: "${python} service.py", ready: {output: xyz},
                      within: 200ms}
""")
    )
    assert [step.outcome.value for step in result.steps] == ["passed", "failed"]
    assert "was not ready within 0.2 s" in result.steps[1].mismatches[0].message
    result = run(
        make_scenario("""
steps:
  - run_integration: {name: s, command: "${python} service.py", ready: {output: 'port \\d+'}}
  - run_integration: {stop: s, kill: true, exit_code: {$not: 0}}
""")
    )
    assert result.outcome is Outcome.PASSED, scenario_text(result)


def test_a_command_that_does_not_end_is_ended(make_scenario):
    result = run(
        make_scenario("""
steps:
  - run_integration:
      command: ["${python}", -c, "import threading; threading.Event().wait()"]
      within: 100ms
""")
    )
    assert "did not end within 0.1 s" in result.steps[0].mismatches[0].message


def test_an_env_file_is_read_and_targets_beat_it(tmp_path):
    file = tmp_path / "env"
    file.write_text("# made\nWT_FO_URL=https://a=b\n\nWT_X = 1\n", "utf-8")
    assert read_env_file(file) == {"WT_FO_URL": "https://a=b", "WT_X": "1"}
    assert read_targets(["fo=https://x", "WT_Y=z"]) == {"WT_FO_URL": "https://x", "WT_Y": "z"}


@pytest.mark.parametrize("target", ["fo", "nowhere=https://x", "fo="])
def test_a_wrong_target_is_refused(target):
    with pytest.raises(UsageError):
        read_targets([target])


def test_a_wrong_env_file_names_its_line(tmp_path):
    file = tmp_path / "env"
    file.write_text("A=1\nnonsense\n", "utf-8")
    with pytest.raises(UsageError, match=r"env:2: not a KEY=VALUE line"):
        read_env_file(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read_env_file(tmp_path / "none")
    with pytest.raises(UsageError, match="WT_CA_FILE"):
        Environment({"WT_CA_FILE": str(tmp_path / "no.pem")})


def test_python_of_templates_is_this_one(make_scenario):
    version = sys.version.split()[0]
    result = run(
        make_scenario(f"""
steps:
  - run_integration: {{command: ["${{python}}", -V], output: {{$contains: "{version}"}}}}
""")
    )
    assert result.outcome is Outcome.PASSED, scenario_text(result)
