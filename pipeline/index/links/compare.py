"""How two people agree, feature by feature: levels that have weights, and words for them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

from pipeline.index.links.people import Person, Words
from pipeline.index.syllables import skeleton
from pipeline.letters import bare, canon

# feature → level; what is not known has no weight and is left out
Levels = dict[str, str]
Today = Callable[[str], Sequence[str]]  # where a place as written lies today

_ORDER = ("same", "folded", "misread", "near", "part", "other")
_NEAR = 2  # letters of a whole name
_LIVES = 110  # years
_MARRIES = (13, 80)  # age


class Commonness:
    """How common names are in an archive: by surname, middle and given name."""

    def __init__(self) -> None:
        self._parts: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
        self._people = 0

    def add(self, name: Words) -> None:
        """Count a name."""
        if len(name) >= 2:
            self._people += 1
            for counter, part in zip(self._parts, _parts(name), strict=True):
                counter[part] += 1

    def namesakes(self, name: Words) -> float:
        """Return how many people of the archive would bear that name by chance."""
        if len(name) < 2 or not self._people:
            return 0.0
        expected = float(self._people)
        for counter, part in zip(self._parts, _parts(name), strict=True):
            expected *= (counter[part] + 0.5) / (self._people + 1)
        return expected


def _parts(name: Words) -> tuple[str, str, str]:
    return bare(name[0]), " ".join(map(bare, name[1:-1])), bare(name[-1])


def compare(one: Person, other: Person, commonness: Commonness, today: Today) -> Levels | None:
    """Return how two people agree; None when they cannot be one."""
    if not _is_possible(one, other):
        return None
    name = best_name(one.names, other.names)
    levels = {"name": name}
    if name in ("same", "folded", "misread"):
        levels["name"] = f"{name}, {_rarity(commonness.namesakes(one.names[0]))}"
    if one.born and other.born:
        levels["birth"] = _birth(one, other)
    if one.sex and other.sex:
        levels["sex"] = "same" if one.sex == other.sex else "other"
    if one.paper and other.paper and len(one.paper) == len(other.paper):
        levels["paper"] = "same" if one.paper == other.paper else "other"
    place = _place(one.places, other.places, today)
    if place:
        levels["place"] = place
    if one.others and other.others:
        shared = sum(_is_among(name, other.others) for name in one.others)
        levels["others"] = ("none", "one", "two")[min(2, shared)]
    return levels


def _is_possible(one: Person, other: Person) -> bool:
    """Say whether no order of events speaks against it: one is born, lives, and dies."""
    for first, second in ((one, other), (other, one)):
        if first.born and second.event:
            if first.born[0] > second.event or first.born[1] < second.event - _LIVES:
                return False
            age = second.event - first.born[1], second.event - first.born[0]
            if second.role in ("husband", "wife") and not (
                age[1] >= _MARRIES[0] and age[0] <= _MARRIES[1]
            ):
                return False
        if first.died and second.event and second.role != "self" and second.event > first.died + 1:
            return False
    return True


@lru_cache(maxsize=100_000)
def best_name(ones: tuple[Words, ...], others: tuple[Words, ...]) -> str:
    """Return how the readings of two names agree that agree most."""
    return min(
        (_name(one, other) for one in ones for other in others), key=_ORDER.index, default="other"
    )


@lru_cache(maxsize=100_000)
def _name(one: Words, other: Words) -> str:
    for level, key in (("same", canon), ("folded", bare), ("misread", skeleton)):
        if len(one) == len(other) and all(
            key(a) == key(b) for a, b in zip(one, other, strict=True)
        ):
            return level
    letters = "".join(map(bare, one)), "".join(map(bare, other))
    if OSA.distance(*letters, score_cutoff=_NEAR) <= _NEAR:
        return "near"
    ends = min(len(one), len(other)) >= 2 and (
        skeleton(one[0]) == skeleton(other[0]) and skeleton(one[-1]) == skeleton(other[-1])
    )
    return "part" if ends else "other"


def _rarity(namesakes: float) -> str:
    return "rare" if namesakes < 0.3 else "some" if namesakes < 3 else "common"


def _birth(one: Person, other: Person) -> str:
    assert one.born and other.born  # the caller asks only then
    if len(one.date) == len(other.date) == 10:
        if one.date == other.date:
            return "day"
        if one.date[:4] == other.date[:4]:
            return "year, another day"
    apart = max(one.born[0] - other.born[1], other.born[0] - one.born[1], 0)
    if apart == 0:
        return "year" if one.date and other.date else "age"
    return "one year off" if apart == 1 else "a few years off" if apart <= 3 else "other"


def _place(ones: Sequence[str], others: Sequence[str], today: Today) -> str:
    """Return whether places name one commune, then or today; empty when nothing is known."""
    first, second = _communes(ones), _communes(others)
    if not first or not second:
        return ""
    if first & second:
        return "hamlet" if _hamlets(ones) & _hamlets(others) else "commune"
    now = [
        {bare_text(text) for place in places for text in today(place)} for places in (ones, others)
    ]
    return "commune today" if now[0] & now[1] else "other"


_WORDS = frozenset({"xa", "phuong", "thi", "tran", "ubnd", "x", "p", "tt"})
_HAMLET = frozenset({"thon", "xom", "ap", "ban", "lang", "to", "khu", "buon"})
_LARGER = frozenset({"huyen", "quan", "tinh", "thanh", "pho", "tp", "h", "t"})


def _communes(places: Iterable[str]) -> set[str]:
    return {name for place in places for kind, name in _named(place) if kind == "commune"}


def _hamlets(places: Iterable[str]) -> set[str]:
    return {name for place in places for kind, name in _named(place) if kind == "hamlet"}


@lru_cache(maxsize=20_000)
def _named(place: str) -> tuple[tuple[str, str], ...]:
    """Return the parts of a place with their kind; the first without a level is a commune."""
    found: list[tuple[str, str]] = []
    for part in place.split(","):
        said = bare_text(part).split()
        if not said:
            continue
        rest = [word for word in said if word not in _WORDS]
        if said[0] in _HAMLET and len(said) > 1:
            found.append(("hamlet", " ".join(said[1:])))
        elif said[0] in _LARGER and len(said) > 1:
            found.append(("larger", " ".join(said[1:])))
        elif not any(kind == "commune" for kind, _name in found):
            found.append(("commune", " ".join(rest or said)))
    return tuple(found)


def bare_place(place: str) -> str:
    """Return a commune's name alone, without marks: `UBND xã Vân Trung, Việt Yên` → van trung."""
    return next((name for kind, name in _named(place) if kind == "commune"), bare_text(place))


@lru_cache(maxsize=20_000)
def bare_text(text: str) -> str:
    """Return the words of a text without marks."""
    return " ".join(bare(word) for word in text.replace("-", " ").split())


def _is_among(name: Words, names: Iterable[Words]) -> bool:
    return any(_name(name, other) in ("same", "folded", "misread", "near") for other in names)


def weigh(levels: Mapping[str, str], weights: Mapping[str, Mapping[str, float]]) -> float:
    """Return the weight of all levels together, in bits: log2 of m/u, added up."""
    return sum(weights.get(feature, {}).get(level, 0.0) for feature, level in levels.items())
