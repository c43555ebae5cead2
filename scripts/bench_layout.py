"""Measure clean and layout on invented pages: cells, header rows, lines, rules, CPU seconds.

    python scripts/bench_layout.py [--pages N] [--kinds ledger,faded,…] [--draw FOLDER] [--others]

Pages are cropped, levelled, straightened and laid out as a scan's sides are, and what is found is
carried back to the flat sheet that was drawn. Cells: F1 at IoU 0.5 against every ruled cell.
Headers: share of the matched cells whose `is_header` is right. Lines: share of the written lines
that one found line covers alone ("right"), that share a found line with others ("merged"), that
fall into several ("split"), that none covers ("missed"), and found lines without writing
("invented", a share of the written). Tilt: by how many degrees pieces of 10 mm of the true rules
run off level or upright on the page that layout sees, the mean over their length; "before" on the
page only levelled, "after" straightened. `--others` finds the same cells with img2table and with
OpenCV's morphology, in an environment of their own (build/bench_cells). Run with OMP_NUM_THREADS=1.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT)]

from other_programs import OtherPrograms  # noqa: E402
from synthesis.paper import Warp, Wear, bent, make_warp, photographed, scan  # noqa: E402

from pipeline.clean.border import crop  # noqa: E402
from pipeline.clean.deskew import deskew  # noqa: E402
from pipeline.clean.places import on_page, on_scan  # noqa: E402
from pipeline.flow.page import straightened  # noqa: E402
from pipeline.layout.cells import find_cells  # noqa: E402
from pipeline.layout.ink import erase_rules  # noqa: E402
from pipeline.layout.lines import find_lines  # noqa: E402
from pipeline.values import Cell, Line, PageImage, Polygon  # noqa: E402

PRINT = "/usr/share/fonts/truetype/freefont/FreeSerif.ttf"
PRINT_BOLD = "/usr/share/fonts/truetype/freefont/FreeSerifBold.ttf"
NAMES = [
    "Nguyễn Thị Lan", "Trần Văn Hữu", "Lê Ngọc Ánh", "Phạm Đình Quý", "Hoàng Thị Mỹ Lệ",
    "Vũ Đức Thắng", "Đặng Thị Ngân", "Bùi Quang Huy", "Đỗ Thị Phượng", "Hồ Sỹ Giáp",
]  # fmt: skip
PLACES = ["Xóm 4, xã Hòa Bình", "thôn Đông Kỳ", "Trạm xá xã", "huyện Yên Mỹ", "Phú Lộc"]
HEADS = [
    "Số thứ tự", "Ngày, tháng, năm đăng ký", "Họ và tên", "Nam, nữ", "Ngày sinh", "Nơi sinh",
    "Dân tộc", "Quốc tịch", "Họ tên cha", "Tuổi", "Chỗ ở", "Ghi chú",
]  # fmt: skip


@dataclass
class Drawn:
    """A page being drawn, with its truth."""

    picture: Image.Image
    dpi: float
    rng: np.random.Generator
    hand: str
    cells: list[Cell] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    faint: np.ndarray | None = None

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        """What draws on the picture."""
        return ImageDraw.Draw(self.picture)

    def px(self, mm: float) -> float:
        """Return a length on paper in px."""
        return mm * self.dpi / 25.4


def hands() -> list[str]:
    found = [*(ROOT / "scripts/fonts").glob("*.ttf"), *(ROOT / "build/fonts").glob("*.ttf")]
    return [str(path) for path in sorted(found)] or [PRINT.replace("Serif", "SerifItalic")]


def new_page(rng: np.random.Generator, dpi: float, size_mm: tuple[float, float]) -> Drawn:
    size = (round(size_mm[0] / 25.4 * dpi), round(size_mm[1] / 25.4 * dpi))
    every = hands()
    return Drawn(Image.new("L", size, 255), dpi, rng, every[rng.integers(len(every))])


def quad(box: tuple[float, float, float, float]) -> tuple[tuple[float, float], ...]:
    left, top, right, bottom = box
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def write(
    page: Drawn,
    text: str,
    x: float,
    baseline: float,
    font: str,
    mm: float,
    cell: tuple[int, int] | None = None,
    ink: int = 20,
) -> float:
    """Write at (x, baseline) in px with letters of `mm` em size; return the right end."""
    face = ImageFont.truetype(font, round(page.px(mm)))
    page.draw.text((x, baseline), text, font=face, fill=ink, anchor="ls")
    box = page.draw.textbbox((x, baseline), text, font=face, anchor="ls")
    page.lines.append(Line(quad(box), cell, text))
    return float(box[2])


def fitting(page: Drawn, text: str, font: str, mm: float, width: float) -> float:
    """Return the em size at which the text is no wider than `width` px."""
    length = ImageFont.truetype(font, round(page.px(mm))).getlength(text)
    return min(mm, mm * width / max(length, 1.0))


def rule(page: Drawn, a: tuple[float, float], b: tuple[float, float], mm: float = 0.25) -> None:
    page.draw.line([a, b], fill=100, width=max(1, round(page.px(mm))))


def print_head(page: Drawn, text: str, cell: Cell) -> None:
    """Write a header's words centred, on as many lines as they need."""
    (left, top), _, (right, bottom), _ = cell.polygon
    mm, words, rows = 3.6, text.split(), [""]
    face = ImageFont.truetype(PRINT_BOLD, round(page.px(mm)))
    for word in words:
        longer = f"{rows[-1]} {word}".strip()
        if face.getlength(longer) > (right - left) * 0.9 and rows[-1]:
            rows.append(word)
        else:
            rows[-1] = longer
    pitch = page.px(mm * 1.15)
    y = (top + bottom) / 2 - pitch * len(rows) / 2 + pitch * 0.8
    for row in rows:
        size = fitting(page, row, PRINT_BOLD, mm, (right - left) * 0.95)
        width = ImageFont.truetype(PRINT_BOLD, round(page.px(size))).getlength(row)
        write(page, row, (left + right - width) / 2, y, PRINT_BOLD, size, (cell.row, cell.column))
        y += pitch


