"""Write invented register pages and the exact truth about them.

    scripts/synthesize_pages.py --form birth_table --pages 4 --seed 1 --out build/pages

writes 0001.jpg … and truth.json, in the shape of `sohoa read --json`: `sohoa measure` compares
the two. The same options and the same seed give the same pages.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import click
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT)]

from synthesis.books import (  # noqa: E402
    Book,
    Order,
    draw_book,
    kind_of_book,
    load_layouts,
    missing_faces,
    writable,
)
from synthesis.events import invent_events  # noqa: E402
from synthesis.forms import draw_forms  # noqa: E402
from synthesis.invent import Parcel, invent_births, invent_parcels  # noqa: E402
from synthesis.odd import ODDITIES  # noqa: E402
from synthesis.paper import Wear, draw_wear, scan  # noqa: E402
from synthesis.sheets import Rest, Sheet  # noqa: E402
from synthesis.slips import paste_slip  # noqa: E402
from synthesis.tables import Entry, draw_table  # noqa: E402
from synthesis.truth import page_truth  # noqa: E402

from pipeline.values import Turn  # noqa: E402

FORMS = tuple(dict.fromkeys(layout.form for layout in load_layouts()))
TURNS: dict[str, tuple[Turn, ...]] = {
    "upright": (0,),
    "mixed": (0, 90, 180, 270),
    "90": (90,),
    "180": (180,),
    "270": (270,),
}


def draw_sheet(
    book: Book,
    entries: Sequence[Entry],
    number: int,
    rows: int,
    dpi: float,
    seed: int,
    rest: Rest | None = None,
    *,
    goes_on: bool = False,
) -> Sheet:
    """Return one sheet of the book, by its form.

    `number` is its first page's; for `rest` and `goes_on` see `tables.write_rows`.
    """
    if book.layout.lines:
        written = [entry for entry in entries if not isinstance(entry, Parcel)]
        return draw_forms(book, written, number, dpi, seed)
    return draw_table(book, entries, number, rows, dpi, seed, rest, goes_on=goes_on)


def rows_of(book: Book, rng: Random) -> int:
    """Return how many entries one sheet of the book holds."""
    if book.layout.lines:
        return book.layout.entries * (2 if book.layout.spread else 1)
    return rng.randint(*book.layout.rows)


def entries_for(book: Book, count: int, rng: Random) -> list[Entry]:
    """Return entries in the order in which the book holds them."""

    def can_write(text: str) -> bool:
        return writable(book, text)

    if book.form == "parcel_table":
        sheet, first = rng.randint(1, 60), rng.randint(1, 300)
        return [*invent_parcels(rng, book.area, sheet, count, can_write, first)]
    kind = kind_of_book(book.form)
    if kind != "KS":
        return [*invent_events(rng, kind, book.area, book.years, count, can_write)]
    return [*invent_births(rng, book.area, book.years, count, can_write, rng.randint(1, 90))]


def save_scan(sheet: Sheet, file: Path, wear: Wear, seed: int) -> list[dict[str, Any]]:
    """Scan the sheet into the file; return the truth about its pages."""
    rng = np.random.default_rng([seed, 7])
    spread = len(sheet.pages) > 1
    pixels, carry = scan(sheet.pixels, sheet.dpi, wear, rng, spread=spread)
    image = Image.fromarray(pixels)
    image.save(file, quality=wear.jpeg, dpi=(sheet.dpi, sheet.dpi), subsampling="4:2:0")
    return [page_truth(page, carry, file.name, image.size, sheet.dpi, wear) for page in sheet.pages]


def synthesize(order: Order, out: Path) -> Iterator[dict[str, Any]]:
    """Write the pages one by one, handing out the truth about each."""
    rng = Random(f"{order.seed} {order.form}")
    out.mkdir(parents=True, exist_ok=True)
    for first in range(1, order.pages + 1, order.per_book):
        book = draw_book(rng, order)
        scans = min(order.per_book, order.pages + 1 - first)
        rows = rows_of(book, rng)
        room = rows - ("continued" in order.odd and not book.layout.lines)
        filled = min(order.entries or rows, room)
        entries = entries_for(book, filled * scans, rng)
        yield from write_book(book, entries, order, out, first, rows, filled, rng)


def write_book(
    book: Book, entries: Sequence[Entry], order: Order, out: Path, first: int, rows: int,
    filled: int, rng: Random,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Write the sheets of one book; files are numbered from `first`."""
    spread = book.layout.spread
    step = -(-filled // book.layout.entries) if book.layout.lines else 1
    number = rng.randint(1, 60)
    rest: Rest | None = None
    for index in range(0, len(entries), filled):
        seed = rng.randrange(2**31)
        some = entries[index : index + filled]
        goes_on = "continued" in book.odd and index + filled < len(entries)
        sheet = draw_sheet(book, some, number, rows, order.dpi, seed, rest, goes_on=goes_on)
        rest = sheet.rest
        if "slipped" in book.odd:
            paste_slip(sheet, book.note_hand, book.years[1], Random(f"slip {seed}"))
        turn = rng.choice(TURNS[order.orientation])
        wear = draw_wear(np.random.default_rng(seed), order.degrade, spread=spread, turn_deg=turn)
        wear = replace(wear, **order.damage)
        yield from save_scan(sheet, out / f"{first + index // filled:04}.jpg", wear, seed)
        number += step


def told_damage(told: Sequence[str]) -> dict[str, Any]:
    """Return fields of `Wear` with their values, from `noise=12` and `cut_mm=0,0,15,0`."""
    values = {name: text.split(",") for name, _sign, text in (one.partition("=") for one in told)}
    return {
        name: float(parts[0]) if len(parts) == 1 else tuple(map(float, parts))
        for name, parts in values.items()
    }


def write_truth(pages: list[dict[str, Any]], file: Path) -> None:
    """Write the truth in the shape of `sohoa read --json`."""
    whole = {"version": 1, "pages": pages, "errors": []}
    file.write_text(json.dumps(whole, ensure_ascii=False, indent=None) + "\n", encoding="utf-8")


@click.command()
@click.option(
    "--form", type=click.Choice([*FORMS, "all"]), default="birth_table", show_default=True
)
@click.option("--pages", default=4, show_default=True, help="Scans to write (of each form).")
@click.option("--seed", default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option(
    "--fonts-set",
    type=click.Choice(["tuning", "fitting", "measuring"]),
    default="tuning",
    show_default=True,
)
@click.option(
    "--layout-set", type=click.Choice(["tuning", "measuring"]), default="tuning", show_default=True
)
@click.option("--dpi", type=click.IntRange(100, 400), default=200, show_default=True)
@click.option("--entries", default=0, help="Entries on a scan at most; 0 fills it.")
@click.option(
    "--degrade",
    type=click.Choice(["none", "light", "heavy", "bent", "photo"]),
    default="light",
    show_default=True,
)
@click.option("--orientation", type=click.Choice(list(TURNS)), default="upright", show_default=True)
@click.option(
    "--script",
    type=click.Choice(["handwriting", "typewriter", "print"]),
    default="handwriting",
    show_default=True,
)
@click.option(
    "--damage",
    multiple=True,
    help="A field of synthesis/paper.py Wear and its value for every scan: blur_px=2.5, noise=12, "
    "gain=1.3, skew_deg=4, cut_mm=0,0,15,0.",
)
@click.option(
    "--odd",
    multiple=True,
    type=click.Choice(ODDITIES),
    help="What happens to some entries: words corrected above, seals over the writing, later "
    "notes in red, entries cancelled.",
)
@click.option(
    "--per-book", default=4, show_default=True, help="Scans before the hand and the layout change."
)
@click.option("--layout", default="", help="Id in scripts/data/layouts.toml; else drawn.")
@click.option("--area", default="", help="Id in scripts/data/areas.toml; else drawn.")
@click.option("--hand", default="", help="Id in scripts/fonts/fonts.toml; else drawn.")
@click.option("--shipped-fonts", is_flag=True, help="Only the faces committed in scripts/fonts.")
def main(
    form: str,
    out: Path,
    *,
    damage: Sequence[str],
    odd: Sequence[str],
    shipped_fonts: bool,
    **options: Any,
) -> None:
    """Write invented register pages with exact ground truth."""
    away = missing_faces(options["fonts_set"])
    if away and not shipped_fonts:
        print(
            f"{len(away)} faces are not here: run scripts/fetch_fonts.py for more hands",
            file=sys.stderr,
        )
    order = Order(shipped=shipped_fonts, damage=told_damage(damage), odd=tuple(odd), **options)
    pages: list[dict[str, Any]] = []
    for name in FORMS if form == "all" else [form]:
        folder = out / name if form == "all" else out
        mine = []
        for page in synthesize(replace(order, form=name), folder):
            mine.append(page)
            print(
                f"{folder / page['file']} {page['side'] or ''} {len(page['records'])}",
                file=sys.stderr,
            )
        write_truth(mine, folder / "truth.json")
        pages += mine
    print(f"{len(pages)} pages, {sum(len(page['records']) for page in pages)} entries in {out}")


if __name__ == "__main__":
    main()
