"""Places as the search box needs them: what a unit is called through time, and which are near."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal, NamedTuple

from pipeline.letters import bare, syllables
from pipeline.places.history import Chain, Places
from pipeline.places.lookup import look_up
from pipeline.places.telling import in_full
from pipeline.places.units import STILL, Unit

Words = tuple[str, ...]
_MOST_UNITS = 6  # of one name; of more nobody can say which is meant, and the name alone counts
_MOST_NAMES = 60
_COMMUNES = frozenset({"commune", "hamlet"})


class Spelling(NamedTuple):
    """A name under which a place may be written.

    Attributes:
        words: without marks and level.
        time: same, when it is the name asked for; before, that of a unit which went into the one
            asked for; after, that of one which it went into.
        unit: the unit asked for, in full.
    """

    words: Words
    time: Literal["same", "before", "after"]
    unit: str


class Spellings:
    """The names of places through time, as seen from an archive.

    A place is near when books of the archive come from it, or it became of one of theirs, or went
    into the same unit: of many units of one name the near ones are meant.
    """

    def __init__(self, places: Places, written: Iterable[str]) -> None:
        self._places = places
        self._near: dict[Words, dict[int, Unit]] = defaultdict(dict)
        for text in sorted(set(written)):
            for unit in self._around(text):
                for name in (unit.name, *unit.spellings):
                    self._near[bare_words(name)][unit.id] = unit

    def is_near(self, words: Words) -> bool:
        """Say whether a unit of that name is near; marks that were typed must not be wrong."""
        units = self._near.get(bare_words(" ".join(words)), {})
        return any(_agrees(words, name) for unit in units.values()
                   for name in (unit.name, *unit.spellings))  # fmt: skip

    def names(self, words: Words) -> Sequence[Spelling]:
        """Return the names that units of this name had before and have now, the given one first."""
        asked = bare_words(" ".join(words))
        found = {asked: Spelling(asked, "same", " ".join(words))}
        for unit in self._units(words):
            for spelling in self._through_time(unit):
                found.setdefault(spelling.words, spelling)
        return tuple(islice(found.values(), _MOST_NAMES))

    def _units(self, words: Words) -> list[Unit]:
        near = self._near.get(bare_words(" ".join(words)))
        if near:
            return list(near.values())
        name = " ".join(words)
        units = list(self._places.named(name)) or list(self._places.named_without_marks(name))
        return units if len(units) <= _MOST_UNITS else []

    def _through_time(self, unit: Unit) -> Iterator[Spelling]:
        title = in_full(_placed(self._places, unit))
        for name in unit.spellings:
            yield Spelling(bare_words(name), "same", title)
        for old in self._places.forerunners(unit):
            for name in (old.name, *old.spellings):
                yield Spelling(bare_words(name), "before", title)
        if unit.until != STILL:
            for target in self._places.now(unit).targets:
                yield Spelling(bare_words(target.unit.name), "after", title)

    def _around(self, text: str) -> Iterator[Unit]:
        answer = look_up(self._places, text)
        for match in answer.matches[:2]:
            for chain in match.then:
                yield from chain
            for target in match.now.targets:
                yield from _placed(self._places, target.unit)
                if self._places.ranks(target.unit) <= _COMMUNES:
                    yield from self._places.forerunners(target.unit)


def bare_words(text: str) -> Words:
    """Return the words of a name without marks."""
    return tuple(bare(word) for word in syllables(text))


def _agrees(said: Words, name: str) -> bool:
    """Say whether a name is what was typed: a word without marks may stand for any."""
    held = syllables(name)
    return len(held) == len(said) and all(
        one == two or one == bare(two) for one, two in zip(said, held, strict=True)
    )


def _placed(places: Places, unit: Unit) -> Chain:
    return places.chains(unit, None)[0]
