"""Decode fields jointly over a book: what its other entries make likely settles a doubtful reading.

Serial numbers rise by one, registration dates do not fall, a child bears its father's surname, a
parent declares it, the same people sign and the same hamlets return. Each rule of the form is a
factor between the readers' alternatives, weighed by their confidences; the sums over all readings
of the book (forward and backward over its entries, Rabiner 1989) give each alternative its share.
Only what a reader saw can become a value; what has changed carries a doubt that says so, and keeps
its raw text.

Records must be as their pages were read: a book that is decoded twice counts its evidence twice.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.extract import reasons
from pipeline.extract.form import Form, Rule
from pipeline.letters import fold, nfc
from pipeline.values import Alternative, Doubt, FieldValue, Record

Weights = npt.NDArray[np.float64]
Step = Callable[[int, int], float]  # how likely the second is after the first

MOST = 6  # alternatives of a field that are weighed
CHANGES = 0.6  # share from which another alternative becomes the value
SUREST = 0.999  # no evidence makes a reading surer
OTHER = ""  # the choice that the readers saw none of what is written
# How likely a serial number is after the one before: the next, the same (45 bis), each higher one,
# 1 with a new year, each lower one.
NEXT, SAME, HIGHER, ANEW, LOWER = 0.93, 0.01, 0.003, 0.01, 0.0003
FALLS, LATER = 0.01, 0.05  # shares of dates before the one before, and far later than usual ones
SERIALS, DAYS = 100.0, 365.0  # numbers, and dates, that an unread one may be
USUAL_DAYS = 20.0  # between two entries, where the book says nothing else
LONELY = 0.1  # a child of another surname than its father's: the mother's, an error, a step-father
MARKS_DIFFER = 0.4  # the same letters with other marks: a clerk's haste
SAME_PERSON = 20.0  # what it adds to a name that a parent bears it as well: most declare their own
AGAIN = 0.5  # what each other entry with the same text adds to an alternative's weight
MOST_AGAIN = 8.0  # entries that count
SPELT_ALIKE = {"huynh": "hoang", "vo": "vu"}  # surnames of one family


class Choice(NamedTuple):
    """One thing that a field may say, in the readers' opinion."""

    value: str
    share: float


def decode_book(form: Form, records: Sequence[Record]) -> tuple[Record, ...]:
    """Return the records of one book, in page order, settled by what the others say."""
    settled = list(records)
    for rule in form.rules:
        if rule.name == "same_surname":
            settled = [_with_surname(rule, record) for record in settled]
        elif rule.name == "same_person":
            settled = [_named_again(rule, record) for record in settled]
        elif rule.name == "recurs":
            settled = _recurring(rule, settled)
        elif rule.name == "rises_by_one":
            settled = _along(rule.key, settled, lambda _: _follows, _number, SERIALS)
        elif rule.name == "does_not_fall" and not rule.other:
            settled = _along(rule.key, settled, _not_before, _day, DAYS)
    return tuple(settled)


def choices_of(field: FieldValue | None) -> list[Choice]:
    """Return what a field may say, and how likely it is that it says something else: last."""
    if field is None:
        return [Choice(OTHER, 1.0)]
    offered = [Choice(field.value, field.confidence)] if field.value else []
    offered += [Choice(one.text, one.confidence) for one in field.alternatives[: MOST - 1]
                if one.text not in (OTHER, field.value)]  # fmt: skip
    total = sum(choice.share for choice in offered)
    scale = 1.0 if total < SUREST else SUREST / total
    shares = [choice._replace(share=choice.share * scale) for choice in offered]
    return [*shares, Choice(OTHER, 1 - min(total, SUREST))]


def _field(record: Record, key: str) -> FieldValue | None:
    return next((field for field in record.fields if field.key == key), None)


def _settled(
    record: Record, key: str, choices: Sequence[Choice], weights: Weights, *, grows: bool = True
) -> Record:
    """Return the record with the field's alternatives at their new shares.

    Args:
        grows: evidence makes a value surer that was chosen anyway. Not so of a text that returns:
            what one hand writes is misread in the same way each time.
    """
    field = _field(record, key)
    total = float(weights.sum())
    if field is None or len(choices) < 2 or total <= 0:
        return record
    shares = {choice.value: min(SUREST, float(weight) / total)
              for choice, weight in zip(choices, weights, strict=True)}  # fmt: skip
    shares.pop(OTHER)
    best = max(shares, key=shares.__getitem__)
    changes = best != field.value and shares[best] >= CHANGES
    if not changes and not grows:
        return record
    value = best if changes else field.value
    others = [Alternative(text, share) for text, share in shares.items() if text != value]
    doubt = Doubt(key, reasons.FROM_BOOK)
    return replace(
        record,
        fields=tuple(
            replace(
                one,
                value=value,
                confidence=shares.get(value, one.confidence),
                alternatives=tuple(sorted(others, key=lambda other: -other.confidence)),
            )
            if one is field
            else one
            for one in record.fields
        ),
        doubts=(*record.doubts, doubt) if changes else record.doubts,
    )


# Along the book: each entry with the one before


def _along(
    key: str,
    records: Sequence[Record],
    step_of: Callable[[Sequence[int]], Step],
    place_of: Callable[[str], int | None],
    others: float,
) -> list[Record]:
    """Return the records with one field decoded along them.

    Args:
        step_of: from the book's likeliest values to how likely one is after another.
        place_of: what is compared of a value; None when nothing can be.
        others: over so many values spreads what an unread one may be.
    """
    choices = [choices_of(_field(record, key)) for record in records]
    told = [[place_of(choice.value) for choice in entry] for entry in choices]
    first = [entry[0] for entry in told if entry[0] is not None]
    if len(first) < 2:
        return list(records)
    step = step_of(first)
    links = [_link(before, after, step, others) for before, after in pairwise(told)]
    seen = [np.array([choice.share for choice in entry]) for entry in choices]
    weights = _forward_backward(seen, links)
    return [
        _settled(record, key, entry, weight)
        for record, entry, weight in zip(records, choices, weights, strict=True)
    ]


