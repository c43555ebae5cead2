#!/usr/bin/env python3
"""CPU seconds and peak memory of the whole line, beside `ocrmypdf -l vie`.

    scripts/bench_line.py [FOLDER…] [--invent N] [--rounds N]

Each folder holds the JPEG pages of one book and its `book.toml`; without folders, the books of
samples/ are taken. `--invent N` draws books of N scans instead, one of each form: with few pages,
what a program costs once hides what it costs a page. So each book is read whole, and its first
scan alone: the difference, over the other scans, is the cost of a page; the rest is start-up.

Both programs work on the same pages, one thread, one page at a time, in turns (ours, OCRmyPDF,
ours, …), so that a change of the machine’s speed meets both. CPU is user + system of the process
and all its children; memory is the largest sum of the proportional set sizes.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, NamedTuple

import click
import img2pdf
import psutil
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.desk.books import book_card  # noqa: E402
from pipeline.desk.demo import Sample, samples  # noqa: E402
from pipeline.store.database import open_database  # noqa: E402

FORMS = ("birth_form", "birth_table", "parcel_table")
A4_PX = 1654 * 2339  # at 200 dpi
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),  # the tree that this script stands in, whatever is installed
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def measured(
    command: list[str], stdout: IO[bytes] | int = subprocess.DEVNULL
) -> tuple[float, float]:
    """Run a command; return its CPU seconds and peak memory in MB, children included.

    Args:
        stdout: where its output goes.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(command, env=ENVIRONMENT, stdout=stdout)
    peak = [0.0]

    def watch() -> None:
        while child.poll() is None:
            with suppress(psutil.Error):
                family = [psutil.Process(child.pid)]
                family += family[0].children(recursive=True)
                total = 0
                for one in family:
                    with suppress(psutil.Error):
                        total += one.memory_full_info().pss
                peak[0] = max(peak[0], total / 2**20)
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    child.wait()
    watcher.join()
    if child.returncode:
        sys.exit(f"failed ({child.returncode}): {' '.join(command)}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, peak[0]


class Cost(NamedTuple):
    """What reading a book took.

    Attributes:
        cpu: seconds, by stage; OCRmyPDF has but one.
        peak: MB.
    """

    cpu: dict[str, float]
    peak: float

    @property
    def total(self) -> float:
        """Return the CPU seconds of all stages."""
        return sum(self.cpu.values())


def ours(sample: Sample) -> Cost:
    """Run ingest and process on a book."""
    sohoa = [sys.executable, "-m", "pipeline"]
    book = sample.book
    with tempfile.TemporaryDirectory() as folder:
        card = ["--form", book.form, "--place", book.place, "--volume", book.volume]
        card += ["--year", f"{book.years[0]}-{book.years[1]}", "--archive", folder]
        taken = measured([*sohoa, "ingest", *map(str, sample.scans), *card])
        read = measured([*sohoa, "process", "--executor", "serial", "--archive", folder])
        database = open_database(Path(folder) / "sohoa.db")
        stages: dict[str, float] = defaultdict(float)
        for step in database.steps(book.accession):
            stages[step.stage] += step.seconds
        database.close()
    rest = read[0] - sum(stages.values())
    return Cost({"ingest": taken[0], **stages, "pack and index": rest}, max(taken[1], read[1]))


def theirs(sample: Sample) -> Cost:
    """Run OCRmyPDF with its defaults on the same pages."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.pdf", Path(folder) / "out.pdf"
        source.write_bytes(img2pdf.convert([str(page) for page in sample.scans]))
        command = [sys.executable, "-m", "ocrmypdf", "-l", "vie", "-j", "1", "-q"]
        cpu, peak = measured([*command, str(source), str(target)])
    return Cost({"ocrmypdf": cpu}, peak)


def parted(one: Cost, whole: Cost, scans: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return what was paid for a page and what was paid once, by stage."""
    page = {name: (whole.cpu[name] - one.cpu.get(name, 0)) / (scans - 1) for name in whole.cpu}
    return page, {name: whole.cpu[name] - scans * page[name] for name in page}


def invented(form: str, scans: int, folder: Path) -> Sample:
    """Draw a book of one form, with the faces and layouts of the tuning sets."""
    command = [sys.executable, str(ROOT / "scripts" / "synthesize_pages.py"), "--form", form]
    command += ["--pages", str(scans), "--per-book", str(scans), "--seed", "5", "--dpi", "200"]
    subprocess.run([*command, "--out", str(folder)], check=True, capture_output=True)
    book = book_card(form, "Phú Đông", (1987, 1987), "1")
    return Sample(book, folder, tuple(sorted(folder.glob("*.jpg"))))


def row(name: str, values: list[str]) -> str:
    return f"| {name} | " + " | ".join(values) + " |"


def median(costs: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(cost[name] for cost in costs) for name in costs[0]}


def compare(sample: Sample, rounds: int) -> tuple[str, list[str], list[str]]:
    """Return the book's row beside OCRmyPDF, and the heads and rows of our stages."""
    scans = len(sample.scans)
    first = replace(sample, scans=sample.scans[:1])
    totals, pages, onces, peaks = [], [], [], []
    for _round in range(rounds):
        mine = parted(ours(first), whole := ours(sample), scans)
        other = parted(theirs(first), their_whole := theirs(sample), scans)
        totals.append({"mine": whole.total / scans, "other": their_whole.total / scans})
        pages.append({**mine[0], **other[0]})
        onces.append({**mine[1], **other[1]})
        peaks.append((whole.peak, their_whole.peak))
    total, page, once = median(totals), median(pages), median(onces)
    sheets = [Image.open(scan).size for scan in sample.scans]
    size = sum(width * height for width, height in sheets) / len(sheets) / A4_PX
    stages = [name for name in page if name != "ocrmypdf"]
    told = [str(scans), f"{size:.1f}"]
    for mine_s, their_s in (
        (total["mine"], total["other"]),
        (sum(page[name] for name in stages), page["ocrmypdf"]),
    ):
        told += [f"{mine_s:.2f}", f"{their_s:.2f}", f"{mine_s / their_s:.2f}"]
    told += [f"{sum(once[name] for name in stages):.2f}", f"{once['ocrmypdf']:.2f}"]
    told += [f"{max(peak[place] for peak in peaks):.0f}" for place in (0, 1)]
    name = sample.folder.name
    rows = [
        row(f"{name}, a scan", [f"{page[stage]:.2f}" for stage in stages]),
        row(f"{name}, once", [f"{once[stage]:.2f}" for stage in stages]),
    ]
    return row(name, told), stages, rows


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--invent", default=0, help="Scans of each book to be drawn; 0 takes the samples.")
@click.option("--rounds", default=3, show_default=True)
def main(folders: tuple[Path, ...], invent: int, rounds: int) -> None:
    """Print the tables, in Markdown."""
    with tempfile.TemporaryDirectory() as name:
        books = [one for one in samples() if not folders or one.folder in folders]
        if invent:
            books = [invented(form, max(2, invent), Path(name) / form) for form in FORMS]
        heads = "scans | A4 a scan | sohoa CPU s/scan | ocrmypdf | ratio"
        heads += " | without start-up | ocrmypdf | ratio | start-up s | ocrmypdf"
        heads += " | sohoa MB | ocrmypdf"
        print(f"| book | {heads} |\n|" + "---|" * 13)
        stages: list[str] = []
        rows: list[str] = []
        for book in books:
            told, stages, more = compare(book, rounds)
            print(told, flush=True)
            rows += more
    print("\n" + row("sohoa CPU s", stages) + "\n|" + "---|" * (len(stages) + 1))
    print("\n".join(rows))


if __name__ == "__main__":
    main()
