#!/usr/bin/env python3
"""What a full table page costs, from file to records: CPU seconds, memory, pages a minute.

    scripts/bench_pages.py [--pages N] [--model NAME…] [--no-workers]

Draws A4 table pages of at least 160 cells of entries at 300 dpi and reads them one after the
other, in a process of its own for each model. The first page is read once before, so that loading
counts apart. A stage's memory is the highest that the process stood at while it ran (Linux tells
it, once reset); with the decoder's child, which opens each file, memory is the largest sum of the
proportional set sizes. Then the pages are read by one and by two workers, by the clock: that is of
use on an idle machine alone, so that the load is told too. OCRmyPDF works on the same pages, see
bench_line.py.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT)]

from bench_line import measured, parted, row, theirs  # noqa: E402
from synthesis.books import Order, draw_book  # noqa: E402
from synthesis.paper import draw_wear  # noqa: E402
from synthesize_pages import draw_sheet, entries_for, save_scan  # noqa: E402

from pipeline.desk.books import book_card  # noqa: E402
from pipeline.desk.demo import Sample  # noqa: E402
from pipeline.flow import page as page_flow  # noqa: E402
from pipeline.flow.loose import surveyed  # noqa: E402
from pipeline.flow.many import read_scans  # noqa: E402
from pipeline.settings import OcrSettings, Settings, WorkSettings  # noqa: E402

FORM, DPI = "parcel_table_1995", 300
SHEET_MM = (210.0, 297.0)  # that ledger is an A3 sheet; its columns and rows on an A4 one
CELLS = 160
LIMITS = {"fast": 5.0, "hand": 9.0}  # CPU s a page, file to records
LIMIT_MB = 700


def drawn(pages: int, folder: Path) -> list[Path]:
    """Draw the pages; return their files."""
    import numpy as np

    rng = Random(5)
    book = draw_book(rng, Order(form=FORM, dpi=DPI))
    book = replace(book, layout=replace(book.layout, sheet_mm=SHEET_MM))
    rows = -(-CELLS // sum(map(len, book.layout.pages)))
    entries = entries_for(book, rows * pages, rng)
    files = []
    for number in range(1, pages + 1):
        some = entries[rows * (number - 1) : rows * number]
        sheet = draw_sheet(book, some, number, rows, DPI, number)
        wear = draw_wear(np.random.default_rng(number), "light", spread=False, turn_deg=0)
        files.append(folder / f"{number:04}.jpg")
        save_scan(sheet, files[-1], wear, number)
    return files


class Meter(page_flow._Clock):
    """The clock of provenance, which also looks at the memory that a stage needs."""

    peaks_mb: dict[str, float]

    def __init__(self, job: page_flow.ScanJob) -> None:
        super().__init__(job)
        self.peaks_mb = {}
        METERS.append(self)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage."""
        Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
        with super().stage(name):
            yield
        self.peaks_mb[name] = _peak_mb()


METERS: list[Meter] = []


def _peak_mb() -> float:
    told = Path("/proc/self/status").read_text()
    return int(told.split("VmHWM:")[1].split()[0]) / 1024


def read_alone(files: Sequence[str], model: str) -> dict[str, Any]:
    """Read the pages in this process; return what each stage took and what was read."""
    page_flow._Clock = Meter  # type: ignore[misc]  # stages are timed nowhere else
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")  # as in a worker, executors/processes.py
    settings = Settings(ROOT, ocr=OcrSettings(hand_model=model))
    jobs, _errors = surveyed(files, "", settings)
    page_flow.read_scan(jobs[0])
    once_s = sum(os.times()[:4])
    METERS.clear()
    peak, cells, records, lines = 0.0, [], [], []
    for job in jobs:
        outcome = page_flow.read_scan(job)
        cells.append(sum(not cell.is_header for side in outcome.readings for cell in side.cells))
        lines.append(sum(len(side.lines) for side in outcome.readings))
        records.append(sum(len(side.records) for side in outcome.readings))
        peak = max(peak, *METERS[-1].peaks_mb.values())
    return {
        "once_s": once_s,
        "cpu_s": (sum(os.times()[:4]) - once_s) / len(jobs),
        "stages": {
            name: (
                statistics.mean(meter._seconds[name] for meter in METERS),
                max(meter.peaks_mb[name] for meter in METERS),
            )
            for name in METERS[0].peaks_mb
        },
        "peak_mb": peak,
        "cells": cells,
        "lines": lines,
        "records": records,
    }


