"""Which record people should see next: where a wrong field is likely, and would cost most."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pipeline.review.rules import FieldFacts
from pipeline.review.state import WHOLE, FieldState
from pipeline.values import Reader

_SETTLING = 2.0  # two people read it and differ: one of them is wrong
_BLIND = 0.3  # of a sure field that is asked blind: else those would all come last
_RECORD = 0.5  # of a doubt about the record as a whole


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a record has for one reader.

    Attributes:
        worth: expected cost of what would stay wrong if nobody looked; the highest comes first.
        fields: how many are to be read.
        not_for: who may not be that reader, having been another.
        is_sensitive: only for people who may see sensitive fields.
    """

    reader: Reader
    is_sensitive: bool
    worth: float
    fields: int
    not_for: frozenset[str]


@dataclass(frozen=True, slots=True)
class Left:
    """What of a record nobody looks at, for the sum over a book.

    Attributes:
        fields: how many it has.
        unseen: how many of them no person read, nor is to read.
        wrong: how many of those are expected to be wrong; `variance` of that number.
    """

    fields: int
    unseen: int
    wrong: float
    variance: float


def waiting(
    states: Iterable[FieldState],
    kinds: Mapping[str, str],
    sensitive: Collection[str],
    facts: FieldFacts,
) -> list[Waiting]:
    """Return what a record has for the first, second and third reader; those without are absent.

    Args:
        states: the record's fields.
        kinds: by key, the kind of field.
        sensitive: keys of fields that only some people may see.
        facts: what fields of a kind weigh.
    """
    found: dict[tuple[Reader, bool], Waiting] = {}
    for state in states:
        if state.wanted == 0:
            continue
        sort = (state.wanted, state.read.key in sensitive)
        before = found.get(sort, Waiting(*sort, 0.0, 0, frozenset()))
        found[sort] = Waiting(
            *sort,
            before.worth + _worth(state, kinds, facts),
            before.fields + 1,
            before.not_for | state.readers,
        )
    return list(found.values())


def _worth(state: FieldState, kinds: Mapping[str, str], facts: FieldFacts) -> float:
    if state.read.key == WHOLE:
        return _RECORD
    weight = facts.weight(kinds.get(state.read.key, ""))
    if state.wanted == 3:
        return _SETTLING * weight
    if state.is_blind:
        return _BLIND * weight
    return weight * (1 - state.read.confidence)


def left(states: Iterable[FieldState]) -> Left:
    """Return what of a record nobody looks at."""
    fields = [state for state in states if state.read.key != WHOLE]
    unseen = [
        state.read.confidence
        for state in fields
        if not (state.wanted or state.first or state.third)
    ]
    return Left(
        len(fields),
        len(unseen),
        sum(1 - sure for sure in unseen),
        sum(sure * (1 - sure) for sure in unseen),
    )
