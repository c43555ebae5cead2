"""A slip of paper pasted on a page: it hides what lies under it and has writing of its own."""

from dataclasses import replace
from random import Random

import cv2
import numpy as np

from pipeline.values import Matrix, Point, Polygon
from synthesis.hands import Hand
from synthesis.sheets import Sheet, SidePage, TrueLine, TrueRecord

SIZE_MM = ((60.0, 100.0), (26.0, 46.0))
LEAN_DEG = 4.0
SHADES = (0.88, 0.96)  # of the darker of the two papers, beside the other
SHADOW, SHADOW_MM = 0.3, 0.5  # along two of its edges, where it stands off the page
HIDDEN = 0.05  # of the area of a line or a field
TEXTS = (
    ("Đính chính theo quyết định", "số {n}/QĐ-UB ngày {d}/{m}/{y}", "Người ghi"),
    ("Đăng ký lại ngày {d}/{m}/{y}", "Quyển số {m}, số {n}"),
    ("Đã cấp bản sao số {n}", "ngày {d}/{m}/{y}"),
)


def paste_slip(sheet: Sheet, hand: Hand, year: int, rng: Random) -> None:
    """Paste a slip on one of the sheet's pages; what it hides is no truth any more."""
    page = rng.choice(sheet.pages)
    width, height = (rng.uniform(*part) for part in SIZE_MM)
    x = rng.uniform(page.outline.left, page.outline.right - width)
    y = rng.uniform(page.outline.top + 15, page.outline.bottom - height - 5)
    slip, lines = _written(hand, (width, height), sheet.dpi, year, rng)
    matrix = _laid(sheet, (x, y), (width, height), np.radians(rng.uniform(-LEAN_DEG, LEAN_DEG)))
    rim = _carried(matrix, ((0, 0), (width, 0), (width, height), (0, height)), sheet.px(1.0))
    _hide(page, sheet.pages, rim)
    _lay(sheet, slip, matrix, rim, rng)
    page.lines += [replace(line, polygon=_carried(matrix, line.polygon)) for line in lines]


def _written(
    hand: Hand, size_mm: tuple[float, float], dpi: float, year: int, rng: Random
) -> tuple[Sheet, list[TrueLine]]:
    slip = Sheet(size_mm, dpi, rng.randrange(2**31))
    page = SidePage(None, "", None)  # type: ignore[arg-type]
    told = {"n": rng.randint(1, 99), "d": rng.randint(1, 28), "m": rng.randint(1, 12),
            "y": rng.randint(year + 1, year + 20)}  # fmt: skip
    size = rng.uniform(4.2, 5.2)
    for number, text in enumerate(rng.choice(TEXTS)):
        line = text.format(**told)
        if hand.face.can_write(line):
            narrow = min(1.0, (size_mm[0] - 8) / slip.width_mm(hand, line, size))
            slip.write(page, hand, line, (4, 10 + 9 * number), size * narrow)
    return slip, page.lines


def _laid(sheet: Sheet, at: Point, size_mm: tuple[float, float], angle: float) -> Matrix:
    """Return the way from px of the slip to px of the sheet; it is turned about its middle."""
    middle = np.array([sheet.px(mm) / 2 for mm in size_mm])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    move = np.array([sheet.px(mm) for mm in at]) + middle - turn @ middle
    return np.column_stack([turn, move])


def _carried(matrix: Matrix, polygon: Polygon, scale: float = 1.0) -> Polygon:
    points = np.array(polygon, np.float64) * scale @ matrix[:, :2].T + matrix[:, 2]
    return tuple((float(x), float(y)) for x, y in points)


def _lay(sheet: Sheet, slip: Sheet, matrix: Matrix, rim: Polygon, rng: Random) -> None:
    """Put the slip's pixels over the sheet's, one of the two papers darker, with a shadow."""
    size = sheet.pixels.shape[1::-1]
    points = [np.round(np.array(rim) * 16).astype(np.int32)]
    inside = np.zeros(sheet.pixels.shape[:2], np.uint8)
    cv2.fillPoly(inside, points, 255, cv2.LINE_AA, 4)
    shadow = cv2.GaussianBlur(inside, (0, 0), sheet.px(SHADOW_MM) / 2)
    off = sheet.px(SHADOW_MM)
    fallen = cv2.warpAffine(shadow, np.array([[1, 0, off], [0, 1, off]]), size)
    cover = inside[..., None].astype(np.float32) / 255
    shade = rng.uniform(*SHADES)
    page_shade, slip_shade = (shade, 1.0) if rng.random() < 0.5 else (1.0, shade)
    under = sheet.pixels * page_shade * (1 - SHADOW * fallen[..., None] / 255.0)
    over = cv2.warpAffine(slip.pixels, matrix, size, borderValue=(255, 255, 255)) * slip_shade
    sheet.pixels[:] = np.round(under * (1 - cover) + over * cover).astype(np.uint8)


def _hide(page: SidePage, pages: list[SidePage], rim: Polygon) -> None:
    """Take what lies under the slip out of the truth; entries that it touches say so."""

    def is_hidden(polygon: Polygon) -> bool:
        return _shared(polygon, rim) > HIDDEN * cv2.contourArea(np.array(polygon, np.float32))

    page.lines[:] = [line for line in page.lines if not is_hidden(line.polygon)]
    for record in (record for one in pages for record in one.records):
        for key in [key for key, field in record.fields.items() if is_hidden(field.polygon)]:
            del record.fields[key]
    for record in page.records or pages[0].records:
        if _touches(record, rim, across=not page.records):
            record.doubts.append("pasted_slip")


def _touches(record: TrueRecord, rim: Polygon, *, across: bool) -> bool:
    """Say whether the slip lies on an entry, or on its row across the spread."""
    if not across:
        return _shared(record.polygon, rim) > 0
    (_x0, top), _, (_x1, bottom), _ = record.polygon
    return min(y for _x, y in rim) < bottom and max(y for _x, y in rim) > top


def _shared(one: Polygon, other: Polygon) -> float:
    """Return the area that two convex polygons share, px²."""
    return float(cv2.intersectConvexConvex(np.array(one, np.float32),
                                           np.array(other, np.float32))[0])  # fmt: skip
