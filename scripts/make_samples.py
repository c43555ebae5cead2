"""Make the invented books of samples/ again: the same pages, byte for byte of the text.

    scripts/make_samples.py [--out samples]

Only faces and word lists of this folder are used, so no network is needed.
"""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import click
import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

from synthesis.books import Book, Order, draw_book, draw_hand, faces  # noqa: E402
from synthesis.invent import Birth, Person  # noqa: E402
from synthesis.paper import Wear, draw_wear  # noqa: E402
from synthesis.tables import Entry  # noqa: E402
from synthesize_pages import draw_sheet, entries_for, save_scan, write_truth  # noqa: E402

SAMPLES = Path(__file__).resolve().parent.parent / "samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample book.

    Attributes:
        name: its folder.
        rows: entries on a full sheet; `last` on the last one.
        first: number of its first page.
        hands: faces of its clerks, in the order in which they write.
    """

    name: str
    order: Order
    sheets: int
    rows: int
    last: int
    first: int
    hands: tuple[str, ...]
    place: str
    volume: str
    shelf: str
    edit: Callable[[list[Entry]], list[Entry]]


def with_lan(entries: list[Entry]) -> list[Entry]:
    """Put the entry that the demonstration looks for among the others."""
    index = 8 + 14 // 2
    old = entries[index]
    assert isinstance(old, Birth)
    lan = Person("Nguyễn Thị Lan", True, date(1987, 3, 8), "Kinh")  # noqa: FBT003 - is female
    mother = Person("Trần Thị Hoa", True, date(1962, 5, 2), "Kinh", "làm ruộng")  # noqa: FBT003
    father = Person("Nguyễn Văn Thành", False, date(1959, 9, 1), "Kinh", "bộ đội")  # noqa: FBT003
    entry = replace(
        old, registered=max(old.registered, date(1987, 3, 16)), child=lan, mother=mother,
        father=father, declarant=mother, birthplace="trạm xá xã", kind="1", note="",
    )  # fmt: skip
    return [*entries[:index], entry, *entries[index + 1 :]]


def numbered(entries: list[Entry], first: int) -> list[Entry]:
    """Number births from the first page on: a small book has no other beginning."""
    return [
        replace(entry, serial=str(first + index)) if isinstance(entry, Birth) else entry
        for index, entry in enumerate(entries)
    ]


def as_they_are(entries: list[Entry]) -> list[Entry]:
    """Return the entries."""
    return entries


BOOKS = (
    Sample(
        "ks-van-trung-1987",
        Order(form="birth_table", seed=1987, layout="ks-table-a3-a", area="van-trung",
              years=(1987, 1987), shipped=True),
        4, 12, 9, 1, ("mali", "mali", "mynerve", "playwrite-vn"),
        "xã Vân Trung, huyện Việt Yên, tỉnh Hà Bắc", "01", "Kho 1, giá 3, ngăn 2", with_lan,
    ),
    Sample(
        "ks-nenh-2016",
        Order(form="birth_form", seed=2016, layout="ks-form-a", area="nenh", years=(2016, 2016),
              shipped=True),
        4, 1, 1, 21, ("playwrite-vn", "mynerve"),
        "thị trấn Nếnh, huyện Việt Yên, tỉnh Bắc Giang", "01", "Kho 1, giá 5, ngăn 1", as_they_are,
    ),
    Sample(
        "smk-quang-chau",
        Order(form="parcel_table", seed=2014, layout="smk-a", area="quang-chau", years=(2015, 2015),
              shipped=True),
        2, 22, 17, 4, ("mali", "mynerve"),
        "xã Quang Châu, huyện Việt Yên, tỉnh Bắc Giang", "02", "Kho 2, giá 1, ngăn 4", as_they_are,
    ),
)  # fmt: skip


def bind(sample: Sample, rng: Random) -> Book:
    """Return the book with the clerks that the sample wants."""
    book = draw_book(rng, sample.order)
    known = {face.id: face for face in faces("tuning", "hand", shipped=True)}
    pens = {
        name: draw_hand(rng, known[name], "handwriting") for name in dict.fromkeys(sample.hands)
    }
    habits = replace(
        book.habits, short_names=0.0, caps=book.form == "birth_form", age="age", date="{d}/{m}/{y}",
        ditto="-nt-" if book.form == "birth_table" else "", ditto_share=0.7, sex_low=False,
        hamlet_word=True,
    )  # fmt: skip
    steady = {
        name: replace(pen, slant=0.05, wobble=0.016, jitter=0.02, weight=0.8, uneven=0.16)
        for name, pen in pens.items()
    }
    return replace(
        book,
        hands=tuple(steady[name] for name in sample.hands),
        habits=habits,
        volume=sample.volume,
    )


def wear_of(seed: int, *, spread: bool) -> Wear:
    """Return a scan as an office makes it: a little askew, a shadow in the fold."""
    wear = draw_wear(np.random.default_rng(seed), "light", spread=spread, turn_deg=0)
    return replace(wear, noise=0.0, jpeg=63, blur_px=0.55, bleed=0.03, texture=0.2, shadow=0.3)


def write_sample(sample: Sample, out: Path) -> list[dict[str, Any]]:
    """Write the scans of one book, its card and its truth."""
    folder = out / sample.name
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    rng = Random(sample.order.seed)
    book = bind(sample, rng)
    count = sample.rows * (sample.sheets - 1) + sample.last
    entries = numbered(sample.edit(entries_for(book, count, rng)), sample.first)
    pages: list[dict[str, Any]] = []
    for index in range(sample.sheets):
        seed = rng.randrange(2**31)
        part = entries[index * sample.rows : (index + 1) * sample.rows]
        now = replace(book, hands=(book.hands[index % len(book.hands)],))
        sheet = draw_sheet(now, part, sample.first + index, sample.rows, sample.order.dpi, seed)
        wear = wear_of(seed, spread=len(sheet.pages) > 1)
        pages += save_scan(sheet, folder / f"{index + 1:04}.jpg", wear, seed)
    write_truth(pages, folder / "truth.json")
    (folder / "book.toml").write_text(card(sample, count), encoding="utf-8")
    return pages


def card(sample: Sample, entries: int) -> str:
    """Return the card of the book."""
    told = {
        "form": sample.order.form, "place": sample.place, "years": list(sample.order.years or ()),
        "volume": sample.volume, "pages": sample.sheets, "entries": entries, "shelf": sample.shelf,
    }  # fmt: skip
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in told.items()
    )


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=SAMPLES)
def main(out: Path) -> None:
    """Make the invented books of samples/ again."""
    for sample in BOOKS:
        pages = write_sample(sample, out)
        size = sum(file.stat().st_size for file in (out / sample.name).iterdir())
        print(f"{sample.name}: {len(pages)} pages, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
