"""Find the written lines of a page: in the cells of its tables, and outside them."""

from pipeline.layout.darkness import Darkness
from pipeline.layout.order import in_reading_order
from pipeline.layout.rules import Rules
from pipeline.layout.writing import Quad
from pipeline.layout.written import find_written
from pipeline.values import Cell, Line, PageImage, Polygon

MARGIN_MM = 0.5


def find_lines(image: PageImage, rules: Rules, cells: tuple[Cell, ...]) -> tuple[Line, ...]:
    """Return outlines of the written lines in reading order, their text yet empty."""
    written = find_written(image, rules, cells)
    lines = [
        Line(
            _polygon(line.quad, written.dark, image),
            (cells[line.cell].row, cells[line.cell].column) if line.cell >= 0 else None,
        )
        for line in written.lines
    ]
    return in_reading_order(lines, cells)


def _polygon(quad: Quad, dark: Darkness, image: PageImage) -> Polygon:
    """Return the outline with a small margin, px of the page image."""
    margin = dark.scale.px(MARGIN_MM)
    left, right = quad.left - margin, quad.right + margin
    rise = quad.slope * (right - left)
    top, bottom = quad.top - margin - quad.slope * margin, quad.bottom + margin
    height, width = image.pixels.shape

    def point(x: float, y: float) -> tuple[float, float]:
        return (
            min(max(x * dark.factor, 0.0), float(width)),
            min(max(y * dark.factor, 0.0), float(height)),
        )

    return (
        point(left, top), point(right, top + rise),
        point(right, bottom + rise), point(left, bottom),
    )  # fmt: skip
