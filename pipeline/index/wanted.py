"""What is looked for: names by role, years, ages, numbers, places, a kind of book."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from pipeline.letters import bare, syllables

Words = tuple[str, ...]
Time = Literal["same", "before", "after"]


@dataclass(frozen=True, slots=True)
class WantedName:
    """A name that is looked for.

    Attributes:
        role: part of the person in the record; empty when the query does not say.
        said: the name's syllables, lower case, as typed; letters may be left open (`ng_yễn`).
        years: of this person, when the query has one year for each.
        age: of this person when the entry was made; None when the query does not say.
    """

    role: str
    said: Words
    years: tuple[int, ...] = ()
    age: int | None = None


class PlaceName(NamedTuple):
    """A name under which a place is written.

    Attributes:
        words: without marks and level.
        time: same; before, that of a unit which went into the one asked for; after, that of one
            which it went into.
        unit: the unit asked for, in full.
    """

    words: Words
    time: Time
    unit: str


@dataclass(frozen=True, slots=True)
class WantedPlace:
    """A place that is looked for.

    Attributes:
        said: its words, as typed.
        names: its own name, then those of what it came from and of what became of it.
    """

    said: Words
    names: tuple[PlaceName, ...]


class Chip(NamedTuple):
    """A piece of the query and what it was taken for: a screen shows it, a person changes it.

    `part` is name, a role, year, age, kind, place or a part of numbers.
    """

    part: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for.

    Attributes:
        names: the first is the main one.
        years: any of them will do.
        dates: whole days, ISO 8601, of the years.
        kind: kind of book; empty when not said.
        numbers: part (number, volume, page, sheet, parcel) to number as `plain_number` leaves it.
        is_marked: some name has marks, so that marks count.
        chips: how the line of the search box was read, in its order.
    """

    names: tuple[WantedName, ...] = ()
    years: tuple[int, ...] = ()
    dates: tuple[str, ...] = ()
    kind: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)
    places: tuple[WantedPlace, ...] = ()
    is_marked: bool = False
    chips: tuple[Chip, ...] = ()


def place_name(place: WantedPlace, text: str) -> PlaceName | None:
    """Return the name of the place that stands in a text, the place's own first; None if none."""
    held = bare_words(text)
    return next((name for name in place.names if _stand(name.words, held)), None)


def _stand(asked: Words, held: Words) -> bool:
    """Say whether the words stand there, one after another."""
    starts = range(len(held) - len(asked) + 1)
    return any(held[start : start + len(asked)] == asked for start in starts)


@lru_cache(maxsize=20_000)  # a book's entries have few places
def bare_words(text: str) -> Words:
    """Return the words of a place without marks."""
    return tuple(bare(word) for word in syllables(text))
