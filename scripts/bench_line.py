#!/usr/bin/env python3
"""CPU seconds and peak memory a page of the whole line, beside `ocrmypdf -l vie`.

    scripts/bench_line.py [FOLDER…] [--rounds N]

Each folder holds the JPEG pages of one book and its `book.toml`; without folders, the books of
samples/ are taken. Both programs work on the same pages, one thread, one page at a time, in turns
(ours, OCRmyPDF, ours, …), so that a change of the machine’s speed meets both. CPU is user + system
of the process and all its children; memory is the largest sum of the proportional set sizes.
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
from pathlib import Path

import click
import img2pdf
import psutil

from pipeline.desk import Sample, samples
from pipeline.store.database import open_database

ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def measured(command: list[str]) -> tuple[float, float]:
    """Run a command; return its CPU seconds and peak memory in MB, children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
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


def ours(sample: Sample, folder: Path) -> tuple[float, float, dict[str, float]]:
    """Run ingest and process on a book; return CPU seconds, peak MB and seconds by stage."""
    sohoa = [sys.executable, "-m", "pipeline"]
    book = sample.book
    card = ["--form", book.form, "--place", book.place, "--volume", book.volume]
    card += ["--year", f"{book.years[0]}-{book.years[1]}", "--archive", str(folder)]
    taken = measured([*sohoa, "ingest", *map(str, sample.scans), *card])
    read = measured([*sohoa, "process", "--executor", "serial", "--archive", str(folder)])
    database = open_database(folder / "sohoa.db")
    stages: dict[str, float] = defaultdict(float)
    for step in database.steps(book.accession):
        stages[step.stage] += step.seconds
    database.close()
    stages = {"ingest": taken[0], **stages}
    stages["pack and index"] = taken[0] + read[0] - sum(stages.values())
    return taken[0] + read[0], max(taken[1], read[1]), stages


def theirs(pages: tuple[Path, ...], folder: Path) -> tuple[float, float]:
    """Run OCRmyPDF with its defaults on the same pages."""
    source, target = folder / "in.pdf", folder / "out.pdf"
    source.write_bytes(img2pdf.convert([str(page) for page in pages]))
    command = [sys.executable, "-m", "ocrmypdf", "-l", "vie", "-j", "1", "-q"]
    return measured([*command, str(source), str(target)])


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--rounds", default=3, show_default=True)
def main(folders: tuple[Path, ...], rounds: int) -> None:
    """Print the tables, in Markdown."""
    books = [one for one in samples() if not folders or one.folder in folders]
    print(
        "| book | pages | sohoa CPU s/page | ocrmypdf CPU s/page | ratio | sohoa MB | ocrmypdf MB |"
    )
    print("|---|---|---|---|---|---|---|")
    by_stage: dict[str, dict[str, float]] = {}
    for sample in books:
        pages = sample.scans
        mine, other, stages = [], [], []
        for _round in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                cpu, peak, stage = ours(sample, Path(folder))
                mine.append((cpu / len(pages), peak))
                stages.append(stage)
            with tempfile.TemporaryDirectory() as folder:
                cpu, peak = theirs(pages, Path(folder))
                other.append((cpu / len(pages), peak))
        cpu = statistics.median(one[0] for one in mine)
        their_cpu = statistics.median(one[0] for one in other)
        print(
            f"| {sample.folder.name} | {len(pages)} | {cpu:.2f} | {their_cpu:.2f} |"
            f" {cpu / their_cpu:.2f} | {max(one[1] for one in mine):.0f} |"
            f" {max(one[1] for one in other):.0f} |"
        )
        by_stage[sample.folder.name] = {
            name: statistics.median(stage[name] for stage in stages) / len(pages)
            for name in stages[0]
        }
    names = list(next(iter(by_stage.values())))
    print("\n| CPU s/page | " + " | ".join(names) + " |")
    print("|---|" + "---|" * len(names))
    for book, stage in by_stage.items():
        print(f"| {book} | " + " | ".join(f"{stage.get(name, 0):.2f}" for name in names) + " |")


if __name__ == "__main__":
    main()
