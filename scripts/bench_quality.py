#!/usr/bin/env python3
"""What the measures of a scan's quality are worth: known damage, real scans, and CPU seconds.

    OMP_NUM_THREADS=1 scripts/bench_quality.py [--corpus FOLDER]… [--wrong-form]

Draws invented pages at 300 dpi as a good scanner would give them, then with one damage at a time
in known doses; every scan goes through JPEG. Of each dose: what the measure says, and how often
the profile asks to look or to scan again for that reason. Then how often it does so without
cause, by reason: on undamaged pages, and on the real scans of folders, of which nobody says that
they are good. `--wrong-form` reads a page of every form and tells each to be of every other form.
"""

import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import click
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT)]

from synthesis.books import Order, draw_book  # noqa: E402
from synthesis.paper import Wear, draw_wear, scan  # noqa: E402
from synthesis.sheets import Sheet  # noqa: E402
from synthesize_pages import FORMS, draw_sheet, entries_for, rows_of  # noqa: E402

from pipeline.clean.deskew import find_skew  # noqa: E402
from pipeline.clean.steps import clean  # noqa: E402
from pipeline.extract.recognise import other_form  # noqa: E402
from pipeline.flow.page import engines, forms, lay_out  # noqa: E402
from pipeline.ingest.files import Survey, expand, survey  # noqa: E402
from pipeline.ocr.reading import Unread, read_pages  # noqa: E402
from pipeline.quality.blur import edge_width  # noqa: E402
from pipeline.quality.exposure import clipping, grain  # noqa: E402
from pipeline.quality.ink import cut_strokes, find_ink  # noqa: E402
from pipeline.quality.looks import is_duplicate, look_of  # noqa: E402
from pipeline.quality.measures import measure  # noqa: E402
from pipeline.quality.profiles import Profile, profile_called  # noqa: E402
from pipeline.quality.verdict import judged  # noqa: E402
from pipeline.settings import IngestSettings, OcrSettings  # noqa: E402
from pipeline.values import Page, PageImage, PageReading, Pixels, Quality  # noqa: E402

DPI = 300
SINGLE = ("birth_form", "confirmation_table", "land_page")  # pages of one A4
GOOD_BLUR, GOOD_NOISE = 0.6, 1.5  # px and grey levels of a good scanner at 300 dpi


class Damage(NamedTuple):
    """One kind of damage.

    Attributes:
        reason: of the verdict that should follow.
        doses: what is laid over the wear of a page, with how it is called.
        tells: the measure.
    """

    reason: str
    doses: tuple[tuple[str, dict[str, Any]], ...]
    tells: Callable[[Quality], float]


DAMAGES = (
    Damage(
        "blurred",
        tuple((f"blur σ {px} px", {"blur_px": px}) for px in (0.6, 1.2, 2.0, 2.5, 3.0, 4.0)),
        lambda quality: quality.blur,
    ),
    Damage(
        "blurred",
        tuple((f"σ {px} px, noise 6", {"blur_px": px, "noise": 6.0}) for px in (0.6, 2.5)),
        lambda quality: quality.blur,
    ),
    Damage(
        "noisy",
        tuple((f"noise {sd}", {"noise": float(sd)}) for sd in (4, 8, 12, 16, 20)),
        lambda quality: quality.noise,
    ),
    Damage(
        "burnt",
        tuple((f"gain {gain}", {"gain": gain}) for gain in (1.2, 1.4)),
        lambda quality: quality.clipped_white,
    ),
    Damage(
        "cut",
        tuple((f"{mm} mm cut at each side in turn", {"cut_each_mm": mm}) for mm in (20, 30)),
        lambda quality: float(max(quality.cut)),
    ),
)


def drawn(form: str, seed: int, pages: int) -> Iterator[Sheet]:
    """Draw the sheets of a book at 300 dpi."""
    rng = Random(f"{seed} {form}")
    book = draw_book(rng, Order(form=form, seed=seed, dpi=DPI))
    rows = rows_of(book, rng)
    entries = entries_for(book, rows * pages, rng)
    for index in range(0, len(entries), rows):
        yield draw_sheet(book, entries[index : index + rows], index + 1, rows, DPI, seed)


