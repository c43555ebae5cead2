"""Measure `sohoa import`: time and peak memory for many invented births, then the same once more.

The JSON lines hold each birth in five volumes: inventing costs more than importing.

    nice .venv/bin/python scripts/bench_import.py --lines 1000000 --rows 100000 --work /tmp/bench

The files are made first and kept in the folder; the command runs in a process of its own, and the
memory is the largest that it or its reader of workbooks held (resident).
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench_search import FIRST_YEAR, LAST_YEAR, person
from openpyxl import Workbook

from pipeline.extract.typed.layout import ministry

BOOKS = 100  # communes, each with a book a year
YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
VOLUMES = 5


def births(count: int, seed: int) -> Iterator[dict[str, str]]:
    """Yield invented births by Ministry key, book after book, as typed."""
    dice = random.Random(seed)
    each = max(1, count // (BOOKS * len(YEARS)))
    for index in range(count):
        book, number = divmod(index, each)
        year = YEARS[book // BOOKS % len(YEARS)]
        father = person(dice, "m")
        female = dice.random() < 0.5
        child = person(dice, "f" if female else "m", father.split()[0])
        day = f"{dice.randrange(1, 29):02}.{dice.randrange(1, 13):02}"
        yield {
            "so": f"{number + 1:02}/{year}",
            "quyenSo": f"01/{year}",
            "ngayDangKy": f"28.12.{year}",
            "noiDangKy": f"Xã Thử {book % BOOKS}",
            "nksHoTen": child,
            "nksGioiTinh": "2" if female else "1",
            "nksNgaySinh": f"{day}.{year}",
            "nksDanToc": "Kinh",
            "nksQuocTich": "Việt Nam",
            "meHoTen": person(dice, "f"),
            "meNgaySinh": str(year - dice.randrange(18, 40)),
            "chaHoTen": father,
            "chaNgaySinh": f"{dice.randrange(20, 50)} tuổi",
        }


def write_lines(file: Path, count: int) -> None:
    invented = list(births(count // VOLUMES, 1))
    with file.open("w", encoding="utf-8") as stream:
        for volume in range(1, VOLUMES + 1):
            for birth in invented:
                stream.write(json.dumps(_line(birth, f"{volume:02}"), ensure_ascii=False) + "\n")


def _line(birth: dict[str, str], volume: str) -> dict[str, Any]:
    day, month, year = birth["nksNgaySinh"].split(".")
    raw = {**birth, "quyenSo": f"{volume}/{year}"}
    values = {
        **raw,
        "so": birth["so"].partition("/")[0],
        "ngayDangKy": f"{year}-12-28",
        "nksNgaySinh": f"{year}-{month}-{day}",
    }
    return {
        "form": "birth_form",
        "place": birth["noiDangKy"],
        "years": [int(year), int(year)],
        "volume": volume,
        "fields": [
            {"key": key, "raw": raw[key], "value": value, "confidence": 0.97}
            for key, value in values.items()
        ],
    }


def write_sheet(file: Path, count: int) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("KS")
    keys = [column.key for column in ministry().layouts["birth"].columns]
    sheet.append(keys)
    for birth in births(count, 2):
        sheet.append([birth.get(key) for key in keys])
    book.save(file)


def run(file: Path, archive: Path) -> str:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    watched = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "import", file, "--archive", archive, "--json"],
        stdout=subprocess.PIPE,
    )
    told = json.loads(watched.communicate()[0])[0]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.monotonic() - start
    counts = {name: told[name] for name in ("added", "known", "wrong", "conflicts")}
    peak = after.ru_maxrss // 1024
    return f"| {counts} | {wall:.0f} | {cpu:.0f} | {peak} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    sheet, lines = chosen.work / "births.xlsx", chosen.work / "births.jsonl"
    write_sheet(sheet, chosen.rows)
    write_lines(lines, chosen.lines)
    print("| file | rows | wall s | CPU s | peak MB so far |\n|---|---|---|---|---|", flush=True)
    for file in (sheet, sheet, lines, lines):
        archive = chosen.work / f"archive-{file.suffix[1:]}"
        size = f"{file.name}, {file.stat().st_size >> 20} MB"
        print(f"| {size} {run(file, archive)}", flush=True)
    for archive in sorted(chosen.work.glob("archive-*/sohoa.db")):
        print(f"{archive}: {archive.stat().st_size >> 20} MB")


if __name__ == "__main__":
    main()
