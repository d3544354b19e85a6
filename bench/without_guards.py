"""`windtunnel` with the stages of its pipeline left out that guard and record a request.

Only for measuring what those stages cost; run as a script with the arguments of `windtunnel`.
"""

from __future__ import annotations

from functools import partial

from windtunnel.simulator.web import pipeline

LEFT_OUT = frozenset({"journal", "authenticate", "throttle"})

if __name__ == "__main__":
    pipeline.build = partial(pipeline.build, leave_out=LEFT_OUT)
    from windtunnel.simulator.cli import main

    main()
