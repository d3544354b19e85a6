"""Requests a second of our Locust users beside a bare FastHttpUser, on the same server in one run.

Both send the same GET with a token from as many greenlets; ours also take planned arrivals, count,
measure from the intended start and look at retries. Prints a table; `--json FILE` writes it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

USERS = 32
KEY = "00000000-0000-0000-0000-000000000001"
PATH = f"/api/data/v9.2/accounts({KEY})"
BODY = b'{"accountid":"' + KEY.encode() + b'","name":"A. Datum"}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nOData-Version: 4.0\r\n"
    b"Content-Length: " + str(len(BODY)).encode() + b"\r\n\r\n" + BODY
)


class Answering(asyncio.Protocol):
    """The same answer to each request, so that the sender is the limit."""

    def connection_made(self, transport: Any) -> None:
        """Keep the way back."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request once."""
        self.transport.write(ANSWER * data.count(b"\r\n\r\n"))


def serve(ready: Any) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Answering, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def measure(kind: str, port: int, seconds: float) -> float:
    """In a process of its own: requests a second of one kind of user."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", kind, "--port", str(port), "--seconds", str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout)


def child(kind: str, port: int, seconds: float) -> None:
    from gevent import monkey

    monkey.patch_all()
    import random
    import ssl
    from array import array

    import gevent
    from locust import task
    from locust.contrib.fasthttp import FastHttpUser
    from locust.env import Environment

    from windtunnel.contracts.documents.plan import Operation, PlanFlow, Retry
    from windtunnel.load.operations import Keys, Material, Requests
    from windtunnel.load.tally import FlowTally
    from windtunnel.load.users import Feed, user_class

    host = f"http://127.0.0.1:{port}"
    headers = {"Authorization": "Bearer x", "Accept": "application/json"}

    class Bare(FastHttpUser):
        @task
        def get(self) -> None:
            self.client.get(PATH, name="retrieve accounts", headers=headers)

    Bare.host = host

    class Token:
        name = "integration"
        header = "Bearer x"

    flow = PlanFlow(
        name="bench",
        per_day=1,
        operations=(Operation(operation="retrieve"),),
        parallelism=USERS,
        retry=Retry(),
        servers=2,
    )
    tokens: Any = [Token()]
    feed = Feed(
        flow=flow,
        due=array("d", bytes(8 * 5_000_000)),
        requests=Requests(flow, Material({}, {}, {"accounts": Keys([KEY])}, "1")),
        bearers=tokens,
        tally=FlowTally(),
        chance=random.Random(1),
    )
    ours = user_class(feed, host, ssl.create_default_context(), 1)
    environment = Environment(user_classes=[Bare if kind == "bare" else ours])
    runner = environment.create_local_runner()
    feed.started_at = time.perf_counter()
    feed.ready.set()
    runner.start(USERS, spawn_rate=USERS)
    gevent.sleep(1)
    before, start = environment.stats.total.num_requests, time.perf_counter()
    gevent.sleep(seconds)
    count, took = environment.stats.total.num_requests - before, time.perf_counter() - start
    if environment.stats.total.num_failures:
        raise SystemExit("requests failed")
    print(count / took)
    sys.stdout.flush()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child")
    parser.add_argument("--port", type=int, default=0)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child, chosen.port, chosen.seconds)
        return
    receive, send = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=serve, args=(send,), daemon=True)
    server.start()
    port = receive.recv()
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(chosen.rounds):
        for kind, found in rates.items():
            found.append(measure(kind, port, chosen.seconds))
    server.terminate()
    middle = {kind: statistics.median(found) for kind, found in rates.items()}
    overhead = middle["bare"] / middle["ours"] - 1
    print(f"{'':24}{'requests/s':>12}{'lowest':>10}{'highest':>10}")
    for kind, title in (("bare", "bare FastHttpUser"), ("ours", "users of a plan")):
        found = rates[kind]
        print(f"{title:24}{middle[kind]:12,.0f}{min(found):10,.0f}{max(found):10,.0f}")
    print(f"overhead of ours: {overhead:+.1%} time per request (goal: at most 20 %)")
    if chosen.json:
        chosen.json.write_text(json.dumps({"rates": rates, "overhead": overhead}, indent=1))


if __name__ == "__main__":
    main()
