"""Labels of a form that were not read: where their neighbours leave one possibility."""

import re
from collections.abc import Sequence

from pipeline.extract.anchors import Anchor
from pipeline.extract.codes import bare
from pipeline.extract.form import Form, Label
from pipeline.extract.kinds.registry import LONG_KINDS
from pipeline.extract.matching import rough_similarity
from pipeline.extract.reading_order import Row
from pipeline.values import Line

_UNREAD_LABEL = re.compile(r"\s*([^:]{0,30}?)\s*:")
LIKE = 0.5  # similarity of a rest of a label to that label's end


def is_long(form: Form, label: Label) -> bool:
    """Tell whether an answer to the label may go on in the next line."""
    kinds = {field.key: field.kind for field in form.fields}
    return any(kinds[key] in LONG_KINDS for key in label.keys)


def with_worn(form: Form, region: Sequence[Row], anchors: Sequence[Anchor]) -> list[Anchor]:
    """Return the anchors of a region with those of labels that only their places tell.

    A line begins with something before a colon, or follows an answer that must have ended: then
    it has a label of its own, and if the form has just one between its neighbours, that is it.
    """
    found = list(anchors)
    for row in region:
        for line in row:
            index = _position(region, found, line)
            if index is None or index == 0:
                continue
            anchor = _worn(form, line, found, index)
            if anchor is not None:
                found.insert(index, anchor)
    return found


def _position(region: Sequence[Row], anchors: Sequence[Anchor], line: Line) -> int | None:
    """Return where an anchor at the line's start belongs; None when one stands there."""
    order = {id(each): place for place, each in enumerate(each for row in region for each in row)}
    here = order[id(line)]
    if any(anchor.line is line and anchor.first_line is not line for anchor in anchors):
        return None
    if any(
        anchor.first_line is line and not line.text[: anchor.start].strip(" .:-")
        for anchor in anchors
    ):
        return None
    return sum(order[id(anchor.first_line)] < here for anchor in anchors)


def _worn(form: Form, line: Line, anchors: Sequence[Anchor], index: int) -> Anchor | None:
    before = anchors[index - 1]
    missing = _missing(form, anchors, index)
    stop = min([one.start for one in anchors if one.first_line is line] or [len(line.text)])
    head = line.text[:stop]
    hit = _UNREAD_LABEL.match(head)
    if hit and missing:
        label = missing[0] if len(missing) == 1 else _most_like(bare(hit[1]), missing)
        if label is not None:
            return Anchor(label.order, line, 0, line, hit.end(), is_assumed=True)
    last = form.labels[before.order]
    ended = before.line is not line and before.line.text[before.end :].strip(" .:_…")
    if ended and not is_long(form, last) and len(missing) == 1 and head.strip(" .:_…"):
        return Anchor(missing[0].order, line, 0, line, 0, is_assumed=True)
    return None


def _missing(form: Form, anchors: Sequence[Anchor], index: int) -> list[Label]:
    """Return the labels that the form has between two neighbours and that were not read."""
    aside = {block.name for block in form.blocks if block.aside}
    start = anchors[index - 1].order
    later = [anchor.order for anchor in anchors[index:]]
    end = next((order for order in later if form.labels[order].block not in aside), None)
    if end is None or form.labels[start].block in aside:
        return []
    read = {anchor.order for anchor in anchors}
    return [
        label
        for label in form.labels[start + 1 : end]
        if not label.optional and label.order not in read and label.block not in aside
    ]


def _most_like(rest: str, labels: Sequence[Label]) -> Label | None:
    """Return the label whose end is most like what was read of it."""
    if len(rest) < 2:
        return None
    scored = [
        (max(rough_similarity(rest, bare(text)[-len(rest) :]) for text in label.texts), label)
        for label in labels
    ]
    best, label = max(scored, key=lambda pair: pair[0])
    return label if best >= LIKE else None