def draw_table(page: Drawn, *, rows: int = 20, row_rules: bool = True, two: bool = True) -> None:
    """Draw a ledger: two header rows with merged cells, a row of numbers, body rows."""
    rng = page.rng
    width, height = page.picture.size
    columns = int(rng.integers(7, 11))
    parts = rng.uniform(0.6, 1.8, columns)
    left, right = page.px(13), width - page.px(13)
    xs = left + np.concatenate([[0], np.cumsum(parts / parts.sum())]) * (right - left)
    top = page.px(30)
    write(page, "SỔ ĐĂNG KÝ KHAI SINH", width * 0.33, page.px(15), PRINT_BOLD, 6)
    write(page, "Quyển số 01, năm 1987", width * 0.4, page.px(22), PRINT, 4.2)
    heads = [page.px(9), page.px(8), page.px(6)]
    body = (height - page.px(18) - top - sum(heads)) / rows
    ys = top + np.concatenate([[0], np.cumsum(heads + [body] * rows)])
    group = int(rng.integers(2, columns - 3)) if two else -1
    span = int(rng.integers(2, 4))
    header = _header_cells(xs, ys, group, span)
    last = len(ys) - 1
    for cell in header:
        (x0, y0), _, (x1, y1), _ = cell.polygon
        page.draw.rectangle([x0, y0, x1, y1], outline=100, width=max(1, round(page.px(0.25))))
        words = HEADS[(cell.column - 1) % len(HEADS)] if cell.row < 3 else str(cell.column)
        print_head(page, words, cell)
    page.cells += header
    for x in xs:
        rule(page, (x, ys[3]), (x, ys[last]), 0.3)
    for y in ys[4:] if row_rules else ys[-1:]:
        rule(page, (xs[0], y), (xs[-1], y), 0.2)
    for row in range(3, last):
        for column in range(columns):
            box = (xs[column], ys[row], xs[column + 1], ys[row + 1])
            page.cells.append(Cell(quad(box), row + 1, column + 1))
            _write_cell(page, box, row + 1, column + 1)


