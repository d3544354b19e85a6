"""Runs a house: opens its listeners on an event loop, in this thread or in one of its own."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from windtunnel.simulator.kernel.settings import Settings, load
from windtunnel.simulator.web.house import House
from windtunnel.simulator.web.listeners import Listeners
from windtunnel.simulator.web.origins import write_env_file

_T = TypeVar("_T")


def new_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop where that exists, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class Running:
    """A house with open listeners; must be entered and left on its event loop."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.variables: dict[str, str] = {}
        self._listeners: Listeners | None = None

    async def open(self) -> Mapping[str, str]:
        """Open everything; returns the variables of the env file."""
        house = self.house
        simulator = house.settings.simulator
        house.timers.attach(asyncio.get_running_loop())
        applications = house.applications()
        listeners = Listeners(
            applications,
            house.turn,
            house.timers,
            house.web_limits(),
            host=simulator.host,
            tls=house.tls_context() if simulator.tls else None,
            manners=house.manners(applications),
        )
        self._listeners = listeners
        await listeners.open(simulator.port_base)
        house.announce(listeners.urls)
        await house.start()
        self.variables = {**house.variables(listeners.urls), "WT_PID": str(os.getpid())}
        return self.variables

    async def close(self) -> None:
        """Answer what runs, stop the workers, keep the data."""
        if self._listeners is not None:
            await self._listeners.close()
        await self.house.stop()
        self.house.timers.detach()
        self.house.close()


def serve(settings: Settings, ready: Callable[[Running], None]) -> None:
    """Run until SIGINT or SIGTERM; `ready` is called when every listener answers."""
    loop = new_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_serve(settings, ready))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _serve(settings: Settings, ready: Callable[[Running], None]) -> None:
    running = Running(House(settings))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(name, stop.set)
    try:
        await running.open()
        ready(running)
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        gc.enable()
        await stop.wait()
    finally:
        await running.close()


class Simulator:
    """The simulators in a thread of this process, for tests and notebooks.

    ```python
    with Simulator() as simulator:
        client = SomeClient(simulator.env["WT_DATAVERSE_URL"])
    ```

    Ports are free ones, data is in memory, unless settings say otherwise.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        config: Path | None = None,
        env_file: Path | None = None,
        **overrides: Any,
    ) -> None:
        """`overrides` are settings by dotted name with `__` for the dot: `dataverse__throttle`."""
        dotted = {name.replace("__", "."): value for name, value in overrides.items()}
        dotted.setdefault("simulator.port_base", 0)
        self.settings = settings or load(config, overrides=dotted)
        self.env: Mapping[str, str] = {}
        self._env_file = env_file
        self._loop = new_loop()
        self._thread: threading.Thread | None = None
        self._running: Running | None = None

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the thread; returns when every listener answers."""
        started: Future[Mapping[str, str]] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name="windtunnel", daemon=True
        )
        self._thread.start()
        self.env = started.result(timeout=60)
        if self._env_file is not None:
            write_env_file(self._env_file, self.env)

    def _run(self, started: Future[Mapping[str, str]]) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            running = Running(House(self.settings))
            try:
                env = self._loop.run_until_complete(running.open())
            except BaseException:
                self._loop.run_until_complete(running.close())
                raise
        except BaseException as error:
            self._loop.close()
            started.set_exception(error)
            return
        self._running = running
        started.set_result(env)
        self._loop.run_forever()

    def stop(self) -> None:
        """Close the listeners and end the thread."""
        if self._thread is None or self._running is None:
            return
        asyncio.run_coroutine_threadsafe(self._running.close(), self._loop).result(timeout=30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=30)
        self._loop.close()
        self._thread = self._running = None

    def call(self, work: Callable[[House], _T]) -> _T:
        """Run `work(house)` on the simulator's own thread and return its result."""
        if self._running is None:
            raise RuntimeError("the simulator does not run")
        house = self._running.house

        async def on_loop() -> _T:
            result = work(house)
            house.store.commit()
            return result

        return asyncio.run_coroutine_threadsafe(on_loop(), self._loop).result(timeout=60)

    def reset(self) -> None:
        """Back to the first content, clock, ids and counters."""
        self.call(lambda house: house.reset())
