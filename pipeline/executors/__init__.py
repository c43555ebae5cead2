"""How pages are worked on side by side: one `concurrent.futures` executor a file."""

from concurrent.futures import Executor
from typing import Protocol

from pipeline.settings import WorkSettings


class Executors(Protocol):
    """What every file in this folder offers."""

    def create(self, settings: WorkSettings) -> Executor:
        """Return an executor; tasks are module-level functions of values that pickle."""
        ...
