"""The nouns: a unit as it was from a day to a day, and the events that made one of another.

A unit whose name, level or parent changes is another unit, tied to the first by an event. Days
are often not known; a `When` says between which days one lies.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from pipeline.letters import nfc

EventKind = Literal["merge", "split", "rename", "upgrade", "transfer"]
Share = Literal["whole", "part"]
SAME_UNIT: frozenset[EventKind] = frozenset({"rename", "upgrade", "transfer"})  # under a new card
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?|(?:(?:(\d{1,2})/)?(\d{1,2})/)?(\d{4})")
_STILL = "9999-12-31"


class When(NamedTuple):
    """A day between two, both included, ISO 8601; an empty one is not known."""

    first: str = ""
    last: str = ""

    @property
    def years(self) -> tuple[int, int]:
        """Return the first and the last year in which the day may lie."""
        return int(self.first[:4] or 0), int(self.last[:4] or 9999)


NOT_KNOWN = When()
STILL = When(_STILL, _STILL)  # the end of a unit that exists today


@lru_cache(maxsize=4096)
def read_when(text: str) -> When:
    """Return what a written day says: 1997, 1997-01, 1/7/2025, 1962..1963, ..2020-02-25, nay.

    Raises:
        ValueError: it is no day, or the first is after the last.
    """
    text = nfc(text).strip().lower()
    if text == "nay":
        return STILL
    first, dots, last = text.partition("..")
    found = When(_days(first)[0], _days(last if dots else first)[1])
    if found.first and found.last and found.first > found.last:
        raise ValueError(text)
    return found


def _days(text: str) -> tuple[str, str]:
    """Return the first and the last day of a year, a month, a day; empty ones of nothing."""
    if not text.strip():
        return "", ""
    read = _DAY.fullmatch(text.strip())
    if read is None:
        raise ValueError(text)
    year = int(read[1] or read[6])
    month, day = read[2] or read[5], read[3] or read[4]
    if not 1000 <= year <= 2999:
        raise ValueError(text)
    months = (int(month), int(month)) if month else (1, 12)
    if not 1 <= months[0] <= 12:
        raise ValueError(text)
    days = (int(day), int(day)) if day else (1, monthrange(year, months[1])[1])
    return date(year, months[0], days[0]).isoformat(), date(year, months[1], days[1]).isoformat()


@lru_cache(maxsize=4096)
def tell_when(when: When) -> str:
    """Return the shortest text that `read_when` reads as this."""
    if when == STILL:
        return "nay"
    first, last = when
    if first and last:
        for shown in (first[:4], first[:7], first):
            if _days(shown) == (first, last):
                return shown
    first = first.removesuffix("-01-01")
    last = last.removesuffix("-12-31")
    return f"{first}..{last}" if first or last else ""


def both(one: When, two: When) -> When | None:
    """Return where the day lies when both are right; None when they contradict each other."""
    first = max(one.first, two.first)
    last = min((day for day in (one.last, two.last) if day), default="")
    return None if last and first > last else When(first, last)


def moved(when: When, days: int) -> When:
    """Return the day so many days later, or earlier."""
    return When(*(_moved(day, days) for day in when))


@lru_cache(maxsize=4096)
def _moved(day: str, days: int) -> str:
    if not day or day == _STILL:
        return day
    return (date.fromisoformat(day) + timedelta(days)).isoformat()


@dataclass(frozen=True, slots=True)
class Unit:
    """An administrative unit under one name, level and parent.

    Attributes:
        id: its place in the table; it says nothing outside of a run.
        level: xã, phường, huyện, …: a word of `schemas/places/levels.tsv`.
        name: without the level, as the source writes it.
        parent: id of the unit it lay in at its end; -1 of a province. What that unit lay in
            before, the events say.
        since: its first day; `until` its last.
        spellings: other ways in which the sources write the name.
        codes: of the statistics office; not an identity.
        source: a sentence.
        checked: the source is a list or a decision; what is only remembered is not checked.
    """

    id: int
    level: str
    name: str
    parent: int
    since: When
    until: When
    spellings: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    source: str = ""
    checked: bool = True

    @property
    def title(self) -> str:
        """Return the name with its level."""
        return f"{self.level} {self.name}"

    def may_stand_in(self, year: int | None) -> bool:
        """Say whether it may have existed on some day of the year; None is any year."""
        if year is None:
            return True
        return self.since.years[0] <= year <= self.until.years[1]


def may_meet(one: Unit, other: Unit) -> bool:
    """Say whether there may have been a day on which both existed."""
    return _may_outlive(one, other) and _may_outlive(other, one)


def _may_outlive(one: Unit, other: Unit) -> bool:
    return (one.until.last or _STILL) >= other.since.first


@dataclass(frozen=True, slots=True)
class Event:
    """What became of a unit.

    Attributes:
        date: the first day on which it was so.
        old, new: ids of the units; several events of one day are one decision.
        share: of the old unit that went into the new one.
        note: as the office that decided words it.
        source, checked: as of a unit.
    """

    kind: EventKind
    date: When
    old: int
    new: int
    share: Share = "whole"
    note: str = ""
    source: str = ""
    checked: bool = True
