"""Find a form's printed labels inside read lines: "Giới tính: Nam  Dân tộc: Kinh"."""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from statistics import median

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from pipeline.extract.codes import bare
from pipeline.extract.form import Form
from pipeline.extract.matching import (
    Gains,
    best_similarity,
    columns_of,
    gain,
    misprint_similarity,
    order_labels,
)
from pipeline.extract.pieces import Piece, cut
from pipeline.extract.reading_order import Row, left, right
from pipeline.letters import fold
from pipeline.values import Line

_TOKEN = re.compile(r"[^\W_]+")
_ANSWER_FOLLOWS = re.compile(r"\s*([:.…_(\[]|$)")
SHORT = 4  # letters; such a label ("Số") may be an ordinary word of an answer
FLOOR = 0.74  # similarity of a label that is worth nothing
SURE_IN_TEXT = 0.87  # similarity of a label that no colon follows, amid other words: 1 of 8
IN_TEXT, AT_START = 0.55, 0.75  # worth of a label that no colon follows
GAP = 4.5  # widths of the usual letter; between letters of a word 3.8 were seen, before labels 5.6


@dataclass(frozen=True, slots=True)
class Anchor:
    """A printed label that was found.

    Attributes:
        order: the label's place in the form.
        line: the line in which it ends, and where: the answer begins at `end`.
        first_line: the line in which it begins, at `start`.
        is_assumed: the label is worn; its neighbours leave one possibility.
        letters: of print that it explains, fewer the worse they fit.
    """

    order: int
    first_line: Line
    start: int
    line: Line
    end: int
    is_assumed: bool = False
    letters: float = 0.0


@dataclass(frozen=True, slots=True)
class _Token:
    line: Line
    start: int
    end: int
    letters: str


@dataclass(frozen=True, slots=True)
class _Span:
    first: int
    last: int
    letters: str
    factor: float
    worth: float


def find_anchors(form: Form, regions: Sequence[Sequence[Row]]) -> list[list[Anchor]]:
    """Return for each region the labels in it, in reading order."""
    streams = [_tokens(region) for region in regions]
    spans = [_best_spans(_candidates(form, tokens)) for tokens in streams]
    bounds = [_bounds(form, *pair) for pair in zip(streams, spans, strict=True)]
    gains: list[Gains] = [
        _gains(form, tokens, span, columns)
        for tokens, stream, (columns, _is_read) in zip(streams, spans, bounds, strict=True)
        for span in stream
    ]
    orders = iter(order_labels(form, gains))
    found: list[list[Anchor]] = []
    for tokens, stream, (_columns, is_read) in zip(streams, spans, bounds, strict=True):
        anchors = []
        for span in stream:
            order = next(orders)
            if order is not None:
                anchor = _anchor(form, order, tokens, span)
                if not is_read and form.labels[order].block in columns_of(form):
                    anchor = replace(anchor, is_assumed=True)
                anchors.append(anchor)
        found.append(_kept_in_block(form, anchors))
    return found


def _kept_in_block(form: Form, anchors: Sequence[Anchor]) -> list[Anchor]:
    """Return the anchors; one that left its block has stayed where the block still wants it.

    "Năm sinh" stands before "Dân tộc" in some printings and behind it in others: then the father's
    seems nearer than the mother's. What her block has had already is his.
    """
    kept: list[Anchor] = []
    block, had = "", set[int]()
    for anchor in anchors:
        label = form.labels[anchor.order]
        if label.opens:
            block, had = label.block, set()
        elif block and label.block != block and label.block not in columns_of(form):
            twins = [one for one in form.labels if one.block == block and one.texts == label.texts]
            if twins and twins[0].order not in had:
                anchor = replace(anchor, order=twins[0].order)
        had.add(anchor.order)
        kept.append(anchor)
    return kept


def _anchor(form: Form, order: int, tokens: Sequence[_Token], span: _Span) -> Anchor:
    first, last = tokens[span.first], tokens[span.last]
    similar = best_similarity(span.letters, form.labels[order], misprint_similarity)
    letters = len(span.letters) * max(0.0, similar - FLOOR) / (1 - FLOOR)
    return Anchor(order, first.line, first.start, last.line, last.end, letters=letters)


def _tokens(region: Sequence[Row]) -> list[_Token]:
    return [
        _Token(line, start, end, fold(line.text[start:end]))
        for row in region
        for line in row
        for gaps in [_gaps(line)]
        for hit in _TOKEN.finditer(line.text)
        for start, end in _words(line.text, gaps, hit.start(), hit.end())
    ]