def by_workers(files: Sequence[str], model: str, workers: int) -> float:
    """Return how many pages a minute so many workers read, by the clock, once they are loaded."""
    settings = Settings(ROOT, ocr=OcrSettings(hand_model=model))
    jobs, _errors = surveyed(files, "", settings)
    # Every worker has had a page before the clock starts.
    done = [
        time.monotonic()
        for _outcome in read_scans([*jobs[:workers], *jobs], WorkSettings(workers=workers))
    ]
    return 60 * len(jobs) / (done[-1] - done[workers - 1])


def in_a_child(*told: str) -> tuple[Any, float]:
    """Run a part of this script; return its answer and the peak memory of its family in MB."""
    with tempfile.TemporaryFile() as answer:
        _cpu, peak = measured([sys.executable, str(Path(__file__)), *told], answer)
        answer.seek(0)
        return json.loads(answer.read()), peak


def report(files: list[Path], models: Sequence[str], *, workers: bool) -> None:
    """Print the tables, in Markdown."""
    names = [str(file) for file in files]
    totals, stages = [], defaultdict(list)
    for model in models:
        told, all_mb = in_a_child("--child", model, *names)
        limit = LIMITS.get(model)
        totals.append(
            row(model, [
                f"{told['cpu_s']:.2f}", f"{limit:.0f}" if limit else "—",
                f"{told['peak_mb']:.0f}", f"{all_mb:.0f}", str(LIMIT_MB),
                f"{told['once_s']:.1f}", str(min(told["cells"])), str(min(told["lines"])),
                "/".join(map(str, told["records"])),
            ])
        )  # fmt: skip
        for name, (seconds, peak) in told["stages"].items():
            stages[name].append(f"{seconds:.2f} s, {peak:.0f} MB")
    heads = [
        "CPU s a page",
        "aim",
        "worker MB",
        "with decoder MB",
        "aim",
        "once s",
        "cells at least",
    ]
    print(row("model", [*heads, "lines at least", "records a page"]) + "\n|" + "---|" * 10)
    print("\n".join(totals), flush=True)
    print("\n" + row("stage", list(models)) + "\n|" + "---|" * (len(models) + 1))
    for name, values in stages.items():
        print(row(name, values))
    book = Sample(book_card(FORM, "Phú Đông", (2010, 2010), "1"), files[0].parent, tuple(files))
    page, once = parted(theirs(replace(book, scans=book.scans[:1])), theirs(book), len(files))
    print(
        f"\nOCRmyPDF: {page['ocrmypdf']:.2f} CPU s a page, {once['ocrmypdf']:.2f} s once",
        flush=True,
    )
    if workers:
        print("\n" + row("pages a minute", ["1 worker", "2 workers", "load"]) + "\n|" + "---|" * 4)
        for model in models:
            rates = [in_a_child("--child", model, "--count", str(n), *names)[0] for n in (1, 2)]
            told = [*(f"{rate:.1f}" for rate in rates), f"{os.getloadavg()[0]:.1f}"]
            print(row(model, told), flush=True)


@click.command()
@click.option("--pages", default=4, show_default=True)
@click.option("--model", "models", multiple=True, default=("fast", "hand"), show_default=True)
@click.option("--workers/--no-workers", "with_workers", default=True)
@click.option("--child", hidden=True)
@click.option("--count", "count", default=0, hidden=True)
@click.argument("files", nargs=-1)
def main(
    pages: int, models: tuple[str, ...], child: str, count: int, files: tuple[str, ...], *,
    with_workers: bool,
) -> None:  # fmt: skip
    """Print the tables."""
    if child:
        print(json.dumps(by_workers(files, child, count) if count else read_alone(files, child)))
        return
    with tempfile.TemporaryDirectory() as folder:
        report(drawn(max(2, pages), Path(folder)), models, workers=with_workers)


if __name__ == "__main__":
    main()
