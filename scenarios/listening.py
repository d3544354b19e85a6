"""Endpoints the runner opens on the loopback interface, for events and webhooks."""

from __future__ import annotations

import json
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from windtunnel.scenarios.document import Endpoint

MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """One request that came in, and the status it was answered with."""

    at: float
    method: str
    path: str
    headers: httpx.Headers
    body: bytes
    status: int

    def payload(self) -> Any:
        """The body as JSON, or its text."""
        text = self.body.decode("utf-8-sig", "replace")
        try:
            return json.loads(text)
        except ValueError:
            return text


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that breaks off is the sender's affair; anything else is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Listener:
    """An HTTP or HTTPS endpoint on a free loopback port; it keeps all it receives."""

    def __init__(self, name: str, endpoint: Endpoint, moment: Callable[[], float]) -> None:
        self.name = name
        self._endpoint = endpoint
        self._moment = moment
        self._lock = threading.Lock()
        self._received: list[Received] = []
        self._folder = tempfile.TemporaryDirectory(prefix="windtunnel-listen-")
        self.ca_file = ""
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if endpoint.tls:
            self._server.socket = self._tls().wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme, host = ("https", "localhost") if endpoint.tls else ("http", "127.0.0.1")
        self.url = f"{scheme}://{host}:{self._server.server_address[1]}/{name}"
        serve = {"poll_interval": 0.05}
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs=serve, name=f"listen-{name}", daemon=True
        )
        self._thread.start()

    def received(self) -> list[Received]:
        """Everything so far, oldest first."""
        with self._lock:
            return list(self._received)

    def take(self, method: str, path: str, headers: httpx.Headers, body: bytes) -> int:
        """Keep one request; returns the status to answer with."""
        replies = self._endpoint.replies
        with self._lock:
            status = replies[min(len(self._received), len(replies) - 1)]
            request = Received(self._moment(), method, path, headers, body, status)
            self._received.append(request)
        time.sleep(self._endpoint.delay)
        return status

    def reply(self) -> tuple[dict[str, str], bytes]:
        """Headers and body of every answer."""
        return dict(self._endpoint.headers), self._endpoint.body.encode()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._folder.cleanup()

    def _tls(self) -> ssl.SSLContext:
        import trustme

        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        file = Path(self._folder.name) / "ca.pem"
        authority.cert_pem.write_to_path(str(file))
        self.ca_file = str(file)
        return context


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def answer(self) -> None:
            body = self._body()
            if body is None:
                self.close_connection = True
                self.send_error(400, "a body needs a content-length or chunks within the limit")
                return
            headers = httpx.Headers(list(self.headers.items()))
            status = listener.take(self.command, self.path, headers, body)
            extra, content = listener.reply()
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            if status not in {204, 304}:
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            if status not in {204, 304} and self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = answer  # noqa: N815 - the server's names

        def _body(self) -> bytes | None:
            if self.headers.get("transfer-encoding", "").lower() == "chunked":
                return self._chunks()
            length = self.headers.get("content-length", "0")
            if not length.isdigit() or int(length) > MOST_BYTES:
                return None
            return self.rfile.read(int(length))

        def _chunks(self) -> bytes | None:
            body = b""
            while True:
                size = self.rfile.readline(100).split(b";")[0].strip()
                try:
                    count = int(size, 16)
                except ValueError:
                    return None
                if count < 0 or len(body) + count > MOST_BYTES:
                    return None
                body += self.rfile.read(count)
                self.rfile.readline(100)
                if count == 0:
                    return body

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: what came in is in the results."""

    return Handler