def _header_cells(xs: np.ndarray, ys: np.ndarray, group: int, span: int) -> list[Cell]:
    cells = []
    for column in range(len(xs) - 1):
        if group <= column < group + span:
            box = (xs[column], ys[1], xs[column + 1], ys[2])
            cells.append(Cell(quad(box), 2, column + 1, 1, 1, is_header=True))
        else:
            box = (xs[column], ys[0], xs[column + 1], ys[2])
            cells.append(Cell(quad(box), 1, column + 1, 2, 1, is_header=True))
        box = (xs[column], ys[2], xs[column + 1], ys[3])
        cells.append(Cell(quad(box), 3, column + 1, 1, 1, is_header=True))
    if group >= 0:
        box = (xs[group], ys[0], xs[group + span], ys[1])
        cells.append(Cell(quad(box), 1, group + 1, 1, span, is_header=True))
    return cells


def _write_cell(page: Drawn, box: tuple[float, float, float, float], row: int, column: int) -> None:
    """Fill a body cell: usually one line, at times two or none, at times over the rule."""
    rng = page.rng
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    chance = rng.random()
    if column == 1:  # the number: one in every entry, on its first line
        write(page, str(row + 40), left + page.px(1.5), top + height * 0.6, page.hand,
              height / page.px(1) * 0.45, (row, column))  # fmt: skip
        return
    if chance < 0.1:
        return
    texts = [str(rng.choice(NAMES if width > page.px(18) else ["Kinh", "32", "nữ", "8/3/87"]))]
    if chance > 0.8 and width > page.px(22):
        texts.append(str(rng.choice(PLACES)))
    em = height / page.px(1) * (0.62 if len(texts) == 1 else 0.4)
    low = 0.25 if len(texts) == 1 else 0.12
    for number, text in enumerate(texts):
        size = fitting(page, text, page.hand, em, width * 0.9)
        drop = rng.normal(0, 0.05)
        y = bottom - height * (low + drop + (len(texts) - 1 - number) * 0.44)
        ink = int(rng.integers(20, 90))
        write(page, text, left + page.px(rng.uniform(0.8, 1.6)), y, page.hand, size,
              (row, column), ink)  # fmt: skip


def draw_form(page: Drawn) -> None:
    """Draw an entry as a form: a bordered box, a tick column, leaders with writing."""
    width, height = page.picture.size
    left, right, divider = page.px(18), width - page.px(14), width - page.px(60)
    top, bottom = page.px(40), height - page.px(30)
    for a, b in [
        ((left, top), (right, top)), ((left, bottom), (right, bottom)),
        ((left, top), (left, bottom)), ((right, top), (right, bottom)),
        ((divider, top), (divider, bottom)),
    ]:  # fmt: skip
        rule(page, a, b, 0.35)
    page.cells.append(Cell(quad((left, top, divider, bottom)), 1, 1))
    page.cells.append(Cell(quad((divider, top, right, bottom)), 1, 2))
    write(page, "SỔ ĐĂNG KÝ KHAI SINH", width * 0.3, page.px(20), PRINT_BOLD, 6)
    write(page, "Số: 45/2016", width * 0.42, page.px(30), PRINT, 4.5)
    y = top + page.px(10)
    labels = ["Họ, chữ đệm, tên:", "Ngày, tháng, năm sinh:", "Nơi sinh:", "Dân tộc:", "Quê quán:"]
    for number in range(17):
        leader_line(page, labels[number % 5], left + page.px(4), divider - page.px(3), y, (1, 1))
        y += page.px(10.5)
    y = top + page.px(10)
    for text in ["Ghi chú", "Đăng ký lại", "Đã cấp bản sao"]:
        write(page, text, divider + page.px(5), y, PRINT, 4.2, (1, 2))
        y += page.px(11)


def leader_line(
    page: Drawn, label: str, left: float, right: float, y: float, cell: tuple[int, int] | None
) -> None:
    """Print a label, dots to the right end, and mostly a hand's value over the dots."""
    face = ImageFont.truetype(PRINT, round(page.px(4.5)))
    end = left + face.getlength(label + " ")
    page.draw.text((left, y), label, font=face, fill=20, anchor="ls")
    dots = int((right - end) / face.getlength("."))
    page.draw.text((end, y), "." * dots, font=face, fill=40, anchor="ls")
    box = page.draw.textbbox((left, y), label, font=face, anchor="ls")
    if page.rng.random() < 0.8:
        value = str(page.rng.choice(NAMES + PLACES))
        hand = ImageFont.truetype(page.hand, round(page.px(6)))
        at = (end + page.px(page.rng.uniform(2, 8)), y - page.px(0.3))
        page.draw.text(at, value, font=hand, fill=60, anchor="ls")
        ink = page.draw.textbbox(at, value, font=hand, anchor="ls")
        box = (box[0], min(box[1], ink[1]), ink[2], max(box[3], ink[3]))
    page.lines.append(Line(quad(box), cell, label))


