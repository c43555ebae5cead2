"""Small invented pages for the tests and benchmarks of clean/: arrays made from a seed."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.values import Matrix, PageImage, Pixels

FONTS = Path("/usr/share/fonts/truetype")
PRINT = ["freefont/FreeSerif.ttf", "dejavu/DejaVuSans.ttf", "freefont/FreeSans.ttf"]
# No free hand lies in Debian's fonts: a slanted serif with every word set a little off stands in.
HAND = ["freefont/FreeSerifItalic.ttf", "freefont/FreeSerifBoldItalic.ttf"]
WORDS = (  # noqa: SIM905
    "sinh ngày tháng năm xã huyện tỉnh Nguyễn Thị Lan Trần Văn Bưởi Phạm Đình Chữ Hoàng Lê "
    "làm ruộng thôn Đông Hạ khai sinh cha mẹ dân tộc Kinh quốc tịch Việt Nam nơi ở người đi "
    "khai chữ ký ghi chú số quyển trang thửa đất tờ bản đồ diện tích loại nghìn chín trăm"
).split()
PAPER = 238


def font(names: list[str], size: int, rng: np.random.Generator) -> ImageFont.ImageFont:
    """Return one of the fonts, or Pillow's own where Debian's are missing."""
    file = FONTS / names[int(rng.integers(len(names)))]
    return ImageFont.truetype(str(file), size) if file.exists() else ImageFont.load_default(size)


def phrase(rng: np.random.Generator, words: int) -> str:
    return " ".join(WORDS[int(i)] for i in rng.integers(0, len(WORDS), words))


class Sheet:
    """A white sheet that is written and ruled on."""

    def __init__(self, width: int, height: int, dpi: float, rng: np.random.Generator) -> None:
        self.image = Image.new("L", (width, height), PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.width, self.height, self.dpi, self.rng = width, height, dpi, rng

    def mm(self, length: float) -> int:
        return round(length * self.dpi / 25.4)

    def write(self, x: int, y: int, text: str, size_mm: float, *, hand: bool, ink: int) -> None:
        """Write from the left end x with the middle at y; a hand sets each word a little off."""
        face = font(HAND if hand else PRINT, self.mm(size_mm), np.random.default_rng(len(text)))
        for word in text.split():
            lift = int(self.rng.normal(0, self.mm(0.35))) if hand else 0
            self.draw.text((x, y + lift), word, fill=ink, font=face, anchor="lm")
            x += int(self.draw.textlength(word + " ", font=face))

    def rule(self, x0: int, y0: int, x1: int, y1: int, ink: int, *, broken: bool) -> None:
        thick = max(1, self.mm(0.25))
        self.draw.line((x0, y0, x1, y1), fill=ink, width=thick)
        if broken:
            for _ in range(max(abs(x1 - x0), abs(y1 - y0)) // self.mm(9)):
                share = self.rng.random()
                x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
                half = self.mm(float(self.rng.uniform(0.5, 4)))
                wide = (half, thick) if y0 == y1 else (thick, half)
                self.draw.rectangle(
                    (x - wide[0], y - wide[1], x + wide[0], y + wide[1]), fill=PAPER
                )

    def pixels(self, noise: float = 4.0) -> Pixels:
        grey = np.asarray(self.image, np.float32)
        grain = cv2.randn(np.empty(grey.shape, np.float32), 0, noise)
        return np.clip(grey + grain, 0, 255).astype(np.uint8)


def print_page(rng: np.random.Generator, dpi: float = 300) -> Pixels:
    """Return an A4 page of printed paragraphs."""
    sheet = Sheet(round(8.27 * dpi), round(11.69 * dpi), dpi, rng)
    size, y = float(rng.uniform(3, 4.5)), sheet.mm(25)
    while y < sheet.height - sheet.mm(float(rng.uniform(25, 120))):
        if rng.random() < 0.08:
            y += sheet.mm(7)
            continue
        words = int(rng.integers(4, 9)) if rng.random() < 0.15 else int(140 / size / 2.4)
        sheet.write(sheet.mm(25), y, phrase(rng, words), size, hand=False, ink=40)
        y += sheet.mm(size * 1.55)
    return sheet.pixels()


def write_table(
    sheet: Sheet, box: tuple[int, int, int, int], *, rules: str = "all", faded: bool = False
) -> None:
    """Rule a table into the box and write into most cells; rules: all or columns."""
    rng = sheet.rng
    x0, y0, x1, y1 = box
    row = sheet.mm(float(rng.uniform(8, 13)))
    widths = rng.uniform(0.5, 2, int(rng.integers(5, 9)))
    xs = [x0, *(x0 + np.cumsum(widths) / widths.sum() * (x1 - x0)).astype(int).tolist()]
    ys = list(range(y0, y1, row))
    ink = 185 if faded else 70
    for x in xs:
        sheet.rule(x, y0, x, ys[-1], ink, broken=faded)
    for y in ys if rules == "all" else (ys[0], ys[1], ys[-1]) if rules == "head" else ():
        sheet.rule(x0, y, x1, y, ink, broken=faded)
    for top in ys[:-1]:
        for left, right in pairwise(xs):
            if rng.random() < 0.85:
                text = phrase(rng, max(1, (right - left) // sheet.mm(16)))
                sheet.write(
                    left + sheet.mm(1.5),
                    top + row // 2,
                    text,
                    float(rng.uniform(3.6, 4.4)),
                    hand=top > y0,
                    ink=110 if faded else 60,
                )


def ledger_page(
    rng: np.random.Generator, dpi: float = 300, rules: str = "all", *, faded: bool = False
) -> Pixels:
    """Return an A4 page with a ruled table full of handwriting."""
    sheet = Sheet(round(8.27 * dpi), round(11.69 * dpi), dpi, rng)
    sheet.write(sheet.mm(60), sheet.mm(15), "SỔ ĐĂNG KÝ KHAI SINH", 5, hand=False, ink=50)
    write_table(sheet, (sheet.mm(14), sheet.mm(28), sheet.width - sheet.mm(14),
                        sheet.height - sheet.mm(16)), rules=rules, faded=faded)  # fmt: skip
    return sheet.pixels()


def hand_page(rng: np.random.Generator, dpi: float = 300) -> Pixels:
    """Return an A4 page of unruled lines by hand, ragged, some short."""
    sheet = Sheet(round(8.27 * dpi), round(11.69 * dpi), dpi, rng)
    y = sheet.mm(22)
    while y < sheet.height - sheet.mm(float(rng.uniform(20, 60))):
        words = int(rng.integers(3, 16))
        sheet.write(sheet.mm(float(rng.uniform(18, 24))), y, phrase(rng, words), 5, hand=True,
                    ink=70)  # fmt: skip
        y += sheet.mm(float(rng.uniform(9, 11)))
    return sheet.pixels()


def form_page(rng: np.random.Generator, dpi: float = 300) -> Pixels:
    """Return a form: printed labels, dotted lines, answers by hand, within a frame."""
    sheet = Sheet(round(8.27 * dpi), round(11.69 * dpi), dpi, rng)
    edge = sheet.mm(15)
    sheet.draw.rectangle(
        (edge, edge, sheet.width - edge, sheet.height - edge), outline=60, width=sheet.mm(0.4)
    )
    sheet.write(sheet.mm(70), sheet.mm(28), "GIẤY KHAI SINH", 6, hand=False, ink=40)
    for y in range(sheet.mm(45), sheet.height - sheet.mm(35), sheet.mm(11)):
        sheet.write(sheet.mm(22), y, phrase(rng, 3) + ":", 3.8, hand=False, ink=50)
        sheet.write(sheet.mm(75), y + sheet.mm(1), ". " * 44, 3.2, hand=False, ink=60)
        sheet.write(sheet.mm(78), y, phrase(rng, int(rng.integers(2, 7))), 4.6, hand=True, ink=60)
    return sheet.pixels()


def spread(
    rng: np.random.Generator,
    dpi: float = 300,
    *,
    shift_mm: float = 0.0,
    shadow: float = 0.35,
    across: bool = False,
    kind: str = "table",
) -> tuple[Pixels, float]:
    """Return a landscape A3 spread and the x of its gutter.

    shadow is the share of light that the gutter loses; across rules one table over both pages.
    """
    sheet = Sheet(round(16.54 * dpi), round(11.69 * dpi), dpi, rng)
    gutter = sheet.width / 2 + sheet.mm(shift_mm)
    top, bottom = sheet.mm(25), sheet.height - sheet.mm(16)
    left, right, inner = sheet.mm(14), sheet.width - sheet.mm(12), sheet.mm(12)
    if across:
        write_table(sheet, (left, top, right, bottom))
    else:
        for x0, x1 in ((left, int(gutter) - inner), (int(gutter) + inner, right)):
            if kind == "table":
                state = rng.bit_generator.state["state"]["state"]
                write_table(sheet, (x0, top + int(state % 5), x1, bottom))
            else:
                for y in range(top, bottom, sheet.mm(7)):
                    sheet.write(x0, y, phrase(rng, (x1 - x0) // sheet.mm(13)), 4, hand=False,
                                ink=50)  # fmt: skip
    pixels = sheet.pixels().astype(np.float32)
    x = (np.arange(sheet.width) - gutter) / sheet.mm(7)
    light = 1 - shadow * np.exp(-np.abs(x)) if shadow else np.ones(sheet.width)
    return (pixels * light.astype(np.float32)).astype(np.uint8), gutter


def rotation(width: int, height: int, deg: float, *, grow: bool = True) -> tuple[Matrix, int, int]:
    """Return the 3x3 matrix that turns a page clockwise by deg, and the new size."""
    turn = np.eye(3)
    turn[:2] = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -deg, 1)
    if not grow:
        return turn, width, height
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    wide, high = round(width * cos + height * sin), round(width * sin + height * cos)
    turn[:2, 2] += (wide - width) / 2, (high - height) / 2
    return turn, wide, high


def rotate(pixels: Pixels, deg: float, fill: int = PAPER, *, grow: bool = True) -> Pixels:
    """Turn a page clockwise, as a sheet laid askew on the glass; fill is what lies around it."""
    matrix, wide, high = rotation(pixels.shape[1], pixels.shape[0], deg, grow=grow)
    return cv2.warpAffine(
        pixels, matrix[:2], (wide, high), flags=cv2.INTER_CUBIC, borderValue=float(fill)
    )


def marks_page(rng: np.random.Generator, dpi: float = 150) -> Pixels:
    """Return a page of invented letters that all have their tall strokes upwards.

    Whether a crop of it is upright can be told without reading, see `stands_upright`.
    """
    sheet = Sheet(round(8.27 * dpi), round(11.69 * dpi), dpi, rng)
    for y in range(sheet.mm(25), sheet.height - sheet.mm(25), sheet.mm(9)):
        x = sheet.mm(20)
        while x < sheet.width - sheet.mm(40):
            for _ in range(int(rng.integers(3, 8))):
                wide, high = sheet.mm(1.8), sheet.mm(2)
                sheet.draw.rectangle((x, y, x + wide, y + high), outline=50, width=2)
                if rng.random() < 0.6:
                    sheet.draw.line((x, y - sheet.mm(2), x, y), fill=50, width=2)
                x += sheet.mm(2.4)
            x += sheet.mm(2.5)
    return sheet.pixels(2.0)


def stands_upright(crops: Sequence[Pixels]) -> float:
    """Tell how far the ink of the crops lies low: above 0.5 where tall strokes point upwards."""
    low = []
    for crop in crops:
        rows = np.flatnonzero((crop < 140).any(1))
        if not len(rows):  # nothing but paper or shadow: it tells neither way
            low.append(0.5)
            continue
        ink = (crop[rows[0] : rows[-1] + 1] < 140).sum(1).astype(float)
        low.append(float((ink * np.linspace(0, 1, len(ink))).sum() / ink.sum()))
    return float(np.mean(low))


def on_bed(
    pixels: Pixels, deg: float, rng: np.random.Generator, bed: int = 25, margin: float = 0.04
) -> Pixels:
    """Lay a page askew on a scanner bed that is larger than it."""
    height, width = pixels.shape
    edge = round(margin * max(height, width))
    padded = cv2.copyMakeBorder(
        pixels, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=float(bed)
    )
    turned = rotate(padded, deg, bed).astype(np.float32)
    grain = cv2.randn(np.empty(turned.shape, np.float32), 0, 3)
    return np.clip(turned + grain + rng.normal(0, 1), 0, 255).astype(np.uint8)


def band(pixels: Pixels, rng: np.random.Generator, ink: int = 15) -> Pixels:
    """Paint a black band along one or two edges of the frame, as a lid left open does."""
    painted = pixels.copy()
    height, width = painted.shape
    for edge in rng.permutation(4)[: int(rng.integers(1, 3))]:
        share = float(rng.uniform(0.02, 0.08))
        if edge < 2:
            rows = round(share * height)
            painted[slice(0, rows) if edge == 0 else slice(height - rows, None)] = ink
        else:
            columns = round(share * width)
            painted[:, slice(0, columns) if edge == 2 else slice(width - columns, None)] = ink
    return painted


KINDS: dict[str, Callable[[np.random.Generator, float], Pixels]] = {
    "print": print_page,
    "ledger": ledger_page,
    "faded": lambda rng, dpi: ledger_page(rng, dpi, faded=True),
    "columns": lambda rng, dpi: ledger_page(rng, dpi, rules="columns"),
    "hand": hand_page,
    "form": form_page,
    "spread": lambda rng, dpi: spread(rng, dpi, shift_mm=float(rng.uniform(-15, 15)))[0],
}


def page_image(pixels: Pixels, dpi: float = 300) -> PageImage:
    return PageImage(pixels, dpi, np.eye(3))


def read_grey(file: Path) -> Pixels:
    """Return a picture of the corpus in grey, white where it is transparent."""
    with Image.open(file) as picture:
        clear = picture.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    white.alpha_composite(clear)
    return np.asarray(white.convert("L"))
