"""Which column of a ruled table holds which field: by its heading, its group and its order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.extract.codes import bare
from pipeline.extract.form import Form, Label
from pipeline.extract.grid import Column, Grid
from pipeline.extract.matching import (
    Gains,
    best_similarity,
    gain,
    order_labels,
    rough_similarity,
)

IN_GROUP, WRONG_GROUP = 0.25, 0.5
GROUP_READ, GROUP_MARGIN = 0.55, 0.15  # similarity, and how far the next block is behind
FLOOR = 0.5  # similarity of a heading that is worth nothing
HINT = 0.35  # similarity from which a misread heading may be what its place says
CONTAINED = 0.85  # a heading that has the label among other printed words
LONG = 6  # letters of a label that may be told from such words


@dataclass(frozen=True, slots=True)
class ColumnLabel:
    """A column with the label that it stands for.

    Attributes:
        order: the label's place in the form; None when nothing fits.
        similarity: of the heading to the label, 0 to 1; 0 when it was not read.
        is_assumed: the heading was not read; its neighbours leave one possibility.
    """

    grid: int
    column: Column
    order: int | None
    similarity: float = 0.0
    is_assumed: bool = False


def label_columns(form: Form, grids: Sequence[Grid]) -> list[ColumnLabel]:
    """Return the labels of all columns, the sides' grids joined left to right."""
    columns = [(index, column) for index, grid in enumerate(grids) for column in grid.columns]
    gains = [_gains(form, column) for _index, column in columns]
    orders = _without_repeats(form, order_labels(form, gains), gains)
    labelled = [
        ColumnLabel(index, column, order, _similar(form, column, order))
        for (index, column), order in zip(columns, orders, strict=True)
    ]
    return _filled(form, labelled)


def _may_be(column: Column, label: Label) -> bool:
    """Tell whether a heading was not read, or read too badly to say something else."""
    worn = not column.headings or len(bare("".join(column.headings))) < 2
    return worn or _label_similar(label, column) >= HINT


def _gains(form: Form, column: Column) -> Gains:
    if not column.headings:
        return {}
    group = _group(form, column)
    gains = {}
    for label in form.labels:
        similar = _label_similar(label, column)
        shortest = min(len(bare(text)) for text in label.texts)
        worth = gain(similar, shortest, FLOOR)
        if worth > 0 and group:
            worth += IN_GROUP if label.block == group else -WRONG_GROUP
        if worth > 0:
            gains[label.order] = worth
    return gains


def _similar(form: Form, column: Column, order: int | None) -> float:
    return 0.0 if order is None else _label_similar(form.labels[order], column)


def _label_similar(label: Label, column: Column) -> float:
    """Compare a label with each heading, with all that stands above, and with a part of it."""
    own = [bare(text) for text in column.headings]
    together = bare("".join(column.headings))
    group = bare("".join(column.groups))
    # group and heading may be one label: Cha / Họ và tên is "Họ và tên cha"
    readings = [together, group + together, together + group, *own] if own else []
    best = max((best_similarity(one, label, rough_similarity) for one in readings), default=0.0)
    for printed in map(bare, label.texts):
        if len(printed) >= LONG and len(together) > len(printed):
            ends = (together[: len(printed)], together[-len(printed) :])
            best = max(best, CONTAINED * max(rough_similarity(end, printed) for end in ends))
    return best


def _group(form: Form, column: Column) -> str:
    """Return the block that a heading above the column names; empty when none surely does."""
    best = [(0.0, ""), (0.0, "")]
    for block in form.blocks:
        similar = [
            rough_similarity(bare(heading), bare(text))
            for text in block.texts
            for heading in (*column.groups, *column.headings[:-1])
        ]
        best.append((max(similar, default=0.0), block.name))
    (first, name), (second, _name) = sorted(best, reverse=True)[:2]
    return name if first >= GROUP_READ and first - second >= GROUP_MARGIN else ""


def _without_repeats(
    form: Form, orders: Sequence[int | None], gains: Sequence[Gains]
) -> list[int | None]:
    """Leave each label to the column that fits best; only notes may have their columns twice."""
    twice = {label.block for label in form.labels if label.joins and label.block}
    best: dict[int, int] = {}
    for index, order in enumerate(orders):
        if order is not None:
            before = best.get(order)
            if before is None or gains[index][order] > gains[before][order]:
                best[order] = index
    return [
        order
        if order is not None and (best[order] == index or form.labels[order].block in twice)
        else None
        for index, order in enumerate(orders)
    ]


def _filled(form: Form, columns: list[ColumnLabel]) -> list[ColumnLabel]:
    """Give worn headings the labels that the form has between their neighbours.

    Only when there are as many columns as labels in between: else it would be a guess.
    """
    filled = list(columns)
    start = 0
    while start < len(columns):
        if columns[start].order is not None:
            start += 1
            continue
        end = start
        while end < len(columns) and columns[end].order is None:
            end += 1
        between = _between(form, columns, start, end)
        if len(between) == end - start and all(
            _may_be(column.column, form.labels[order])
            for column, order in zip(columns[start:end], between, strict=True)
        ):
            for index, order in zip(range(start, end), between, strict=True):
                filled[index] = replace(columns[index], order=order, is_assumed=True)
        start = end
    return filled


def _between(form: Form, columns: Sequence[ColumnLabel], start: int, end: int) -> list[int]:
    before = columns[start - 1].order if start > 0 else -1
    after = columns[end].order if end < len(columns) else len(form.labels)
    if before is None or after is None:
        return []
    taken = {column.order for column in columns}
    return [
        label.order
        for label in form.labels[before + 1 : after]
        if not label.optional and label.order not in taken
    ]
