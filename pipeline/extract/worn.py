"""Labels of a form that were not read: where their neighbours leave one possibility."""

import re
from collections.abc import Sequence

from pipeline.extract.anchors import Anchor
from pipeline.extract.codes import bare
from pipeline.extract.form import Form, Label
from pipeline.extract.kinds.registry import LONG_KINDS
from pipeline.extract.matching import columns_of, rough_similarity
from pipeline.extract.reading_order import Row
from pipeline.values import Line

_UNREAD_LABEL = re.compile(r"\s*([^:]{0,30}?)\s*:")
_WORD = re.compile(r"[^\W_]+")
_FILL = " .:_…"
LIKE = 0.5  # similarity of a rest of a label to that label's end


def is_long(form: Form, label: Label) -> bool:
    """Tell whether an answer to the label may go on in the next line."""
    kinds = {field.key: field.kind for field in form.fields}
    return any(kinds[key] in LONG_KINDS for key in label.keys)


def with_worn(form: Form, region: Sequence[Row], anchors: Sequence[Anchor]) -> list[Anchor]:
    """Return the anchors of a region with those of labels that only their places tell.

    A line begins with something before a colon, or follows an answer that must have ended, or
    has a colon inside an answer: then there is a label more, and if the form has just one
    between its neighbours, that is it.
    """
    found = list(anchors)
    for row in region:
        for line in row:
            index = _position(region, found, line)
            anchor = None if index is None else _at_start(form, line, found, index)
            if index is not None and anchor is not None:
                found.insert(index, anchor)
            for place in reversed([i for i, one in enumerate(found) if one.line is line]):
                inside = _inside(form, line, found, place)
                if inside is not None:
                    found.insert(place + 1, inside)
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


def _at_start(form: Form, line: Line, anchors: Sequence[Anchor], index: int) -> Anchor | None:
    """Return the worn label with which a line begins."""
    missing = _missing(form, anchors, index)
    stop = min([one.start for one in anchors if one.first_line is line] or [len(line.text)])
    head = line.text[:stop]
    hit = _UNREAD_LABEL.match(head)
    if hit and missing:
        label = missing[0] if len(missing) == 1 else _most_like(bare(hit[1]), missing)
        if label is not None:
            return Anchor(label.order, line, 0, line, hit.end(), is_assumed=True)
    if index == 0:
        return None
    before = anchors[index - 1]
    ended = before.line is not line and before.line.text[before.end :].strip(_FILL)
    if not ended or is_long(form, form.labels[before.order]) or not head.strip(_FILL):
        return None
    if len(missing) != 1:
        return None
    words = _printed(head, missing[0])
    return Anchor(missing[0].order, line, 0, line, words, is_assumed=words == 0)


def _printed(head: str, label: Label) -> int:
    """Return where a label's own words end that a line begins with; 0 when it does not.

    A short one ("Tại") is no label amid a text, but it is one where just that one is missing.
    """
    for text in label.texts:
        words = list(_WORD.finditer(head))[: len(_WORD.findall(text))]
        if words and bare("".join(word[0] for word in words)) == bare(text):
            return words[-1].end()
    return 0


def _inside(form: Form, line: Line, anchors: Sequence[Anchor], place: int) -> Anchor | None:
    """Return the worn label amid an answer: in "Nam Dn tkc: Mông" the two words at the colon."""
    start = anchors[place].end
    after = [one.start for one in anchors[place + 1 :] if one.first_line is line]
    gap = line.text[start : min(after, default=len(line.text))]
    colon = gap.rfind(":")
    words = list(_WORD.finditer(gap, 0, max(0, colon)))
    scored = []
    for label in _missing(form, anchors, place + 1):
        for text in label.texts:
            count = len(_WORD.findall(text))
            if 0 < count < len(words):
                read = bare(gap[words[-count].start() : colon])
                scored.append((rough_similarity(read, bare(text)), label.order, count))
    similar, order, count = max(scored, default=(0.0, 0, 0))
    if colon < 0 or similar < LIKE:
        return None
    begin = start + words[-count].start()
    return Anchor(order, line, begin, line, start + colon + 1, is_assumed=True)


def _missing(form: Form, anchors: Sequence[Anchor], index: int) -> list[Label]:
    """Return the labels that the form has between two neighbours and that were not read.

    Before the first label of a region only those of its own block can stand.
    """
    aside = {block.name for block in form.blocks if block.aside}
    later = [anchor.order for anchor in anchors[index:]]
    end = next((order for order in later if form.labels[order].block not in aside), None)
    if end is None:
        return []
    start = anchors[index - 1].order if index else -1
    if index and form.labels[start].block in aside:
        return []
    read = {anchor.order for anchor in anchors}
    return [
        label
        for label in form.labels[start + 1 : end]
        if not label.optional
        and label.order not in read
        and label.block not in aside
        and label.block not in columns_of(form)
        and (index > 0 or label.block == form.labels[end].block)
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
