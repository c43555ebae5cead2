"""Known places: with which units an address may end, the small ones before the large.

Places are data, `ocr_models/vie/language/places.tsv.gz`, made by `scripts/make_language.py` from
the lists of the statistics office (2020 to 2025). Names that are in no list stay as they are read.
"""

import csv
import gzip
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from pipeline.letters import nfc
from pipeline.settings import shipped

FILE = "places.tsv.gz"
NEAR = 4  # one letter in so many may be misread for a name still to be thought of
MOST = 6  # readings proposed for one line
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_EDGES = " .,;:-–()"
LEVELS = ("tỉnh", "t", "thành", "phố", "tp", "huyện", "h", "quận", "q", "thị", "xã", "tx", "trấn",
          "tt", "phường", "p", "ph", "x")  # fmt: skip


@dataclass(slots=True)
class Unit:
    """A place with what lies in it, by the sound of the names.

    Attributes:
        name: without its level, as it is written.
    """

    name: str
    parts: dict[str, "Unit"] = field(default_factory=dict)

    def part(self, name: str) -> "Unit":
        """Return the part of that name; it is put there when it is new."""
        return self.parts.setdefault(sound(name), Unit(name))


class Way(NamedTuple):
    """How a line may end.

    Attributes:
        units: how many known units, each in the next, stand at its end.
        wrong: letters that differ from their names.
        words: the line's words, with those names.
    """

    units: int
    wrong: int
    words: tuple[str, ...]


def sound(text: str) -> str:
    """Return the text in lower case, each word's tone after its letters: `Hoà`, `Hòa` → `hoà`.

    The tone's place differs between the old and the new way of writing; so it does not count.
    """
    return " ".join(_sound(word) for word in text.split())


@lru_cache(maxsize=20_000)
def _sound(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.lower())
    letters = "".join(sign for sign in decomposed if sign not in _TONES)
    return letters + "".join(sign for sign in decomposed if sign in _TONES)


_LEVELS = frozenset(map(sound, LEVELS))


@cache
def load_places() -> Unit:
    """Return the places that come with the program: a unit without a name holds the provinces."""
    return read_places(shipped("ocr_models") / "vie" / "language" / FILE)


def read_places(file: Path) -> Unit:
    """Read places from rows of province, district (empty where there is none) and communes."""
    whole = Unit("")
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        for province, district, communes in csv.reader(stream, delimiter="\t"):
            unit = whole.part(province)
            unit = unit.part(district) if district else unit
            for commune in communes.split("|"):
                unit.part(commune)
    return whole


def units_at_end(text: str, places: Unit) -> int:
    """Return how many known units, each in the next, stand at the end of a line, 0 to 3."""
    words = text.split()
    return max((way.units for way in _ways(words, places, exact=True)), default=0)


def propose(text: str, places: Unit) -> list[str]:
    """Return what a line may say if it ends with known places that are like what was read.

    The likeliest first: most units, fewest letters changed. Only readings with at least two units,
    and with more of them than the text itself.
    """
    words = nfc(text).split()
    known = units_at_end(text, places)
    found: dict[str, Way] = {}
    for way in _ways(words, places, exact=False):
        told = " ".join(way.words)
        if way.wrong and way.units > max(1, known) and told not in found:
            found[told] = way
    ranked = sorted(found, key=lambda told: (-found[told].units, found[told].wrong))
    return ranked[:MOST]


def _ways(words: Sequence[str], unit: Unit, *, exact: bool) -> Iterator[Way]:
    """Return the ways in which the end of the words names parts of a unit, and parts of those."""
    cores = [sound(word.strip(_EDGES)) for word in words]
    yield from _within(tuple(words), cores, len(words), unit, exact=exact)


def _within(
    words: tuple[str, ...], cores: Sequence[str], end: int, unit: Unit, *, exact: bool
) -> Iterator[Way]:
    for start, name, wrong in _names_at(cores, end, unit.parts, exact=exact):
        part = unit.parts[name]
        for spelt in _spellings(part.name.split()):
            said = (*words[:start], *_put(words[start:end], cores[start:end], spelt), *words[end:])
            yield Way(1, wrong, said)
            rest = start
            while rest and cores[rest - 1] in _LEVELS:
                rest -= 1
            for way in _within(said, cores, rest, part, exact=exact):
                yield Way(way.units + 1, way.wrong + wrong, way.words)
            if not wrong:
                break  # nothing was put in: its spellings are one


def _names_at(
    cores: Sequence[str], end: int, parts: Mapping[str, Unit], *, exact: bool
) -> Iterator[tuple[int, str, int]]:
    """Return where names that may end there begin, which, and how many letters are wrong."""
    if exact:
        for count in range(1, min(5, end) + 1):
            name = " ".join(cores[end - count : end])
            if name in parts:
                yield end - count, name, 0
        return
    tails = {count: " ".join(cores[end - count : end]) for count in range(1, min(5, end) + 1)}
    for name in parts:
        count = name.count(" ") + 1
        if count in tails:
            most = max(1, len(name) // NEAR)
            wrong = Levenshtein.distance(tails[count], name, score_cutoff=most)
            if wrong <= most:
                yield end - count, name, wrong


def _put(words: Sequence[str], cores: Sequence[str], name: Sequence[str]) -> Iterator[str]:
    """Return the words with a name's in their place; what sounds the same stays as it is."""
    for word, core, own in zip(words, cores, name, strict=True):
        if core == sound(own):
            yield word
        else:
            inside = word.strip(_EDGES)
            yield word.replace(inside, own) if inside else own


def _spellings(name: Sequence[str]) -> Iterator[Sequence[str]]:
    """Return the name, and with its tones in the other place if it has one."""
    yield name
    other = [_other_place(word) for word in name]
    if other != list(name):
        yield other


def _other_place(word: str) -> str:
    """Return a word that ends in oa, oe or uy with its tone on the other letter: Hoà, Hòa."""
    decomposed = unicodedata.normalize("NFD", word)
    tones = [sign for sign in decomposed if sign in _TONES]
    letters = "".join(sign for sign in decomposed if sign not in _TONES)
    if len(tones) != 1 or letters[-2:].lower() not in ("oa", "oe", "uy") or letters[-3:-2] in "qQ":
        return word
    if decomposed[-1] in _TONES:
        return nfc(letters[:-1] + tones[0] + letters[-1])
    return nfc(letters + tones[0])
