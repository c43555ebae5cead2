"""Measure columns and cells on real registers and forms: scans by others with known columns.

    OMP_NUM_THREADS=1 scripts/bench_registers.py [--corpus FOLDER] [--draw FOLDER]

The scans are the corpus's `tables` and `vi_forms`; without it nothing is measured. A column counts
as found when most of its written lines lie in a column of cells that is no other's; a line as right
when it lies there. Where the file names no column regions, the columns of the largest table are
counted beside those that the manifest tells, and of forms the cells.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from pipeline.clean.border import crop  # noqa: E402
from pipeline.clean.deskew import deskew  # noqa: E402
from pipeline.clean.places import on_scan  # noqa: E402
from pipeline.clean.spread import split  # noqa: E402
from pipeline.flow.page import straightened  # noqa: E402
from pipeline.layout.cells import find_cells  # noqa: E402
from pipeline.values import Cell, PageImage, Point  # noqa: E402

SHARED = Path(os.environ.get("SOHOA_SHARED", ROOT.parent / "shared"))
PAGE_HEIGHT_IN = 14.5  # the files tell no resolution; these registers are 36 to 38 cm high
FORM_DPI = 300
LONG_PX = 4500  # as intake does: no page is looked at above 300 dpi


def open_scan(file: Path, *, is_form: bool) -> PageImage:
    with Image.open(file) as picture:
        grey = np.asarray(picture.convert("L"))
    dpi = FORM_DPI if is_form else grey.shape[0] / PAGE_HEIGHT_IN
    factor = max(1.0, grey.shape[0] / LONG_PX)
    if factor > 1:
        size = round(grey.shape[1] / factor), round(grey.shape[0] / factor)
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return PageImage(np.asarray(grey, np.uint8), dpi / factor, np.diag([factor, factor, 1.0]))


def true_lines(file: Path) -> dict[str, list[Point]]:
    """Return the middles of the written lines of each column, px of the scan."""
    root = ElementTree.parse(file).getroot()
    names = {tag.get("ID"): tag.get("LABEL", "") for tag in root.iter() if "Tag" in tag.tag}
    lines = defaultdict(list)
    for block in root.iter():
        if not block.tag.endswith("TextBlock"):
            continue
        label = names.get(block.get("TAGREFS", "").split(" ")[0], "")
        if not label.startswith("Col_"):
            continue
        for line in block:
            if line.tag.endswith("TextLine"):
                left, top, width, height = (
                    float(line.get(key, 0)) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT")
                )
                lines[label].append((left + width / 2, top + height / 2))
    return dict(lines)


def cell_at(point: Point, cells: list[Cell]) -> Cell | None:
    for cell in cells:
        outline = np.asarray(cell.polygon, np.float32)
        if cv2.pointPolygonTest(outline, point, measureDist=False) >= 0:
            return cell
    return None


def score_columns(lines: dict[str, list[Point]], cells: list[Cell]) -> tuple[int, int, int, int]:
    """Return columns with lines and found ones, lines and those in their column."""
    votes: dict[str, Counter[int]] = {}
    for label, points in lines.items():
        at = [cell_at(point, cells) for point in points]
        votes[label] = Counter(cell.column for cell in at if cell is not None)
    best = {label: vote.most_common(1)[0] for label, vote in votes.items() if vote}
    owners = Counter(column for column, _count in best.values())
    own = {label: count for label, (column, count) in best.items() if owners[column] == 1}
    found = [label for label, count in own.items() if count * 2 > len(lines[label])]
    total = sum(len(points) for points in lines.values())
    return len(lines), len(found), total, sum(own[label] for label in found)


def find_all(image: PageImage) -> tuple[list[list[Cell]], float]:
    """Return the cells of each side, px of the scan, and the CPU seconds of all of it."""
    start = time.process_time()
    sides = []
    for page in split(image):
        flat, rules = straightened(deskew(crop(page)))
        cells = find_cells(flat, rules)
        sides.append(
            [
                Cell(on_scan(flat, cell.polygon), cell.row, cell.column, cell.row_span,
                     cell.column_span, cell.is_header)
                for cell in cells
            ]
        )  # fmt: skip
    return sides, time.process_time() - start


def draw(image: PageImage, sides: list[list[Cell]], file: Path) -> None:
    canvas = cv2.cvtColor(image.pixels, cv2.COLOR_GRAY2BGR)
    for cell in (cell for cells in sides for cell in cells):
        points = np.asarray(cell.polygon) / image.to_scan[0, 0]
        colour = (0, 140, 255) if cell.is_header else (255, 120, 0)
        cv2.polylines(canvas, [points.round().astype(np.int32)], True, colour, 4)  # noqa: FBT003
    cv2.imwrite(str(file), canvas)


def row_of(item: dict[str, Any], corpus: Path, folder: Path | None) -> list[int]:
    """Print what was found on one scan; return its counts of columns and lines."""
    file = corpus / item["file"]
    truth = item["ground_truth"]
    is_form = item["kind"] == "vi_forms"
    image = open_scan(file, is_form=is_form)
    sides, seconds = find_all(image)
    if folder:
        draw(image, sides, folder / f"{file.stem}.png")
    lines = {} if is_form else true_lines(file.with_suffix(".xml"))
    counts = list(score_columns(lines, sides[0])) if len(sides) == 1 else [0, 0, 0, 0]
    told = sum(table["cells"] for table in truth["tables"]) if is_form else "-"
    cells = sum(len(side) for side in sides)
    columns = [max((cell.column for cell in side), default=0) for side in sides]
    print(
        f"| {file.stem[-24:]} | {len(sides)} | {truth.get('n_columns', '-')} "
        f"| {' + '.join(map(str, columns))} | {counts[1]} of {counts[0]} "
        f"| {counts[3]} of {counts[2]} | {told} | {cells} | {seconds:.2f} |",
        flush=True,
    )
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--corpus", type=Path, default=SHARED / "corpus")
    parser.add_argument("--draw", type=Path)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    if not (given.corpus / "manifest.json").exists():
        sys.exit(f"no corpus at {given.corpus}: nothing was measured")
    if given.draw:
        given.draw.mkdir(parents=True, exist_ok=True)
    manifest = json.loads((given.corpus / "manifest.json").read_text(encoding="utf-8"))
    print("| scan | sides | columns | counted | found | lines in their column | cells | found "
          "| CPU s |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    wanted = [item for item in manifest["items"] if item["kind"] in ("tables", "vi_forms")]
    totals = np.sum([row_of(item, given.corpus, given.draw) for item in wanted], axis=0)
    print(f"{totals[1]} of {totals[0]} columns, {totals[3]} of {totals[2]} lines in their column")


if __name__ == "__main__":
    main()
