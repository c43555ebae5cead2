"""Blocks that stand side by side, as columns: whose answer a line below their labels continues."""

from collections.abc import Sequence
from statistics import median

from pipeline.extract.anchors import Anchor
from pipeline.extract.form import Form
from pipeline.extract.matching import columns_of
from pipeline.extract.pieces import Piece, parted, polygon_of, text_of
from pipeline.extract.reading_order import left
from pipeline.extract.worn import is_long
from pipeline.values import Line

_LEADERS = " \t.…·•_"


class Columns:
    """The columns of a region, and which label was last read in each."""

    def __init__(self, form: Form, anchors: Sequence[Anchor]) -> None:
        """Note where the columns begin, by the labels that were found in them."""
        self.form, self.anchors = form, anchors
        self.last: dict[str, int] = {}  # block → the label whose answer may go on
        starts: dict[str, list[float]] = {}
        for anchor in anchors:
            label = form.labels[anchor.order]
            if label.block in columns_of(form) and label.keys:
                words = Piece(anchor.first_line, anchor.start, len(anchor.first_line.text))
                starts.setdefault(label.block, []).append(left(polygon_of([words])))
        self.edges = sorted((median(xs), block) for block, xs in starts.items())

    def pass_by(self, found: Sequence[int]) -> None:
        """Go on to the labels of a line; one of another block ends the columns."""
        for index in found:
            block = self.form.labels[self.anchors[index].order].block
            if block not in columns_of(self.form):
                self.last = {}
            else:
                self.last[block] = index

    def continued(self, line: Line) -> list[tuple[int, Piece]]:
        """Return the parts of a line with the labels that they answer; none outside columns."""
        if len(self.edges) < 2 or not self.last:
            return []
        pieces = parted(line, [edge for edge, _block in self.edges[1:]])
        parts = []
        for (_edge, block), piece in zip(self.edges, pieces, strict=True):
            index = self.last.get(block)
            if index is not None and text_of(piece).strip(_LEADERS):
                label = self.form.labels[self.anchors[index].order]
                if is_long(self.form, label):
                    parts.append((index, piece))
        return parts
