"""How far the people are with a field: who must read it next, and whether they see a value."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.letters import nfc
from pipeline.review.rules import ReviewRules
from pipeline.values import Decision, FieldValue, Reader, Record

WHOLE = ""  # key of what is about the record as a whole
Wanted = Literal[0, 1, 2, 3]  # which reader; 0: nobody


@dataclass(frozen=True, slots=True)
class FieldState:
    """One field on the desk.

    Attributes:
        read: as the machine read it; of a field that it missed, an empty one.
        doubts: reasons, ids of `extract/reasons.py`.
        wanted: which reader is asked for now.
        is_blind: the reader shall not see what was read before.
        first, second, third: what the readers decided since the field was last asked for.
        last: number of the last decision about the field, 0 without any; the next one answers it.
        value: as the field stands; likewise `raw`, empty where a person left it open.
    """

    read: FieldValue
    doubts: tuple[str, ...]
    wanted: Wanted
    is_blind: bool
    first: Decision | None
    second: Decision | None
    third: Decision | None
    last: int
    value: str
    raw: str

    @property
    def readers(self) -> frozenset[str]:
        """Return who read it so far, and therefore may not be the next reader."""
        return frozenset(one.person for one in (self.first, self.second) if one)


def is_chosen_blind(rules: ReviewRules, record: str, key: str) -> bool:
    """Say whether a sure field is one of those that are shown without a value.

    Chosen by a hash of seed and field: the same whenever it is asked, and nobody can foresee it.
    """
    digest = hashlib.sha256(f"{rules.seed}\n{record}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < rules.blind_share * 2**64


def states_of(
    record: Record, decisions: Sequence[Decision], rules: ReviewRules, since: int = 0
) -> list[FieldState]:
    """Return the fields of a record as they stand on the desk, in the order of the record.

    Fields that the machine did not find and doubts come behind, then what is doubtful of the
    record as a whole, with the key `WHOLE`.

    Args:
        record: as the machine read it.
        decisions: about the record, not undone ones, oldest first.
        rules: what people look at.
        since: number of a decision; what was decided up to it must be looked at again.
    """
    doubts: dict[str, list[str]] = {}
    for doubt in record.doubts:
        doubts.setdefault(doubt.key, []).append(doubt.reason)
    about: dict[str, list[Decision]] = {}
    for decision in decisions:
        about.setdefault(decision.key, []).append(decision)
    known = {field.key: field for field in record.fields}
    missed = [key for key in (*doubts, *about) if key not in known and key != WHOLE]
    whole = [WHOLE] if WHOLE in doubts else []
    return [
        _state(
            record,
            known.get(key) or _missed(record, key),
            tuple(doubts.get(key, ())),
            about.get(key, []),
            rules,
            since,
        )
        for key in (*known, *dict.fromkeys(missed), *whole)
    ]


def _missed(record: Record, key: str) -> FieldValue:
    return FieldValue(key, "", "", 0.0, record.page, record.polygon, record.side)


def _state(
    record: Record,
    read: FieldValue,
    doubts: tuple[str, ...],
    decisions: Sequence[Decision],
    rules: ReviewRules,
    since: int,
) -> FieldState:
    opened = max((one.number for one in decisions if one.act == "reopen"), default=0)
    counted = [one for one in decisions if one.number > max(opened, since)]
    by_reader: Mapping[Reader, Decision] = {
        one.reader: one for one in counted if one.act != "reopen"
    }
    first, second, third = by_reader.get(1), by_reader.get(2), by_reader.get(3)
    twice = read.key in rules.twice
    is_sure = not doubts and read.confidence >= rules.sure and not opened
    is_chosen = is_sure and not twice and is_chosen_blind(rules, record.id, read.key)
    wanted: Wanted = 0
    if third is None:
        if first is None:
            wanted = 1 if not is_sure or twice or is_chosen else 0
        elif twice and second is None:
            wanted = 2
        elif twice and second is not None:
            wanted = 0 if agree(first, second) else 3
        elif first.is_blind and first.value != read.value:
            wanted = 3
    stand = [one for one in decisions if one.act != "reopen" and one.reader != 2]
    return FieldState(
        read,
        doubts,
        wanted,
        wanted == 2 or (wanted == 1 and is_chosen),
        first,
        second,
        third,
        decisions[-1].number if decisions else 0,
        stand[-1].value if stand else read.value,
        (stand[-1].raw or read.raw) if stand else read.raw,
    )


def reader_for(state: FieldState, person: str) -> Wanted:
    """Return which reader a person is who answers now; 0 when another person must.

    Who has read a field may read it once more until another has; a field of two readers that is
    closed is decided anew.
    """
    if state.wanted == 3:
        return 0 if person in state.readers else 3
    if state.wanted == 2:
        return 1 if person in state.readers else 2
    return 3 if state.second or state.third else 1


def agree(one: Decision, other: Decision) -> bool:
    """Say whether two people read the same; how many blanks they typed does not count."""
    return (one.act == "unreadable") == (other.act == "unreadable") and plain(one) == plain(other)


def plain(decision: Decision) -> str:
    """Return what a person read, without blanks that say nothing."""
    return " ".join(nfc(decision.value or decision.raw).split())