def _words(text: str, gaps: Collection[int], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the words in a run of letters: an answer and the next label may be read as one.

    "NamDân", "1984Dân", "KinhQuốc" and "HOANam" are two words each; "NGUYỄN" and "2A" are one.
    "Châucấp" is two where the answer's room was left empty between them.
    """
    for at in range(start + 1, end):
        before, here, after = text[at - 1], text[at], text[at + 1 : at + 2]
        is_break = here.isupper() and (
            before.islower()
            or (before.isdigit() and after.islower())
            or (before.isupper() and after.islower() and at > start + 1)
        )
        if is_break or at in gaps:
            yield start, at
            start = at
    yield start, end


def _gaps(line: Line) -> set[int]:
    """Return where wide gaps stand in a line: before which of its letters.

    A letter reaches half-way to its neighbours, so that both beside a gap are wide.
    """
    widths = [letter.right - letter.left for letter in line.letters]
    if len(widths) != len(line.text):
        return set()
    wide = GAP * median(widths or [0.0])
    return {at for at in range(1, len(widths)) if min(widths[at - 1], widths[at]) > wide}


@lru_cache(maxsize=64)
def _wordings(form: Form) -> Mapping[str, int]:
    """Return each wording's bare letters with its number of words."""
    texts = [text for label in form.labels for text in label.texts]
    return {bare(text): len(_TOKEN.findall(text)) for text in texts}


def _candidates(form: Form, tokens: Sequence[_Token]) -> list[_Span]:
    """Return every run of words that may be a label, overlaps included."""
    wordings = _wordings(form)
    runs = _runs(tokens, max(map(len, wordings)), max(wordings.values()))
    reads, printed = list(runs), list(wordings)
    if not reads:
        return []
    # all runs against all wordings at once: this is where a page's time goes
    distances = cdist(reads, printed, scorer=Levenshtein.distance, dtype=np.uint16)
    lengths = np.maximum.outer([*map(len, reads)], [*map(len, printed)])
    near = np.argwhere(distances <= (1 - FLOOR) * lengths)
    spans: list[_Span] = []
    for read, label in ((reads[i], printed[j]) for i, j in near):
        similar = misprint_similarity(read, label)
        worth = gain(similar, len(label), FLOOR) * len(label)
        for first, last in runs[read]:
            # an engine may split a word in two or glue two together
            if worth > 0 and -1 <= last - first + 1 - wordings[label] <= 2:
                factor = _factor(tokens[first], tokens[last], similar)
                spans.append(_Span(first, last, read, factor, worth * factor))
    return [span for span in spans if span.factor > 0]


def _runs(
    tokens: Sequence[_Token], max_letters: int, max_words: int
) -> dict[str, list[tuple[int, int]]]:
    """Return the letters of every run of words that is not too long, with its places."""
    runs: dict[str, list[tuple[int, int]]] = {}
    for first in range(len(tokens)):
        letters = ""
        for last in range(first, min(len(tokens), first + max_words + 2)):
            letters += tokens[last].letters
            if len(letters) > max_letters / FLOOR:
                break
            runs.setdefault(letters, []).append((first, last))
    return runs


def _factor(first: _Token, last: _Token, similar: float) -> float:
    """Return how far the place speaks for a label: an answer follows, or a line begins."""
    if _ANSWER_FOLLOWS.match(last.line.text, last.end):
        return 1.0
    at_start = not first.line.text[: first.start].strip(" .:-–•*()[]0123456789")
    if len(first.letters) <= SHORT and first is last:
        digit_follows = last.line.text[last.end :].lstrip()[:1].isdigit()
        return AT_START if at_start and digit_follows else 0.0
    if at_start:
        return AT_START
    return IN_TEXT if similar >= SURE_IN_TEXT else 0.0


def _best_spans(spans: Sequence[_Span]) -> list[_Span]:
    """Return spans that do not overlap and are worth most together."""
    ranked = sorted(spans, key=lambda span: span.last)
    lasts = [span.last for span in ranked]
    best: list[tuple[float, tuple[_Span, ...]]] = [(0.0, ())]
    for index, span in enumerate(ranked):
        before = best[bisect_right(lasts, span.first - 1, hi=index)]
        taken = (before[0] + span.worth, (*before[1], span))
        best.append(max(best[-1], taken, key=lambda choice: choice[0]))
    return list(best[-1][1])


def _bounds(
    form: Form, tokens: Sequence[_Token], spans: Sequence[_Span]
) -> tuple[Mapping[str, tuple[float, float]], bool]:
    """Return from where to where each block that is a column reaches, px; and if it was read.

    Their headings tell. Where these are worn, the columns stand as the form has them.
    """
    names = columns_of(form)
    if not names or not tokens:
        return {}, True
    heads: dict[str, float] = {}
    for block in form.blocks:
        for span in spans if block.beside else ():
            if max(misprint_similarity(span.letters, bare(text)) for text in block.texts) > FLOOR:
                heads.setdefault(block.name, _middle(tokens[span.first], tokens[span.last]))
    is_read = len(heads) == len(names)
    if not is_read:
        first = min(left(token.line.polygon) for token in tokens)
        width = max(right(token.line.polygon) for token in tokens) - first
        heads = {name: first + width * (at + 0.5) / len(names) for at, name in enumerate(names)}
    ranked = sorted(heads, key=lambda name: heads[name])
    edges = [(heads[a] + heads[b]) / 2 for a, b in pairwise(ranked)]
    starts, ends = [float("-inf"), *edges], [*edges, float("inf")]
    return dict(zip(ranked, zip(starts, ends, strict=True), strict=True)), is_read


def _middle(first: _Token, last: _Token) -> float:
    """Return where the middle of some words stands, px from the left."""
    ends = (
        cut(Piece(first.line, first.start, first.end)),
        cut(Piece(last.line, last.start, last.end)),
    )
    return (left(ends[0]) + right(ends[1])) / 2


def _gains(
    form: Form,
    tokens: Sequence[_Token],
    span: _Span,
    bounds: Mapping[str, tuple[float, float]],
) -> dict[int, float]:
    gains = {}
    where = _middle(tokens[span.first], tokens[span.last]) if bounds else 0.0
    for label in form.labels:
        start, end = bounds.get(label.block, (where, where))
        if not start <= where <= end:
            continue
        similar = best_similarity(span.letters, label, misprint_similarity)
        worth = gain(similar, len(span.letters), FLOOR) * span.factor
        if worth > 0:
            gains[label.order] = worth
    return gains
