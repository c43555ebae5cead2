"""Several pages at a time, one process each (spawn: the same on Windows and Linux)."""

import multiprocessing
import os
import threading
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing.connection import wait

from pipeline.settings import WorkSettings, cores


def create(settings: WorkSettings) -> Executor:
    """Return a pool of `settings.workers` processes, 0 meaning one for each core."""
    return ProcessPoolExecutor(
        settings.workers or cores(),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
    )


def _begin() -> None:
    # Each process has a core to itself: OpenCV's threads would take turns there, at more CPU time.
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
    _die_with_the_parent()


def _die_with_the_parent() -> None:
    """Watch the parent: a killed parent leaves workers that wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
