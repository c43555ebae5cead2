"""How places are written: the levels and their short forms, the parts of an address, keys of names.

Levels are data, `schemas/places/levels.tsv`.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from pipeline.letters import bare, canon, fold, nfc, syllables
from pipeline.settings import shipped

FOLDER = "places"  # in schemas/, and in an archive
MOST_TEXT = 300  # letters; more is no address
MOST_PARTS = 12
RANKS = ("hamlet", "commune", "canton", "district", "province")  # each in the next
_EDGES = " \t.,;:–-()"
_LONGEST = 5  # words of a name that stands among others without a comma
_DASH = re.compile(r"\s[-–]\s")


class Reading(NamedTuple):
    """A name with the level that is written before it; an empty one where none is."""

    level: str
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """What stands for one unit in an address.

    Attributes:
        text: as written.
        readings: what it may mean; the one with the longest level first. `Bản Qua` is a hamlet
            Qua, or a commune Bản Qua.
    """

    text: str
    readings: tuple[Reading, ...]

    @property
    def rank(self) -> frozenset[str]:
        """Return the ranks of the level that is written; empty when none is."""
        return ranks(self.readings[0].level)

    @property
    def is_hamlet(self) -> bool:
        """Say whether it is said to be smaller than a commune."""
        return self.rank == {"hamlet"}


@cache
def levels() -> dict[str, tuple[frozenset[str], tuple[str, ...]]]:
    """Return each level's ranks (province, district, canton, commune, hamlet) and short forms."""
    file = shipped("schemas") / FOLDER / "levels.tsv"
    with file.open(encoding="utf-8", newline="") as stream:
        return {
            row["level"]: (frozenset(row["rank"].split()), tuple(row["written"].split()))
            for row in csv.DictReader(stream, delimiter="\t")
        }


def ranks(level: str) -> frozenset[str]:
    """Return the ranks that a unit of the level may have; none of an unknown level."""
    return levels().get(level, (frozenset[str](), ()))[0]


def height(found: frozenset[str]) -> int:
    """Return how high the lowest of some ranks is; -1 of none."""
    return min((RANKS.index(rank) for rank in found), default=-1)


@lru_cache(maxsize=50_000)
def marked_key(name: str) -> str:
    """Return what spellings of a name share that differ in case, the tone's place, i/y, signs."""
    return "".join(map(canon, _syllables(name)))


@lru_cache(maxsize=50_000)
def bare_key(name: str) -> str:
    """Return what is left of the key without marks."""
    return "".join(map(bare, _syllables(name)))


def _syllables(name: str) -> tuple[str, ...]:
    said = tuple(word.lstrip("0") or word for word in syllables(name))  # phường 01
    if said[:1] == ("nt",):
        return ("nông", "trường", *said[1:])
    return ("nông", "trường", *said[2:]) if said[:2] == ("n", "t") else said


def split_level(text: str) -> Reading:
    """Return an official name's level, in full letters, and the rest."""
    return next(iter(_readings(text, short=False)))


def read_part(text: str) -> Part:
    """Return what a part of an address may mean."""
    return Part(text, tuple(_readings(text, short=True)))


def read_address(text: str, is_known: Callable[[str], bool]) -> tuple[Part, ...]:
    """Return the parts of an address, the smallest first.

    Args:
        text: with or without commas and levels.
        is_known: says whether some unit has that name.
    """
    pieces = [
        part
        for piece in re.split(r"[,;\n|]+", nfc(text[:MOST_TEXT]))
        for part in _parts(" ".join(piece.split()).strip(_EDGES), is_known)
    ]
    return tuple(read_part(piece) for piece in pieces[:MOST_PARTS] if piece)


def _parts(piece: str, is_known: Callable[[str], bool]) -> Iterator[str]:
    if not piece or any(is_known(reading.name) for reading in _readings(piece, short=True)):
        yield piece
        return
    starts = [found.start() for found in _inside(piece) if not _is_level(piece[: found.start()])]
    if starts and starts[0]:
        starts.insert(0, 0)
    if len(starts) > 1:
        for start, end in zip(starts, [*starts[1:], len(piece)], strict=True):
            yield from _parts(piece[start:end].strip(_EDGES), is_known)
    elif _DASH.search(piece):
        for part in _DASH.split(piece):
            yield from _parts(part.strip(_EDGES), is_known)
    else:
        yield from _named(piece.split(), is_known)


def _named(words: list[str], is_known: Callable[[str], bool]) -> Iterator[str]:
    """Yield names that follow one another without a sign: `Vân Trung Việt Yên Hà Bắc`."""
    for count in range(min(_LONGEST, len(words) - 1), 1, -1):
        name = " ".join(words[-count:])
        if is_known(name):
            yield from _named(words[:-count], is_known)
            yield name
            return
    yield " ".join(words)


def _readings(text: str, *, short: bool) -> Iterator[Reading]:
    forms = _forms(is_plain=is_plain(text))
    for form in forms if short else [form for form in forms if not form.is_short]:
        found = form.start.match(text)
        if found and text[found.end() :].strip(_EDGES):
            yield Reading(form.level, text[found.end() :].strip(_EDGES))
    yield Reading("", text)


def _inside(piece: str) -> list[re.Match[str]]:
    """Return where levels of units begin in a piece; the longer of two at one place."""
    found: dict[int, re.Match[str]] = {}
    for form in _forms(is_plain=is_plain(piece)):
        if ranks(form.level) != {"hamlet"}:
            for match in form.inside.finditer(piece):
                if not any(one.start() <= match.start() < one.end() for one in found.values()):
                    found[match.start()] = match
    return [found[start] for start in sorted(found)]


def _is_level(text: str) -> bool:
    return bool(text.strip()) and fold(text.strip(_EDGES)) in map(fold, levels())


def is_plain(text: str) -> bool:
    """Say whether a text is without marks: then level words may lack theirs, too."""
    return fold(text) == text.lower()


class _Form(NamedTuple):
    level: str
    is_short: bool
    start: re.Pattern[str]
    inside: re.Pattern[str]


@cache
def _forms(*, is_plain: bool) -> tuple[_Form, ...]:
    """Return how levels are written, the longest first; without marks in a plain text."""
    made = []
    for level, (_ranks, short_forms) in levels().items():
        word = fold(level) if is_plain else level
        full = re.escape(word).replace(r"\ ", r"\s+") + r"\.?\s+(?=\S)"
        made.append((len(level), _form(level, full, f"(?<!\\w){full}", is_short=False)))
        for short in short_forms:
            sign = re.escape(short)
            start = sign + r"(?:\.\s*|\s+|(?=\d))(?=\w)"
            inside = f"(?<!\\w){sign}\\.\\s*(?=\\w)"
            made.append((len(short), _form(level, start, inside, is_short=True)))
    return tuple(form for _length, form in sorted(made, key=lambda item: -item[0]))


def _form(level: str, start: str, inside: str, *, is_short: bool) -> _Form:
    return _Form(level, is_short, re.compile(start, re.I), re.compile(inside, re.I))
