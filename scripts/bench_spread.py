"""Measure how spreads are parted: how far the fold found lies from the true one; pages left whole.

    OMP_NUM_THREADS=1 scripts/bench_spread.py [--rounds N] [--seed N] [--draw FOLDER]

Every layout of scripts/data/layouts.toml is drawn as each kind of scan, those of spreads in other
books a round, at 100 dpi: the gutter is looked for on pictures no larger than that. Off: px at 300
dpi across the fold, at its worst height.
"""

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT)]

from synthesis.books import Order, draw_book, load_layouts  # noqa: E402
from synthesis.paper import draw_wear, scan  # noqa: E402
from synthesize_pages import draw_sheet, entries_for, rows_of  # noqa: E402

from pipeline.clean.spread import Fold, find_fold  # noqa: E402
from pipeline.values import PageImage, Pixels, Polygon  # noqa: E402

DPI = 100.0
WEARS = ("light", "heavy", "bent", "photo")
NEAR_PX = 12.0  # at 300 dpi, 1 mm
MOST_ENTRIES = 10


@dataclass
class Tally:
    """What became of one kind of scans.

    Attributes:
        off: of the spreads that were parted, px at 300 dpi.
        whole: spreads that were not parted.
        single, cut: single pages, and those that were parted.
    """

    off: list[float] = field(default_factory=list)
    whole: int = 0
    single: int = 0
    cut: int = 0
    seconds: list[float] = field(default_factory=list)


def off_px(fold: Fold, true: Polygon, height: int) -> float:
    """Return how far the fold lies from the points of the true one at worst, px at 300 dpi."""
    x, y = np.asarray(true).T
    found = fold.top + (fold.bottom - fold.top) * y / (height - 1)
    return float(np.abs(found - x).max()) * 300 / DPI


def draw(image: Pixels, fold: Fold | None, file: Path) -> None:
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    if fold is not None:
        ends = (round(fold.top), 0), (round(fold.bottom), image.shape[0] - 1)
        cv2.line(canvas, *ends, (0, 0, 255), 2)
    cv2.imwrite(str(file), canvas)


def measure(order: Order, number: int, tally: Tally, folder: Path | None) -> None:
    rng = Random(f"{order.seed} {order.layout} {order.degrade}")
    book = draw_book(rng, order)
    rows = min(rows_of(book, rng), MOST_ENTRIES)
    sheet = draw_sheet(book, entries_for(book, rows, rng), 1, rows, DPI, rng.randrange(2**31))
    noise = np.random.default_rng([order.seed, number])
    spread = len(sheet.pages) > 1
    wear = draw_wear(noise, order.degrade, spread=book.layout.spread, turn_deg=0)
    pixels, carry = scan(sheet.pixels, DPI, wear, noise, spread=spread)
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    start = time.process_time()
    fold = find_fold(PageImage(grey, DPI, np.eye(3)))
    tally.seconds.append(time.process_time() - start)
    high, wide = sheet.pixels.shape[:2]
    true = carry(tuple((wide / 2, float(y)) for y in np.linspace(0, high, 9)))
    bad = (fold is None) if spread else (fold is not None)
    if not spread:
        tally.single += 1
        tally.cut += bad
    elif fold is None:
        tally.whole += 1
    else:
        tally.off.append(off_px(fold, true, grey.shape[0]))
        bad = tally.off[-1] > NEAR_PX
    if bad:
        name = f"{order.layout}-{order.degrade}-{order.seed}"
        print(f"  {name}: {'spread' if spread else 'single'} {tally.off[-1:] if fold else ''}")
        if folder:
            draw(grey, fold, folder / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wears", default=",".join(WEARS))
    parser.add_argument("--draw", type=Path)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    if given.draw:
        given.draw.mkdir(parents=True, exist_ok=True)
    tallies: dict[str, Tally] = defaultdict(Tally)
    for degrade in given.wears.split(","):
        for seed in range(given.seed, given.seed + given.rounds):
            for number, layout in enumerate(load_layouts()):
                if not layout.spread and seed > given.seed:
                    continue
                order = Order(
                    form=layout.form, layout=layout.id, layout_set=layout.part, dpi=int(DPI),
                    degrade=degrade, seed=seed, shipped=True,
                )  # fmt: skip
                measure(order, number, tallies[degrade], given.draw)
        tally = tallies[degrade]
        off = np.array(tally.off)
        spreads = len(off) + tally.whole
        print(
            f"| {degrade} | {spreads} | {(off <= NEAR_PX).sum() / max(spreads, 1):.1%} "
            f"| {np.median(off):.1f} | {np.quantile(off, 0.95):.1f} | {off.max():.1f} "
            f"| {tally.whole} | {tally.single} | {tally.cut} | {np.mean(tally.seconds):.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
