"""Compare clean/deskew.py with other programs: accuracy by range of angles, CPU time.

    OMP_NUM_THREADS=1 python scripts/bench_deskew.py [--quick] [--corpus FOLDER]

Pages: invented ones (tests/clean/clean_pages.py), whose angle is known exactly, and the real ones
of the corpus, whose angle as given is the median of all answers. Each is turned to angles in each
range. Seeds from 70000 on are for measuring only; the method was tuned on seeds below 2000. The
real pages were looked at while tuning: they are too few to be parted.

The other programs live in build/bench_deskew, an environment of their own, since they bring
opencv-python-headless, which must not stand beside opencv-python. Leptonica is the system's.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from pdf2image import convert_from_path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "clean"))

import clean_pages  # noqa: E402
from other_programs import OtherPrograms  # noqa: E402

from pipeline.clean.deskew import find_skew  # noqa: E402
from pipeline.values import Pixels  # noqa: E402

SHARED = Path(os.environ.get("SOHOA_SHARED", ROOT.parent / "shared"))
FIRST_SEED = 70_000
OURS = "sohoa"
# ±44.5, since at 45 degrees a ruled page looks the same from two sides.
RANGES = {"±5": (0.0, 5.0), "±15": (5.0, 15.0), "16-45": (16.0, 44.5)}
KINDS = ["print", "ledger", "faded", "columns", "hand", "form", "spread", "dark bed", "black band"]
# The same page twice or thrice, at other sizes or in other files; and a spread whose two pages
# lie askew by different angles.
LEFT_OUT = {"galfar__1-lzw.tif", "sbrunner__deskew-1.png", "sbrunner__deskew-7.png",
            "unpaper__imgsrcE001.png"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One page to measure: its kind, its pixels, its true angle, the range that it is for."""

    kind: str
    pixels: Pixels
    deg: float
    range: str
    is_flatbed_a4: bool = False


def angles(count: int, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    for name, (least, most) in RANGES.items():
        for _ in range(count):
            yield name, float(rng.uniform(least, most) * rng.choice([-1, 1]))


def invented(pages: int, turns: int) -> Iterator[Case]:
    """Make invented pages of each kind and turn each of them."""
    for index, kind in enumerate(KINDS):
        for number in range(pages):
            rng = np.random.default_rng(FIRST_SEED + 100 * index + number)
            base = {"dark bed": "ledger", "black band": "print"}.get(kind, kind)
            page = clean_pages.KINDS[base](rng, 300)
            for name, deg in angles(turns, rng):
                yield Case(kind, lay(kind, page, deg, rng), deg, name, is_flatbed_a4=(
                    name == "±5" and kind not in ("spread", "dark bed")
                ))  # fmt: skip


def lay(kind: str, page: Pixels, deg: float, rng: np.random.Generator) -> Pixels:
    """Return the page as it is scanned askew."""
    if kind == "dark bed":
        return clean_pages.on_bed(page, deg, rng, bed=int(rng.integers(5, 70)))
    turned = clean_pages.rotate(page, deg, grow=abs(deg) > 5)
    return clean_pages.band(turned, rng) if kind == "black band" else turned


def real_pages(corpus: Path) -> Iterator[tuple[str, Pixels]]:
    for file in sorted(corpus.iterdir()):
        if file.name in LEFT_OUT:
            continue
        if file.suffix == ".pdf":
            yield file.name, np.asarray(convert_from_path(file, 300)[0].convert("L"))
        else:
            yield file.name, clean_pages.read_grey(file)


def measure(pixels: Pixels, others: OtherPrograms) -> dict[str, tuple[float, float]]:
    """Return the answer and the CPU seconds of every program, ours first."""
    answers = {tool: tuple(told) for tool, told in others.ask(pixels).items()}
    start = time.process_time()
    skew_deg = find_skew(clean_pages.page_image(pixels))
    return {OURS: (skew_deg, time.process_time() - start), **answers}


def real(corpus: Path, turns: int, others: OtherPrograms) -> Iterator[Case]:
    """Turn each real page to angles in each range; its own angle is what most programs say."""
    for index, (name, pixels) in enumerate(real_pages(corpus)):
        rng = np.random.default_rng(FIRST_SEED + 5000 + index)
        # pixFindSkew sees 7 degrees only, so it has no say.
        said = {
            tool: deg for tool, (deg, _) in measure(pixels, others).items() if "Find" not in tool
        }
        base = float(np.median(list(said.values())))
        print(f"{name}: {base:.3f} of {[round(deg, 2) for deg in said.values()]}", file=sys.stderr)
        yield Case(
            "real", pixels, base, "±5" if abs(base) <= 5 else "±15" if abs(base) <= 15 else "16-45"
        )
        paper = int(np.percentile(pixels, 75))
        for wanted, deg in angles(turns, rng):
            turned = clean_pages.rotate(pixels, deg - base, paper)
            yield Case("real", turned, deg, wanted)


Row = tuple[Case, dict[str, tuple[float, float]]]


def table(title: str, rows: list[Row]) -> None:
    print(f"\n{title}\n\n| Tool | n | mean | median | p95 | max | <=0.1 deg | <=0.3 deg |"
          " A4 CPU ms |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for tool in rows[0][1]:
        off = np.array([abs(answers[tool][0] - case.deg) for case, answers in rows])
        cpu = [answers[tool][1] for case, answers in rows if case.is_flatbed_a4]
        print(
            f"| {tool} | {len(off)} | {off.mean():.3f} | {np.median(off):.4f} "
            f"| {np.quantile(off, 0.95):.3f} | {off.max():.2f} | {np.mean(off <= 0.1):.1%} "
            f"| {np.mean(off <= 0.3):.1%} | {1000 * np.mean(cpu) if cpu else float('nan'):.0f} |"
        )


def kinds_table(rows: list[Row]) -> None:
    kinds = list(dict.fromkeys(case.kind for case, _ in rows))
    print("\nBy kind, all angles: mean error / share within 0.1 deg / worst\n")
    print("| Tool | " + " | ".join(kinds) + " |\n|---" + "|---" * len(kinds) + "|")
    for tool in rows[0][1]:
        cells = []
        for kind in kinds:
            off = np.array([abs(a[tool][0] - case.deg) for case, a in rows if case.kind == kind])
            cells.append(f"{off.mean():.3f} / {np.mean(off <= 0.1):.0%} / {off.max():.2f}")
        print(f"| {tool} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a few pages only")
    parser.add_argument("--corpus", type=Path, default=SHARED / "corpus" / "skew")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        others = OtherPrograms("deskew", "bench", Path(folder))
        for case in invented(*((1, 1) if options.quick else (3, 4))):
            rows.append((case, measure(case.pixels, others)))
        if options.corpus.is_dir():
            for case in real(options.corpus, 1 if options.quick else 2, others):
                rows.append((case, measure(case.pixels, others)))
        else:
            print(f"no corpus at {options.corpus}: invented pages only", file=sys.stderr)
        others.close()
    for name in RANGES:
        table(f"Angles {name}", [row for row in rows if row[0].range == name])
    table("All angles", rows)
    kinds_table(rows)
    worst = sorted(rows, key=lambda row: -abs(row[1][OURS][0] - row[0].deg))[:5]
    print("\nWorst of ours: " + "; ".join(
        f"{case.kind} {case.deg:.2f}: {answers[OURS][0]:.2f}" for case, answers in worst
    ))  # fmt: skip


if __name__ == "__main__":
    main()
