"""The worker as a process of its own, beside whoever opened it."""

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE_S = 10.0  # before a worker that died is started again


@contextmanager
def worker_beside(archive: Path) -> Iterator[None]:
    """Keep a worker running for an archive; when it dies it is started again.

    It ends with this block, and also when this process is killed: then its standard input closes.
    """
    stopping = threading.Event()
    running: list[subprocess.Popen[bytes]] = []

    def supervise() -> None:
        while not stopping.is_set():
            command = [sys.executable, "-m", "pipeline", "process", "--keep-on", "--attached"]
            running[:] = [
                subprocess.Popen([*command, "--archive", str(archive)], stdin=subprocess.PIPE)
            ]
            running[0].wait()
            stopping.wait(PAUSE_S)

    thread = threading.Thread(target=supervise, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        for process in running:
            assert process.stdin
            process.stdin.close()
        thread.join(PAUSE_S)


def end_with_parent() -> None:
    """End this process and its workers as soon as its standard input closes."""

    def wait() -> None:
        sys.stdin.buffer.read()
        for child in multiprocessing.active_children():
            child.kill()
        os._exit(0)  # what is under way is done again: that is what the database is for

    threading.Thread(target=wait, daemon=True).start()


def give_way() -> None:
    """Let other programs of this machine go first: people work at it meanwhile."""
    if hasattr(os, "nice"):
        os.nice(10)
