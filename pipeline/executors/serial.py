"""One page after the other, in this process: for tests, debugging and very small machines."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from pipeline.settings import WorkSettings


class SerialExecutor(Executor):
    """Runs a task at once when it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the task and return its finished future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
            if not isinstance(error, Exception):
                raise
        return future


def create(settings: WorkSettings) -> Executor:
    """Return an executor of one."""
    return SerialExecutor()
