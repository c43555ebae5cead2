#!/usr/bin/env python3
"""How soon the scanning desk tells what a scan is worth, and how fast it shows a large book.

    OMP_NUM_THREADS=1 scripts/bench_scanning.py [--pages 500] [--scans 20]

Draws invented pages (A4, 300 dpi, colour) as JPEG and TIFF, gives each to a book as an upload that
has arrived whole, and counts until its verdict is told: the file's sum, the survey in the child
that waits for it, the durable copy, reading it back, database, small picture, skew. Once for a
new book, once for one of many pages. Then what the strip of that book costs. Seconds by the clock
and of CPU (of this process and the child), so that a busy machine can be told from a slow one.
"""

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

import click
import numpy as np
import psutil
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ingest")]

from ingest_samples import written_page  # noqa: E402

from pipeline.desk import arriving, scanning  # noqa: E402
from pipeline.desk.archive import open_archive  # noqa: E402
from pipeline.desk.arriving import Sources  # noqa: E402
from pipeline.settings import Settings  # noqa: E402
from pipeline.store.database import Database  # noqa: E402
from pipeline.store.uploads import Upload  # noqa: E402
from pipeline.values import Asker, Book, Master, Page, Quality  # noqa: E402

A4_300 = (2480, 3508)
WHO = Asker("bench")


@click.command()
@click.option("--pages", default=500, help="of the large book")
@click.option("--scans", default=20, help="of each kind")
def main(pages: int, scans: int) -> None:
    """Measure and print a table."""
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("| what | clock, least | median | p95 | CPU, least | median |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder) / "archive")
        with (
            closing(open_archive(settings, make=True)) as database,
            _sources(database, settings) as sources,
        ):
            for ending in (".jpg", ".tif"):
                for count in (0, pages):
                    book = _book(database, f"{ending[1:]}-{count}", count)
                    _measure_scans(
                        database, settings, sources, book, ending, scans, Path(folder), count
                    )
            told = (database, WHO, book.accession)
            for what, work in (
                (f"strip of {pages} pages, 60 of them", lambda: scanning.strip(*told, 240, 60)),
                ("counter, missing, flags", lambda: scanning.standing(*told)),
                ("whether there is news", lambda: scanning.version(*told)),
            ):
                _measure(what, work)


def _measure_scans(
    database: Database,
    settings: Settings,
    sources: Sources,
    book: Book,
    ending: str,
    scans: int,
    folder: Path,
    count: int,
) -> None:
    files = [_drawn(folder, 1000 * count + at, ending) for at in range(scans + 1)]
    ready = [_arrived(database, settings, book, file) for file in files]
    sources.looker.warm()
    time.sleep(3)  # the child starts while the first sheet goes through the scanner
    works = iter(
        lambda one=one: arriving.finish_upload(database, settings, sources, WHO, *one)
        for one in ready
    )
    next(works)()  # the child has all it needs in memory
    size = files[0].stat().st_size / 1e6
    what = f"verdict on a {size:.1f} MB {ending[1:].upper()}, book of {count}"
    _measure(what, *works)


def _measure(what: str, *works: Callable[[], object]) -> None:
    clock, cpu = [], []
    for work in works if len(works) > 1 else works * 20:
        started, used = time.perf_counter(), _cpu()
        work()
        clock.append(time.perf_counter() - started)
        cpu.append(_cpu() - used)
    slow = sorted(clock)[int(0.95 * (len(clock) - 1))]
    print(
        f"| {what} | {_ms(min(clock))} | {_ms(median(clock))} | {_ms(slow)} "
        f"| {_ms(min(cpu))} | {_ms(median(cpu))} |",
        flush=True,
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _cpu() -> float:
    own = psutil.Process()
    return sum(
        sum(one.cpu_times()[:2]) for one in (own, *own.children(recursive=True)) if one.is_running()
    )


def _arrived(database: Database, settings: Settings, book: Book, file: Path) -> tuple[str, str]:
    """Return the id and the sum of an upload that has arrived whole."""
    data = file.read_bytes()
    upload = arriving.begin_upload(
        database, settings, WHO, Upload("", book.accession, "", file.name, len(data))
    )
    arriving.append_upload(database, settings, upload, 0, data)
    return upload.id, hashlib.sha256(data).hexdigest()


def _drawn(folder: Path, seed: int, ending: str) -> Path:
    grey = written_page(seed, size=A4_300)
    file = folder / f"page {seed}{ending}"
    options = {"quality": 85} if ending == ".jpg" else {}
    Image.fromarray(np.dstack([grey] * 3)).save(file, dpi=(300, 300), **options)
    return file


def _book(database: Database, volume: str, pages: int) -> Book:
    """Return a book that has so many pages, each with a look of its own."""
    book = Book(f"bench-{volume}", "", "Xã Vân Trung", (1987, 1987), volume, pages + 100)
    database.add_book(book)
    random = np.random.default_rng(1)
    for number in range(1, pages + 1):
        sha256 = hashlib.sha256(f"{volume} {number}".encode()).hexdigest()
        master = Master(
            sha256, number, f"data/masters/{number:04}.jpg", f"a {number}.jpg", "", 1, 1
        )
        look = random.bytes(704).hex()
        page = Page(book.accession, number, sha256, 1, 2480, 3508, 300.0, Quality(3.0), look)
        database.add_master(book.accession, master, [page])
    return book


@contextmanager
def _sources(database: Database, settings: Settings) -> Iterator[Sources]:
    sources = Sources(database, settings)
    yield sources
    sources.close()


if __name__ == "__main__":
    main()