def scanned(sheet: Sheet, wear: Wear, seed: int) -> Pixels:
    """Scan a sheet and give what its JPEG holds, grey."""
    spread = len(sheet.pages) > 1
    pixels, _carry = scan(sheet.pixels, DPI, wear, np.random.default_rng(seed), spread=spread)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=wear.jpeg)
    return np.asarray(Image.open(stream).convert("L"))


def verdict_of(pixels: Pixels, dpi: float, profile: Profile) -> Page:
    """Return the page with its measures and the verdict, as intake has it."""
    quality, look = measure(pixels, dpi, bits=24, dpi_assumed=False)
    height, width = pixels.shape
    return judged(Page("", 1, "", 1, width, height, dpi, quality, look), profile)


def wears(wear: Wear, dose: dict[str, Any]) -> list[Wear]:
    """Return the wear with a dose laid over it: four times when each side is cut in turn."""
    if "cut_each_mm" not in dose:
        return [replace(wear, **dose)]
    mm = float(dose["cut_each_mm"])
    cuts = np.eye(4) * mm
    return [replace(wear, cut_mm=tuple(map(float, cut))) for cut in cuts]


def good_wear(seed: int) -> Wear:
    """Return the wear of an old sheet on a good scanner."""
    wear = draw_wear(np.random.default_rng(seed), "light", spread=False, turn_deg=0)
    return replace(wear, blur_px=GOOD_BLUR, noise=GOOD_NOISE, jpeg=90)


def damages(sheets: Sequence[Sheet], profile: Profile) -> None:
    """Print what every dose of every damage does."""
    print("| damage | scans | measure: mean | least | most | look | scan again | other reasons |")
    print("|---|---|---|---|---|---|---|---|")
    for damage in DAMAGES:
        for name, dose in damage.doses:
            pages = [
                verdict_of(scanned(sheet, wear, seed), DPI, profile)
                for seed, sheet in enumerate(sheets)
                for wear in wears(good_wear(seed), dose)
            ]
            told = [damage.tells(page.quality) for page in pages]
            grades = Counter(
                reason.grade
                for page in pages
                for reason in page.verdict.reasons
                if reason.name == damage.reason
            )
            others = Counter(
                reason.name
                for page in pages
                for reason in page.verdict.reasons
                if reason.name != damage.reason
            )
            print(
                f"| {name} | {len(pages)} | {np.mean(told):.2f} | {min(told):.2f} | {max(told):.2f}"
                f" | {grades['look']} | {grades['rescan']} | {_counts(others)} |",
                flush=True,
            )


def false_alarms(seeds: int, profile: Profile) -> None:
    """Print what is said of pages that only age and an ordinary scanner have touched."""
    print("\n| undamaged, 300 dpi | scans | good | reasons |\n|---|---|---|---|")
    for degrade in ("light", "heavy"):
        pages, looks = [], []
        for form in SINGLE:
            for seed, sheet in enumerate(drawn(form, 40, seeds)):
                wear = draw_wear(np.random.default_rng(seed), degrade, spread=False, turn_deg=0)
                pages.append(verdict_of(scanned(sheet, wear, seed), DPI, profile))
                looks.append(pages[-1].look)
        reasons = Counter(one.name for page in pages for one in page.verdict.reasons)
        good = sum(page.verdict.grade == "good" for page in pages)
        pairs = [is_duplicate(a, b) for a, b in combinations(looks, 2)]
        print(f"| {degrade} | {len(pages)} | {good} | {_counts(reasons)} |")
        print(f"| {degrade}, pairs of them | {len(pairs)} | | double {sum(pairs)} |")


def doubles(sheets: Sequence[Sheet]) -> None:
    """Print how often a sheet that was laid on the glass twice is known again."""
    found = 0
    for seed, sheet in enumerate(sheets):
        looks = []
        for again in (seed, seed + 1000):
            pixels = scanned(sheet, replace(good_wear(again), cut_mm=(0.0,) * 4), again)
            looks.append(look_of(find_ink(pixels, DPI)))
        found += is_duplicate(*looks)
    print(f"\nscanned twice, each time in another light and askew: {found} of {len(sheets)} known")


