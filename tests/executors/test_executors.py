import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool

import cv2
import pytest

from pipeline import plugs
from pipeline.settings import WorkSettings

NAMES = plugs.names("pipeline.executors")


def square(number: int) -> int:
    return number * number


def fail(number: int) -> int:
    raise ValueError(number)


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("name", NAMES)
def test_results_come_back_in_the_order_asked(name: str) -> None:
    with plugs.load("pipeline.executors", name).create(WorkSettings(workers=2)) as executor:
        assert list(executor.map(square, range(5))) == [0, 1, 4, 9, 16]


@pytest.mark.parametrize("name", NAMES)
def test_a_task_that_fails_does_not_stop_the_next(name: str) -> None:
    with plugs.load("pipeline.executors", name).create(WorkSettings(workers=2)) as executor:
        bad, good = executor.submit(fail, 3), executor.submit(square, 4)
        with pytest.raises(ValueError, match="3"):
            bad.result()
        assert good.result() == 16


def test_a_process_of_many_starts_no_threads_of_opencv() -> None:
    with plugs.load("pipeline.executors", "processes").create(WorkSettings(workers=1)) as executor:
        assert executor.submit(cv2.getNumThreads).result() == 1


def test_a_killed_worker_is_told_apart_from_a_failed_task() -> None:
    executor = plugs.load("pipeline.executors", "processes").create(WorkSettings(workers=1))
    with executor, pytest.raises(BrokenProcessPool):
        executor.submit(die, 1).result()


PARENT = """
import os, sys
from pipeline import plugs
from pipeline.settings import WorkSettings
from tests.executors.test_executors import square
if __name__ == "__main__":
    pool = plugs.load("pipeline.executors", "processes").create(WorkSettings(workers=2))
    list(pool.map(square, range(4)))
    print(*pool._processes, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: kill -9 is for POSIX")
def test_workers_end_when_their_parent_is_killed(tmp_path: object) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109
    ) as parent:
        assert parent.stdout
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2
        parent.kill()
    for _try in range(100):
        if not any(is_running(pid) for pid in workers):
            return
        time.sleep(0.1)
    pytest.fail("orphaned workers still run")


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
            return stat.read().split()[2] != "Z"
    except FileNotFoundError:
        return False
