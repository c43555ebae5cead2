"""The worker beside the office's web app: reads what comes in, finishes books that are quiet.

All it knows is in the database, so it may be killed at any moment and started again.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pipeline.errors import BusyError, SohoaError
from pipeline.flow.book import process, working
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.store.jobs import Jobs, Trouble
from pipeline.words import _

PAUSE_S = 2.0  # between two looks
QUIET = timedelta(seconds=30)  # without a new scan: the clerk is done, or at another volume
BLOCKED_S = 600.0  # a book that could not be finished waits so long
LOCK = "worker"  # held by the worker while it lives
_STAND_BY_S = 1e9  # a second worker waits until the first one ends
_log = logging.getLogger("sohoa.worker")


def keep_on(
    database: Database,
    settings: Callable[[], Settings],
    should_stop: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Read pages as they come in, and finish each book once no scan has come in for a while.

    Finishing looks at the whole book and packs it, so it is not done after every page. A second
    worker of an archive stands by until the first one ends.

    Args:
        settings: asked before each piece of work: people change some on a screen.
        should_stop: asked between two pieces of work.
    """
    with working(settings().archive, LOCK, _STAND_BY_S):
        jobs = Jobs(database)
        jobs.end()  # what one that was killed was at
        while not should_stop():
            worked, troubles = False, jobs.troubles()
            for accession, waiting, newest in database.unfinished():
                quiet = datetime.now(UTC) - datetime.fromisoformat(newest) > QUIET
                trouble = troubles.get(accession)
                if should_stop() or (trouble and trouble.until > time.time()):
                    continue
                if waiting or quiet:
                    worked |= _work(database, jobs, settings, accession, waiting, finish=quiet)
            if not worked:
                sleep(PAUSE_S)


def _work(
    database: Database,
    jobs: Jobs,
    settings: Callable[[], Settings],
    accession: str,
    waiting: int,
    *,
    finish: bool,
) -> bool:
    def tell(what: str, done: int, of: int) -> None:
        jobs.begin(accession, what, done, of)

    try:
        tell(_("đọc {book}").format(book=accession), 0, waiting)
        [outcome] = process(database, settings(), [accession], tell, finish=finish)
        failure = outcome.failure
    except BusyError:  # somebody runs `sohoa process`
        return False
    except SohoaError as error:  # the next book may fare better
        failure = (type(error).__name__, str(error))
    finally:
        jobs.end()
    if failure:
        _log.error("%s: %s: %s", accession, *failure)
        jobs.block(accession, Trouble(*failure, time.time() + BLOCKED_S))
    else:
        with database.write() as connection:
            jobs.free(connection, accession)
    return failure is None


def is_running(settings: Settings, lock: str = LOCK) -> bool:
    """Say whether a worker lives, or another lock of the archive is held."""
    with suppress(BusyError), working(settings.archive, lock):
        return False
    return True
