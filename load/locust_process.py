"""`python -m windtunnel.load.locust_process JOB`: the process in which gevent patches the world.

Standard output carries progress as JSON lines; the end of standard input asks it to stop. The
result goes to the job's file. Exit codes are the command's: 0 done, 2 usage, 3 our bug.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path


def main(job_file: str) -> int:
    """Run the job; answer the exit code."""
    from gevent import monkey

    monkey.patch_all()

    from windtunnel.load.errors import LoadError
    from windtunnel.load.job import MESSAGE_MARK, Job
    from windtunnel.load.runs import run_local, run_master, run_web, run_worker
    from windtunnel.load.summary import load_result

    # The command decides what Ctrl-C means, and tells by closing our standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        job = Job.read(Path(job_file))
        if job.role == "worker":
            run_worker(job)
            return 0
        run = {"local": run_local, "web": run_web, "master": run_master}[job.role]
        result = load_result(run(job))
        Path(job.result).write_text(result.model_dump_json(indent=1), "utf-8")
    except LoadError as error:
        print(f"{MESSAGE_MARK}{error}", file=sys.stderr)  # noqa: T201 - read by the command
        return 2
    except Exception:
        traceback.print_exc()
        return 3
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1])
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread may still wait for standard input; nothing is left to finish.
    os._exit(code)