def _link(
    before: Sequence[int | None], after: Sequence[int | None], step: Step, others: float
) -> Weights:
    """Return how likely each choice is after each; what is unknown is any of the `others`."""
    likely = np.full((len(before), len(after)), 1 / others)
    for row, first in enumerate(before):
        if first is not None:
            known = [None if second is None else step(first, second) for second in after]
            rest = max(0.0, 1 - sum(each for each in known if each is not None)) / others
            likely[row] = [rest if each is None else each for each in known]
    return likely


def _forward_backward(seen: Sequence[Weights], links: Sequence[Weights]) -> list[Weights]:
    """Return the share of each choice over all readings of the chain."""
    ahead = [seen[0] / seen[0].sum()]
    for own, link in zip(seen[1:], links, strict=True):
        moved = own * (ahead[-1] @ link)
        ahead.append(moved / moved.sum())
    behind = [np.ones(len(seen[-1]))]
    for own, link in zip(reversed(seen[1:]), reversed(links), strict=True):
        moved = link @ (own * behind[-1])
        behind.append(moved / moved.sum())
    return [one * other for one, other in zip(ahead, reversed(behind), strict=True)]


def _number(value: str) -> int | None:
    return int(value) if value.isdecimal() else None


def _follows(before: int, after: int) -> float:
    if after == before + 1:
        return NEXT
    if after == 1:
        return ANEW
    return SAME if after == before else HIGHER if after > before else LOWER


def _day(value: str) -> int | None:
    try:
        return date.fromisoformat(value).toordinal()
    except ValueError:
        return None


def _not_before(days: Sequence[int]) -> Step:
    """Return how likely a date is after another, in a book of these dates."""
    risen = [after - before for before, after in pairwise(days) if after >= before]
    usual = 3 * max(1.0, float(np.median(risen))) if risen else USUAL_DAYS

    def step(before: int, after: int) -> float:
        gap = after - before
        if gap < 0:
            return FALLS / DAYS
        return LATER / DAYS + (1 - LATER - FALLS) * float(np.exp(-gap / usual)) / usual

    return step


# Within an entry, and over all


def _alike(child: str, father: str) -> float:
    """Return how likely names are those of a child and its father, by their first words."""
    one, other = (nfc(name).lower().split(" ", 1)[0] for name in (child, father))
    if one == other:
        return 1.0
    folded = [SPELT_ALIKE.get(fold(word), fold(word)) for word in (one, other)]
    return MARKS_DIFFER if folded[0] == folded[1] else LONELY


def _with_surname(rule: Rule, record: Record) -> Record:
    """Weigh the alternatives of a child's and a father's name by whether they share a surname."""
    child, father = (choices_of(_field(record, key)) for key in (rule.key, rule.other))
    if len(child) < 2 or len(father) < 2:
        return record
    alike = np.ones((len(child), len(father)))
    for row, one in enumerate(child[:-1]):
        for column, other in enumerate(father[:-1]):
            alike[row, column] = _alike(one.value, other.value)
    usual = float(np.exp(np.log(alike[:-1, :-1]).mean()))
    alike[-1, :] = alike[:, -1] = usual
    seen = [np.array([choice.share for choice in entry]) for entry in (child, father)]
    weights = _forward_backward(seen, [alike])
    settled = _settled(record, rule.key, child, weights[0], grows=False)
    return _settled(settled, rule.other, father, weights[1], grows=False)


def _named_again(rule: Rule, record: Record) -> Record:
    """Weigh the alternatives of a name by whether another field of the entry says the same."""
    said: dict[str, float] = defaultdict(float)
    for key in (rule.other, rule.at):
        for choice in choices_of(_field(record, key))[:-1]:
            said[_told(choice.value)] += choice.share
    choices = choices_of(_field(record, rule.key))
    likely = [1 + SAME_PERSON * said[_told(choice.value)] for choice in choices[:-1]]
    return _settled(record, rule.key, choices, _weighed(choices, likely), grows=False)


def _recurring(rule: Rule, records: Sequence[Record]) -> list[Record]:
    """Weigh the alternatives by how often the book's other entries say the same."""
    choices = [choices_of(_field(record, rule.key)) for record in records]
    said: dict[str, float] = defaultdict(float)
    for entry in choices:
        for choice in entry[:-1]:
            said[_told(choice.value)] += choice.share

    def likely(choice: Choice) -> float:
        return 1 + AGAIN * min(MOST_AGAIN, said[_told(choice.value)] - choice.share)

    return [
        _settled(
            record,
            rule.key,
            entry,
            _weighed(entry, [likely(one) for one in entry[:-1]]),
            grows=False,
        )
        for record, entry in zip(records, choices, strict=True)
    ]


def _weighed(choices: Sequence[Choice], likely: Sequence[float]) -> Weights:
    """Return the shares of the choices times how likely they are; unseen ones are as the least."""
    shares = (choice.share * more for choice, more in zip(choices, [*likely, 1.0], strict=True))
    return np.fromiter(shares, np.float64)


def _told(value: str) -> str:
    """Return what counts of a text that returns: its letters and marks."""
    return " ".join(nfc(value).lower().replace(",", " ").split())
