"""Many scans side by side; a scan that takes its process down is the only one lost."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import islice

from pipeline import plugs
from pipeline.errors import ReadingError
from pipeline.flow.page import ScanJob, ScanOutcome, guarded
from pipeline.settings import WorkSettings, cores
from pipeline.words import _


def read_scans(jobs: Sequence[ScanJob], work: WorkSettings) -> Iterator[ScanOutcome]:
    """Read scans side by side, in any order; every job comes back once, whatever happens."""
    left = dict(enumerate(jobs))
    while left:
        under_way: dict[Future[ScanOutcome], int] = {}
        try:
            with _executor(work) as executor:
                for index, outcome in _flow_through(executor, left, under_way):
                    del left[index]
                    yield outcome
        except BrokenProcessPool:
            # A page killed its process, and the pool with it: the ones under way are read alone,
            # so that only the guilty one is lost.
            for index in under_way.values():
                yield _read_alone(left.pop(index), work)


def _executor(work: WorkSettings) -> Executor:
    made: Executor = plugs.load("pipeline.executors", work.executor).create(work)
    return made


def _flow_through(
    executor: Executor, jobs: Mapping[int, ScanJob], under_way: dict[Future[ScanOutcome], int]
) -> Iterator[tuple[int, ScanOutcome]]:
    waiting = iter(list(jobs.items()))

    def start(count: int) -> None:
        for index, job in islice(waiting, count):
            under_way[executor.submit(guarded, job)] = index

    # Only a few are handed out at a time: a broken pool loses all that are under way.
    start(2 * cores())
    while under_way:
        done, _pending = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            outcome = future.result()
            yield under_way.pop(future), outcome
            start(1)


def _read_alone(job: ScanJob, work: WorkSettings) -> ScanOutcome:
    with _executor(replace(work, workers=1)) as executor:
        try:
            return executor.submit(guarded, job).result()
        except BrokenProcessPool:
            sentence = _(
                "trang {number} làm dừng chương trình đọc (có thể hết bộ nhớ); "
                "hãy quét lại trang này ở 300 dpi"
            ).format(number=job.page.number)
            return ScanOutcome(job.page, error=(ReadingError.__name__, sentence))
