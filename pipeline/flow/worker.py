"""The worker beside the office's web app: reads what comes in, finishes books that are quiet.

All it knows is in the database, so it may be killed at any moment and started again.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pipeline.errors import BusyError, SohoaError
from pipeline.flow.book import process
from pipeline.settings import Settings
from pipeline.store.database import Database

PAUSE_S = 2.0  # between two looks
QUIET = timedelta(seconds=30)  # without a new scan: the clerk is done, or at another volume
BLOCKED_S = 600.0  # a book that could not be finished waits so long
_log = logging.getLogger("sohoa.worker")


def keep_on(
    database: Database,
    settings: Settings,
    should_stop: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Read pages as they come in, and finish each book once no scan has come in for a while.

    Finishing looks at the whole book and packs it, so it is not done after every page.

    Args:
        should_stop: asked between two pieces of work.
    """
    blocked: dict[str, float] = {}
    while not should_stop():
        worked = False
        for accession, waiting, newest in database.unfinished():
            quiet = datetime.now(UTC) - datetime.fromisoformat(newest) > QUIET
            if should_stop() or blocked.get(accession, 0.0) > time.monotonic():
                continue
            if waiting or quiet:
                worked |= _work(database, settings, accession, blocked, finish=quiet)
        if not worked:
            sleep(PAUSE_S)


def _work(
    database: Database,
    settings: Settings,
    accession: str,
    blocked: dict[str, float],
    *,
    finish: bool,
) -> bool:
    try:
        [outcome] = process(database, settings, [accession], _silent, finish=finish)
        failure = outcome.failure
    except BusyError:  # somebody runs `sohoa process`
        return False
    except SohoaError as error:  # the next book may fare better
        failure = (type(error).__name__, str(error))
    if failure:
        _log.error("%s: %s: %s", accession, *failure)
        blocked[accession] = time.monotonic() + BLOCKED_S
    return failure is None


def _silent(_what: str, _done: int, _of: int) -> None:
    pass