def real(folders: Sequence[Path], profile: Profile) -> None:
    """Print what is said of real scans, folder by folder."""
    print(
        "\n| real scans | pages | good | look | scan again | reasons |\n|---|---|---|---|---|---|"
    )
    for kind in folders:
        files = [file for file in expand([kind]) if file.suffix not in (".xml", ".md", ".jsonl")]
        pages = [
            judged(
                Page("", 1, "", 1, one.width_px, one.height_px, one.dpi, one.quality, one.look),
                profile,
            )
            for found in survey(files, IngestSettings())
            if isinstance(found, Survey)
            for one in found.frames
        ]
        grades = Counter(page.verdict.grade for page in pages)
        reasons = Counter(one.name for page in pages for one in page.verdict.reasons)
        print(
            f"| {kind.name} | {len(pages)} | {grades['good']} | {grades['look']} | "
            f"{grades['rescan']} | {_counts(reasons)} |",
            flush=True,
        )


def costs(sheet: Sheet) -> None:
    """Print the CPU seconds of each measure on an A4 page of 300 dpi, the least of five."""
    pixels = scanned(sheet, good_wear(1), 1)
    image = PageImage(pixels, DPI, np.eye(3))
    ink = find_ink(pixels, DPI)
    steps: dict[str, Callable[[], object]] = {
        "ink, blank": lambda: find_ink(pixels, DPI),
        "blur": lambda: edge_width(pixels, DPI),
        "noise": lambda: grain(pixels),
        "clipping": lambda: clipping(pixels, ink),
        "cut edges": lambda: cut_strokes(ink),
        "look": lambda: look_of(ink),
        "all of intake": lambda: measure(pixels, DPI, bits=24, dpi_assumed=False),
        "skew": lambda: find_skew(replace(image)),
    }
    print(f"\n| A4 300 dpi ({pixels.shape[1]} x {pixels.shape[0]} px) | CPU ms |\n|---|---|")
    for name, step in steps.items():
        least = min(_seconds(step) for _round in range(5))
        print(f"| {name} | {1000 * least:.0f} |")


def _seconds(step: Callable[[], object]) -> float:
    before = time.process_time()
    step()
    return time.process_time() - before


def wrong_form() -> None:
    """Print how often a page of one form, told to be of another, is found out."""
    readers = engines(OcrSettings(hand_model="fast"))
    right, caught, told_wrong = 0, 0, 0
    missed: Counter[str] = Counter()
    for form in FORMS:
        sides = _read(next(drawn(form, 5, 1)), readers)
        right += other_form(forms(), forms()[form], sides) == ""
        for other in FORMS:
            if other != form:
                told_wrong += 1
                is_caught = other_form(forms(), forms()[other], sides) == form
                caught += is_caught
                if not is_caught:
                    missed[f"{form} as {other}"] += 1
    print(
        f"\nright form told: {right} of {len(FORMS)} pages kept; wrong form told: {caught} of "
        f"{told_wrong} found out; missed: {_counts(missed)}"
    )


def _read(sheet: Sheet, readers: Any) -> list[PageReading]:
    image = PageImage(scanned(sheet, good_wear(5), 5), DPI, np.eye(3))
    laid = [lay_out(side) for side in clean(image, readers["handwriting"].legibility)]
    read = read_pages([Unread(one.bare, one.sheet.lines, one.ink) for one in laid], readers)
    return [replace(one.sheet, lines=lines) for one, lines in zip(laid, read, strict=True)]


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "—"


@click.command()
@click.option(
    "--corpus", type=click.Path(exists=True, path_type=Path), multiple=True, help="Real scans."
)
@click.option("--profile", default="civil-status", show_default=True)
@click.option("--pages", default=1, show_default=True, help="Sheets of each form.")
@click.option("--wrong-form", "with_forms", is_flag=True)
def main(corpus: Sequence[Path], profile: str, pages: int, *, with_forms: bool) -> None:
    """Print the tables, in Markdown."""
    chosen = profile_called(profile)
    sheets = [sheet for form in SINGLE for sheet in drawn(form, 7, pages)]
    costs(sheets[0])
    damages(sheets, chosen)
    doubles(sheets)
    false_alarms(pages, chosen)
    if corpus:
        real(corpus, chosen)
    if with_forms:
        wrong_form()


if __name__ == "__main__":
    main()