def draw_print(page: Drawn) -> None:
    """Draw an unruled page: a heading in two columns, running print."""
    width, height = page.picture.size
    write(page, "ỦY BAN NHÂN DÂN", page.px(20), page.px(20), PRINT_BOLD, 4.4)
    write(page, "XÃ HÒA BÌNH", page.px(26), page.px(26), PRINT_BOLD, 4.4)
    write(page, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", width * 0.42, page.px(20), PRINT_BOLD, 4.4)
    write(page, "Độc lập - Tự do - Hạnh phúc", width * 0.5, page.px(26), PRINT_BOLD, 4.4)
    rule(page, (width * 0.52, page.px(28.5)), (width * 0.72, page.px(28.5)), 0.2)
    y = page.px(42)
    while y < height - page.px(25):
        text = ""
        while len(text) < 62:
            text += str(page.rng.choice(NAMES + PLACES)) + ", "
        write(page, text, page.px(22), y, PRINT, 4.4)
        y += page.px(6.2)


def fade(page: Drawn, strength: float) -> None:
    """Break and pale the rules that were drawn before the writing: see `draw_faded`."""
    pixels = np.asarray(page.picture, np.float32)
    rng = page.rng
    spot = round(page.px(5.0))
    shape = (pixels.shape[0] // spot + 1, pixels.shape[1] // spot + 1)
    small = rng.random(shape).astype(np.float32)
    clouds = cv2.resize(small, pixels.shape[::-1], interpolation=cv2.INTER_CUBIC)
    keep = np.where(clouds < strength, 0.08, 0.25 + 0.3 * clouds)
    is_rule = np.abs(pixels - 100) < 4
    pixels = np.where(is_rule, 255 - (255 - pixels) * keep, pixels)
    page.picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def skewed(page: Wear, rng: np.random.Generator) -> Wear:
    return replace(page, skew_deg=float(rng.uniform(0.5, 2.0) * rng.choice([-1, 1])))


def as_it_is(page: Wear, _rng: np.random.Generator) -> Wear:
    return page


class Kind(NamedTuple):
    """What is drawn, how far its rules are faded, how it is scanned, at how many dpi."""

    draw: Callable[[Drawn], None]
    faded: float = 0.0
    worn: Callable[[Wear, np.random.Generator], Wear] = as_it_is
    dpi: float = 300


def columns_only(page: Drawn) -> None:
    draw_table(page, row_rules=False)


KINDS = {
    "ledger": Kind(draw_table),
    "skewed": Kind(draw_table, worn=skewed),
    "faded": Kind(draw_table, 0.25, skewed),
    "broken": Kind(draw_table, 0.5, skewed),
    "low": Kind(draw_table, dpi=150),
    "columns": Kind(columns_only),
    "form": Kind(draw_form),
    "print": Kind(draw_print),
    "curled": Kind(draw_table, worn=bent),
    "curled faded": Kind(draw_table, 0.25, bent),
    "curled columns": Kind(columns_only, worn=bent),
    "curled form": Kind(draw_form, worn=bent),
    "photo": Kind(draw_table, worn=photographed),
    "photo faded": Kind(draw_table, 0.25, photographed),
    "photo columns": Kind(columns_only, worn=photographed),
    "photo form": Kind(draw_form, worn=photographed),
}


def make(kind: str, seed: int) -> tuple[PageImage, Drawn, Warp]:
    """Return a scan, what was drawn, and where the flat sheet lies on the scan."""
    work = KINDS[kind]
    rng = np.random.default_rng(seed)
    page = new_page(rng, work.dpi, (210, 297))
    work.draw(page)
    if work.faded:
        fade(page, work.faded)
    scanner = Wear(shadow=0.5, paper=(225, 225, 225), blur_px=0.7 * work.dpi / 300, noise=5)
    wear = work.worn(scanner, rng)
    sheet = np.repeat(np.asarray(page.picture)[..., None], 3, axis=2)
    pixels, _carry = scan(sheet, work.dpi, wear, rng, spread=False)
    warp = make_warp(page.picture.size, work.dpi, wear, spread=False)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return PageImage(np.asarray(grey, np.uint8), work.dpi, np.eye(3)), page, warp


def flat(polygon: Polygon, image: PageImage, warp: Warp) -> Polygon:
    """Carry a polygon of the page image to the sheet that was drawn."""
    x, y = np.asarray(on_scan(image, polygon), np.float32).T + 0.5
    flat_x, flat_y = warp.flattened(x, y)
    return tuple(zip(flat_x.tolist(), flat_y.tolist(), strict=True))


def tilt_of_rules(page: Drawn, image: PageImage, warp: Warp) -> tuple[float, float]:
    """Return how far off level and off upright the true rules run on the page image, degrees."""
    off: tuple[list[float], list[float]] = ([], [])
    for cell in page.cells:
        corners = [*cell.polygon, cell.polygon[0]]
        for side, (a, b) in enumerate(pairwise(corners)):
            length = abs(b[0] - a[0]) + abs(b[1] - a[1])
            parts = np.linspace(a, b, max(2, round(length / page.px(10.0)) + 1))
            seen = np.asarray(on_page(image, warp.carry(tuple(map(tuple, parts)))))
            dx, dy = np.abs(np.diff(seen, axis=0)).T
            aside = np.arctan2(dx, dy) if side % 2 else np.arctan2(dy, dx)
            off[side % 2].extend(np.degrees(aside).tolist())
    return float(np.mean(off[0] or [np.nan])), float(np.mean(off[1] or [np.nan]))


def box_of(thing: Cell | Line) -> np.ndarray:
    points = np.asarray(thing.polygon)
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def shared_area(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the common area of every box of `a` with every box of `b`."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.clip(high - low, 0, None).prod(axis=2))


def area(boxes: np.ndarray) -> np.ndarray:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))


def score_cells(truth: list[Cell], found: list[Cell]) -> dict[str, float]:
    if not truth:
        return {"cells F1": 1.0 if not found else 0.0}
    if not found:
        return {"cells F1": 0.0, "header": 0.0, "grid": 0.0}
    a, b = np.array([box_of(c) for c in truth]), np.array([box_of(c) for c in found])
    common = shared_area(a, b)
    iou = common / (area(a)[:, None] + area(b)[None, :] - common)
    pairs = [(int(i), int(iou[i].argmax())) for i in range(len(a)) if iou[i].max() >= 0.5]
    header = np.mean([truth[i].is_header == found[j].is_header for i, j in pairs] or [0])
    grid = np.mean(
        [
            (truth[i].row, truth[i].column, truth[i].row_span, truth[i].column_span)
            == (found[j].row, found[j].column, found[j].row_span, found[j].column_span)
            for i, j in pairs
        ]
        or [0]
    )
    f1 = 2 * len(pairs) / (len(a) + len(b))
    return {"cells F1": f1, "header": float(header), "grid": float(grid)}


def score_lines(truth: list[Line], found: list[Line]) -> dict[str, float]:
    if not found:
        return {"right": 0.0, "missed": 1.0}
    a, b = np.array([box_of(line) for line in truth]), np.array([box_of(line) for line in found])
    # The middle of a line tells which lines a found one holds: tails may overlap.
    middle = a.copy()
    middle[:, 1] += 0.4 * (a[:, 3] - a[:, 1])
    middle[:, 3] -= 0.3 * (a[:, 3] - a[:, 1])
    common = shared_area(middle, b)
    held = common / area(middle)[:, None]
    whole = shared_area(a, b) / area(a)[:, None]
    holds = (held > 0.5).sum(axis=0)
    right = merged = split = missed = 0
    for i in range(len(a)):
        best = int(held[i].argmax())
        if held[i].sum() < 0.3:
            missed += 1
        elif held[i, best] < 0.9:
            split += 1
        elif holds[best] > 1:
            merged += 1
        elif whole[i, best] > 0.93:
            right += 1
    belongs = [
        truth[i].cell == found[int(held[i].argmax())].cell
        for i in range(len(a))
        if held[i].max() > 0.5
    ]
    invented = int((common.sum(axis=0) == 0).sum())
    n = len(a)
    return {
        "right": right / n, "merged": merged / n, "split": split / n, "missed": missed / n,
        "cut": (n - right - merged - split - missed) / n, "invented": invented / n,
        "in cell": float(np.mean(belongs or [0])),
    }  # fmt: skip


def measure_others(
    others: OtherPrograms, scanned: PageImage, page: Drawn, warp: Warp
) -> dict[str, float]:
    """Return the F1 and the CPU seconds of every other program on the scan as it is."""
    scores = {}
    for tool, (boxes, seconds) in others.ask(scanned.pixels).items():
        found = [Cell(flat(quad(box), scanned, warp), 0, 0) for box in boxes]
        scores |= {f"{tool} F1": score_cells(page.cells, found)["cells F1"]}
        scores |= {f"s {tool}": seconds}
    return scores


def draw_found(
    image: PageImage, cells: tuple[Cell, ...], lines: tuple[Line, ...], path: Path
) -> None:
    canvas = cv2.cvtColor(image.pixels, cv2.COLOR_GRAY2BGR)
    for cell in cells:
        colour = (0, 140, 255) if cell.is_header else (255, 120, 0)
        points = np.round(np.asarray(cell.polygon)).astype(np.int32)
        cv2.polylines(canvas, [points], True, colour, 4)  # noqa: FBT003
    for line in lines:
        points = np.round(np.asarray(line.polygon)).astype(np.int32)
        cv2.polylines(canvas, [points], True, (0, 160, 0), 2)  # noqa: FBT003
    cv2.imwrite(str(path), canvas)


def measure(
    kind: str, seed: int, folder: Path | None, others: OtherPrograms | None
) -> dict[str, float]:
    scanned, page, warp = make(kind, seed)
    marks = [time.process_time()]
    level = deskew(crop(scanned))
    marks.append(time.process_time())
    image, rules = straightened(level)
    marks.append(time.process_time())
    cells = find_cells(image, rules)
    marks.append(time.process_time())
    lines, _strokes = find_lines(image, rules, cells)
    marks.append(time.process_time())
    erased = erase_rules(image, rules)
    marks.append(time.process_time())
    if folder:
        draw_found(image, cells, lines, folder / f"{kind}-{seed}.png")
        cv2.imwrite(str(folder / f"{kind}-{seed}-erased.png"), erased.pixels)
    names = ("s clean", "s rules", "s cells", "s lines", "s erase")
    times = dict(zip(names, np.diff(marks), strict=True))
    found = [replace(cell, polygon=flat(cell.polygon, image, warp)) for cell in cells]
    written = [replace(line, polygon=flat(line.polygon, image, warp)) for line in lines]
    tilts = {
        f"{way} {when}": tilt
        for when, sight in (("before", level), ("after", image))
        for way, tilt in zip(("level", "upright"), tilt_of_rules(page, sight, warp), strict=True)
    }
    scores = score_cells(page.cells, found) | tilts | score_lines(page.lines, written)
    besides = measure_others(others, scanned, page, warp) if others else {}
    return scores | times | {"s all": marks[-1] - marks[1]} | besides


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure layout on invented pages.")
    parser.add_argument("--pages", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--draw", type=Path)
    parser.add_argument("--others", action="store_true")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    if given.draw:
        given.draw.mkdir(parents=True, exist_ok=True)
    folder = tempfile.TemporaryDirectory()
    others = OtherPrograms("cells", "bench-cells", Path(folder.name)) if given.others else None
    for kind in given.kinds.split(","):
        seeds = range(given.seed, given.seed + given.pages)
        scores = [measure(kind, seed, given.draw, others) for seed in seeds]
        keys = dict.fromkeys(key for score in scores for key in score)
        means = {key: float(np.mean([s.get(key, np.nan) for s in scores])) for key in keys}
        worst = min(score["cells F1"] for score in scores)
        print(f"{kind:14}", f"worst F1 {worst:.3f} ",
              *(f" {key} {value:.3f}" for key, value in means.items()), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
