#!/usr/bin/env python3
"""What odd pages cost, and whether it is told: the same pages plain, and with one oddity at a time.

    OMP_NUM_THREADS=1 scripts/bench_odd.py [--form NAME…] [--odd NAME…] [--pages N] [--out DIR]

Draws pages (`scripts/synthesize_pages.py --odd`), each a book by itself but where entries go on on
the next page, reads them, and tells of each form and oddity how
many fields and records are right, how many of the odd fields and entries carry the doubt that says
so, and how many of the others do without cause. What was drawn and read stays in DIR.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT)]

from synthesis.books import Order  # noqa: E402
from synthesis.odd import ODDITIES  # noqa: E402
from synthesize_pages import FORMS, synthesize, write_truth  # noqa: E402

from pipeline.answer import page_answer  # noqa: E402
from pipeline.desk.archive import open_archive  # noqa: E402
from pipeline.desk.books import book_card, intake  # noqa: E402
from pipeline.flow.book import process  # noqa: E402
from pipeline.letters import nfc  # noqa: E402
from pipeline.measure.compare import measure  # noqa: E402
from pipeline.measure.pairing import pair_records, pair_scans  # noqa: E402
from pipeline.settings import WorkSettings, load_settings  # noqa: E402

Json = dict[str, Any]
REASONS = {
    "corrected": "struck_out",
    "noted": "other_ink",
    "cancelled": "cancelled",
    "slipped": "pasted_slip",
    "continued": "continued",
}
CLEAN = "plain"
MEASURED = ("birth_table", "marriage_table", "death_form")


class Told(NamedTuple):
    """Of the fields or entries that are odd: how many, how many of them told, and read right.

    Attributes:
        right: of fields; of entries as many as were found.
        others, false: that are not odd, and of these how many are told to be.
    """

    odd: int
    told: int
    right: int
    others: int
    false: int


def drawn(order: Order, folder: Path) -> None:
    """Draw the pages, with their truth."""
    write_truth(list(synthesize(order, folder)), folder / "truth.json")


def read(folder: Path) -> Json:
    """Return the reading of the pages in a folder, as the command gives it."""
    files = sorted(map(str, folder.glob("*.jpg")))
    command = [sys.executable, "-m", "pipeline", "read", *files, "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    (folder / "read.json").write_bytes(done.stdout)
    told: Json = json.loads(done.stdout)
    return told


def read_as_book(folder: Path, form: str) -> Json:
    """Return the reading of the pages in a folder, in the same shape, as pages of one book."""
    settings = replace(
        load_settings(folder / "archive", "bench"), work=WorkSettings(executor="serial")
    )
    database = open_archive(settings, make=True)
    card = book_card(form, "xã Vân Trung", (1900, 2026), "01")
    files = sorted(folder.glob("*.jpg"))
    intake(database, settings, card, files, lambda *_told: None)
    process(database, settings, [card.accession], lambda *_told: None)
    records = database.records(card.accession)
    pages = [
        page_answer(file.name, page, replace(side, records=tuple(own)))
        for file, page in zip(files, database.all_pages(card.accession), strict=True)
        for side in database.readings(card.accession, page.number)
        for own in [[r for r in records if (r.page, r.side) == (page.number, side.side)]]
    ]
    database.close()
    return {"pages": pages}


def paired(truth: Json, reading: Json) -> Iterator[tuple[Json, Json | None]]:
    """Yield each true record with the one that was read there."""
    for scan in pair_scans(truth["pages"], reading["pages"]):
        ours = [(page, record) for page in scan.truth for record in page["records"]]
        theirs = [(page, record) for page in scan.read for record in page["records"]]
        pairs = pair_records(scan, ours, theirs)
        for index, (_page, record) in enumerate(ours):
            yield record, theirs[pairs[index]][1] if index in pairs else None


def told_of(truth: Json, reading: Json, reason: str) -> Told:
    """Count where a reason stands against where it should."""
    odd = told = right = others = false = 0
    for record, other in paired(truth, reading):
        if reason in ("struck_out", "continued"):
            for key, field in record["fields"].items():
                found = (other or {"fields": {}})["fields"].get(key, {"doubts": [], "value": ""})
                said = reason in found["doubts"]
                if reason in field["doubts"]:
                    odd, told = odd + 1, told + said
                    right += nfc(found["value"]) == nfc(field["value"])
                else:
                    others, false = others + 1, false + said
            continue
        said = other is not None and (
            reason in other["doubts"]
            or any(reason in field["doubts"] for field in other["fields"].values())
        )
        if reason in record["doubts"]:
            odd, told, right = odd + 1, told + said, right + (other is not None)
        else:
            others, false = others + 1, false + said
    return Told(odd, told, right, others, false)


def line(form: str, oddity: str, truth: Json, reading: Json) -> str:
    """Return a row of the table."""
    found = measure(truth, reading)
    fields, records = found["fields"]["all"], found["records"]
    cells = [form, oddity, str(len(truth["pages"])), f"{records['near']} of {records['truth']}"]
    cells += [str(records["read"]), str(fields["written"]), f"{100 * fields['exact']:.1f} %"]
    reason = REASONS.get(oddity)
    if reason:
        told = told_of(truth, reading, reason)
        cells += [f"{told.told} of {told.odd}", str(told.right), f"{told.false} of {told.others}"]
    else:
        cells += ["", "", ""]
    return f"| {' | '.join(cells)} |"


@click.command()
@click.option("--form", "forms", multiple=True, type=click.Choice(FORMS),
              default=MEASURED, show_default=True)  # fmt: skip
@click.option("--odd", "oddities", multiple=True, type=click.Choice((CLEAN, *ODDITIES)),
              default=(CLEAN, *ODDITIES), show_default=True)  # fmt: skip
@click.option("--pages", default=3, show_default=True, help="Scans of each, a book each.")
@click.option("--seed", default=41, show_default=True)
@click.option("--degrade", default="light", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Else a folder that goes away.")
def main(
    forms: Sequence[str],
    oddities: Sequence[str],
    pages: int,
    seed: int,
    degrade: str,
    out: Path | None,
) -> None:
    """Measure what odd pages cost and whether it is told."""
    print("| form | oddity | pages | records right | read | fields | value right "
          "| odd told | odd right | told without cause |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="sohoa-odd-") as scratch:
        for form in forms:
            for oddity in oddities:
                folder = (out or Path(scratch)) / f"{form}-{oddity}"
                odd = () if oddity == CLEAN else (oddity,)
                is_book = oddity == "continued"
                per_book = pages if is_book else 1
                order = Order(
                    form=form, pages=pages, seed=seed, per_book=per_book, degrade=degrade, odd=odd
                )
                drawn(order, folder)
                truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
                reading = read_as_book(folder, form) if is_book else read(folder)
                print(line(form, oddity, truth, reading), flush=True)


if __name__ == "__main__":
    main()
