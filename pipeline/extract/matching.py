"""Match what was read in print with a form's labels: fuzzy words, and their order on the page."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import Levenshtein

from pipeline.extract.codes import bare
from pipeline.extract.form import Form, Label

BACKWARD = 0.35  # a label before one that the form prints later: some printings swap a pair
AGAIN = 0.6  # the same label twice
BLOCK_UNOPENED = 0.12  # a block whose heading was not read
BLOCK_BACKWARD = 1.05  # back into an earlier block without its heading
SKIPPED, MAX_SKIPPED = 0.02, 5

Gains = Mapping[int, float]  # label's order → how much speaks for it
Similarity = Callable[[str, str], float]


@lru_cache(maxsize=20_000)
def misprint_similarity(read: str, printed: str) -> float:
    """Return 0 to 1 for two texts of letters and digits; 0 beyond one or two misprints.

    For labels inside running text, where a looser match would find labels in answers.
    """
    length = max(len(read), len(printed))
    allowed = 0 if length <= 3 else 1 if length <= 6 else max(2, length // 5)
    distance = Levenshtein.distance(read, printed, score_cutoff=allowed)
    return 0.0 if distance > allowed or not length else 1 - distance / length


def rough_similarity(read: str, printed: str) -> float:
    """Return 0 to 1 for two texts of letters and digits, however worn.

    For headings that stand alone in their cells, where the order of the columns helps.
    """
    length = max(len(read), len(printed))
    if length <= 3:
        return float(read == printed and length > 0)
    return 1 - Levenshtein.distance(read, printed) / length


def best_similarity(read: str, label: Label, compare: Similarity) -> float:
    """Return the similarity of bare letters to the nearest wording of a label."""
    return max((compare(read, bare(text)) for text in label.texts), default=0.0)


def gain(similar: float, letters: int, floor: float) -> float:
    """Return what a match is worth: near misses little, short words less than long ones.

    Args:
        similar: similarity of what was read to the label.
        letters: of the label.
        floor: similarity that is worth nothing.
    """
    if similar <= floor:
        return 0.0
    return (similar - floor) / (1 - floor) * min(1.0, (letters + 2) / 10)


def order_labels(form: Form, items: Sequence[Gains], start: int = -1) -> list[int | None]:
    """Return for each read item, in reading order, the label it is; None for none.

    The sum of gains less the price of every step against the form's order is made as large as
    possible (Viterbi over the last label). Labels of blocks that stand aside cost no steps.

    Args:
        form: whose labels.
        items: gains of each item; only labels above zero need be there.
        start: order of the label before the first item; -1 at the page's start.
    """
    labels, aside = form.labels, _aside(form)
    scores: dict[int, float] = {start: 0.0}
    trail: list[dict[int, tuple[int, int | None]]] = []
    for gains in items:
        steps: dict[int, tuple[int, int | None]] = {state: (state, None) for state in scores}
        now = dict(scores)
        for order, worth in gains.items():
            if labels[order].block in aside:
                _stay(scores, now, steps, order, worth)
            else:
                _step(form, scores, now, steps, order, worth)
        scores = now
        trail.append(steps)
    state = max(scores, key=lambda last: scores[last])
    path: list[int | None] = []
    for steps in reversed(trail):
        state, label = steps[state]
        path.append(label)
    return path[::-1]


def disorder(form: Form, orders: Sequence[int]) -> float:
    """Return the price of the steps between labels that stand in this order on the page."""
    return sum(_price(form, before, after) for before, after in pairwise(orders))


def _stay(
    scores: Mapping[int, float],
    now: dict[int, float],
    steps: dict[int, tuple[int, int | None]],
    order: int,
    worth: float,
) -> None:
    for state, score in scores.items():
        if score + worth > now[state]:
            now[state], steps[state] = score + worth, (state, order)


def _step(
    form: Form,
    scores: Mapping[int, float],
    now: dict[int, float],
    steps: dict[int, tuple[int, int | None]],
    order: int,
    worth: float,
) -> None:
    before = max(scores, key=lambda state: scores[state] - _price(form, state, order))
    score = scores[before] + worth - _price(form, before, order)
    if score > now.get(order, float("-inf")) and score > scores[before]:
        now[order], steps[order] = score, (before, order)


def _price(form: Form, before: int, after: int) -> float:
    if before == after:
        return AGAIN
    label = form.labels[after]
    same_block = before >= 0 and form.labels[before].block == label.block
    beside = columns_of(form)
    if before >= 0 and not same_block and {form.labels[before].block, label.block} <= set(beside):
        return SKIPPED  # from one column to the other, line by line
    if after > before:
        between = form.labels[before + 1 : after]
        skipped = sum(not one.optional for one in between)
        unopened = not same_block and form.layout == "form" and not label.opens and before >= 0
        return SKIPPED * min(skipped, MAX_SKIPPED) + BLOCK_UNOPENED * unopened
    if same_block or form.layout == "table" or label.opens:
        return BACKWARD
    return BLOCK_BACKWARD


@lru_cache(maxsize=64)
def columns_of(form: Form) -> tuple[str, ...]:
    """Return the blocks that stand side by side, as the form prints them."""
    return tuple(block.name for block in form.blocks if block.beside)


def _aside(form: Form) -> set[str]:
    return {block.name for block in form.blocks if block.aside}
