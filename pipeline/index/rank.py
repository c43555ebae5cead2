"""Order what a back end found, and say why: one re-ranker for all back ends."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from pipeline.index.documents import Document, Name, Year
from pipeline.index.query import Query, WantedName, Words
from pipeline.index.rules import search_rules
from pipeline.index.syllables import skeleton
from pipeline.letters import bare, canon, syllables
from pipeline.words import _

MIN_SCORE = 0.6  # below this a hit would puzzle the officer
_MIN_NAME = 0.55  # a name less alike than this is another name
_MIN_SYLLABLE = 0.5  # share of equal letters below which syllables are strangers
_FOLDED, _MISREAD = 0.95, 0.85  # same letters without marks; same but for confusable letters
_GIVEN, _SURNAME, _MIDDLE = 1.5, 1.0, 0.7
_UNASKED = 0.25  # share of the weight of a record's syllables that the query does not have
_SWAPPED = 0.97
_OTHER_ROLE = 0.85  # the query names no role, and the name stands in a minor one
_NEAR_ROLE = 0.9
_ALTERNATIVE = 0.97
_ONE_DIGIT, _ONE_YEAR, _OTHER_EVENT = 0.75, 0.7, 0.9
_STRANGER = 0.7  # another name still shares a part
_TODAY = 0.9  # the place is meant, under the name of another time
_UNKNOWN = 0.3  # the record does not have what was asked
_WEIGHTS = {"name": 1.0, "other": 0.8, "year": 0.5, "place": 0.4, "kind": 0.3, "number": 0.8}


Today = Callable[[str], Sequence[str]]  # where a place as written lies today: Nếnh, Bắc Ninh


@dataclass(frozen=True, slots=True)
class Scored:
    """A document with its score (0 to 1), why it was found, and the keys of matched fields."""

    document: Document
    score: float
    why: tuple[str, ...]
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What one part of the query says about one document; `score` is 0 to 1."""

    weight: float
    score: float
    why: str = ""
    key: str = ""


def nowhere(_text: str) -> Sequence[str]:
    """Say nothing of where a place lies today."""
    return ()


def rank(query: Query, documents: Sequence[Document], today: Today = nowhere) -> list[Scored]:
    """Return the documents that answer the query, best first; equals in the order of their ids.

    Args:
        query: what is looked for.
        documents: what may answer it.
        today: tells places that are announced in the query by the names of today, too.
    """
    scored = (_score(query, document, today) for document in documents)
    good = [item for item in scored if item.score >= MIN_SCORE]
    return sorted(good, key=lambda item: (-item.score, item.document.id))


@lru_cache(maxsize=100_000)
def likeness(wanted: str, written: str, is_marked: bool) -> float:  # noqa: FBT001 - hot
    """Return how alike two syllables are, 0 to 1; marks count when `is_marked`."""
    if canon(wanted) == canon(written):
        return 1.0
    one, two = bare(wanted), bare(written)
    if one == two:
        return _FOLDED if is_marked else 1.0
    if skeleton(wanted) == skeleton(written):
        return _MISREAD
    alike = float(OSA.normalized_similarity(one, two))  # swapped letters are one slip
    return alike * _MISREAD if alike >= _MIN_SYLLABLE else 0.0


def _score(query: Query, document: Document, today: Today) -> Scored:
    found = list(_evidence(query, document, today))
    weight = sum(item.weight for item in found)
    score = sum(item.weight * item.score for item in found) / weight if weight else 0.0
    return Scored(
        document=document,
        score=round(score, 6),
        why=tuple(item.why for item in found if item.why),
        matched=tuple(dict.fromkeys(item.key for item in found if item.key and item.why)),
    )


def _evidence(query: Query, document: Document, today: Today) -> Iterator[_Evidence]:
    for index, name in enumerate(query.names):
        weight = _WEIGHTS["other" if index else "name"]
        yield from _name_evidence(query, name, document, weight)
    if query.years:
        yield _year_evidence(query.years, document.years)
    for part, number in query.numbers.items():
        yield _number_evidence(part, number, document)
    for place in query.places:
        yield _place_evidence(place, document, today)
    if query.kind:
        label = search_rules().label("kind")
        is_right = query.kind == document.kind
        why = _("{label} đúng").format(label=label) if is_right else ""
        yield _Evidence(_WEIGHTS["kind"], float(is_right), why)


# Names


def _name_evidence(
    query: Query, wanted: WantedName, document: Document, weight: float
) -> Iterator[_Evidence]:
    """Yield what a wanted name says; its last words may be a place (`… hoa vân trung`)."""
    choices = [
        [_name_match(query, wanted, said, document, weight), *places]
        for reading in wanted.readings
        for said, places in _splits(reading, document)
    ]
    yield from max(choices, key=lambda items: sum(item.score for item in items) / len(items))
    own_years = [item for item in document.years if item.event == wanted.role]
    if wanted.years and own_years:
        yield _year_evidence(wanted.years, own_years)


def _splits(reading: Words, document: Document) -> Iterator[tuple[Words, list[_Evidence]]]:
    yield reading, []
    for cut in range(1, min(3, len(reading)) + 1):
        evidence = _place_evidence(reading[-cut:], document, nowhere)
        if evidence.why:
            yield reading[:-cut], [evidence]


def _name_match(
    query: Query, wanted: WantedName, said: Words, document: Document, weight: float
) -> _Evidence:
    if not said:
        return _Evidence(0.0, 1.0)
    best, found = 0.0, None
    for name in document.names:
        factor = _role_factor(wanted.role, name)
        if factor > best:
            score = factor * _alike(said, syllables(name.text), query.is_marked)
            if score > best:
                best, found = score, name
    if found is None or best < _MIN_NAME:
        is_missing = wanted.role and not _has_role(wanted.role, document)
        return _Evidence(weight, _UNKNOWN if is_missing else best * _STRANGER)
    why = _("{label}: {written} ~ {wanted}").format(
        label=search_rules().label(found.role), written=found.text, wanted=" ".join(said)
    )
    return _Evidence(weight, best, why, found.key)


def _role_factor(role: str, name: Name) -> float:
    rules = search_rules()
    factor = _ALTERNATIVE if name.is_alternative else 1.0
    if not role:
        return factor if rules.is_principal(name.role) else factor * _OTHER_ROLE
    if role == name.role:
        return factor
    return factor * _NEAR_ROLE if name.role in rules.roles[role].near else 0.0


def _has_role(role: str, document: Document) -> bool:
    return any(_role_factor(role, name) for name in document.names)


def _alike(wanted: Words, written: Words, is_marked: bool) -> float:  # noqa: FBT001 - hot
    """Return how alike two names are, 0 to 1: syllables aligned, the given name weighs most."""
    pairs = _align(wanted, written, is_marked)
    asked, held = _name_weights(len(wanted)), _name_weights(len(written))
    alike = sum(asked[at] * score for at, _other, score in pairs)
    unasked = sum(held) - sum(held[other] for _at, other, _score in pairs)
    order = [other for _at, other, _score in sorted(pairs)]
    swapped = _SWAPPED if order != sorted(order) else 1.0
    return swapped * alike / (sum(asked) + _UNASKED * unasked)


def _align(
    wanted: Words,
    written: Words,
    is_marked: bool,  # noqa: FBT001 - hot
) -> list[tuple[int, int, float]]:
    """Return (place wanted, place written, likeness) of syllables that belong together.

    Greedy, the most alike first, of equals those as far from the given name, which comes last:
    names have two to five syllables, where the best assignment is hardly ever another.
    """
    shift = len(written) - len(wanted)
    ranked = sorted(
        (-likeness(one, two, is_marked), abs(at + shift - other), at, other)
        for at, one in enumerate(wanted)
        for other, two in enumerate(written)
    )
    pairs: list[tuple[int, int, float]] = []
    used: set[int] = set()  # places wanted as they are, places written as ~place
    for unlike, _apart, at, other in ranked:
        if at not in used and ~other not in used:
            pairs.append((at, other, -unlike))
            used |= {at, ~other}
    return pairs


@lru_cache(maxsize=16)
def _name_weights(count: int) -> tuple[float, ...]:
    if count == 1:
        return (_GIVEN,)
    return (_SURNAME, *[_MIDDLE] * (count - 2), _GIVEN)


# Years, numbers, places


def _year_evidence(wanted: Sequence[int], years: Sequence[Year]) -> _Evidence:
    rules = search_rules()
    weight = _WEIGHTS["year"]
    best, found, meant = 0.0, None, 0
    for item in years:
        for year in wanted:
            score = _year_likeness(year, item) * (1.0 if _is_own(item.event) else _OTHER_EVENT)
            if score > best:
                best, found, meant = score, item, year
    if found is None:
        return _Evidence(weight, 0.0 if years else _UNKNOWN)
    sentence = (
        _("{label} {year} đúng") if meant == found.year else _("{label} {year}, gần {wanted}")
    )
    why = sentence.format(label=rules.label(found.event), year=found.year, wanted=meant)
    return _Evidence(weight, best, why, found.key)


def _is_own(event: str) -> bool:
    return event in ("birth", "death") or search_rules().is_principal(event)


def _year_likeness(wanted: int, item: Year) -> float:
    apart = abs(wanted - item.year)
    if apart <= item.spread:
        return 1.0
    if apart <= 1 + item.spread:
        return _ONE_YEAR
    digits = sum(one != two for one, two in zip(str(wanted), str(item.year), strict=True))
    return _ONE_DIGIT if digits == 1 and not item.spread else 0.0


def _number_evidence(part: str, wanted: str, document: Document) -> _Evidence:
    weight = _WEIGHTS["number"]
    told = [(key, number) for name, key, number in document.numbers if name == part]
    if part == "page":
        told.append(("", str(document.page)))
    for key, number in told:
        if number == wanted:
            why = _("{label} {number} đúng").format(label=search_rules().label(part), number=number)
            return _Evidence(weight, 1.0, why, key)
    return _Evidence(weight, 0.0 if told else _UNKNOWN)


def _place_evidence(wanted: Words, document: Document, today: Today) -> _Evidence:
    weight, asked = _WEIGHTS["place"], tuple(bare(word) for word in wanted)
    label = search_rules().label("place")
    for key, text in document.places:
        if _names(text, asked):
            return _Evidence(weight, 1.0, _("{label}: {text}").format(label=label, text=text), key)
    for key, text in document.places:
        for now in today(text):
            if _names(now, asked):
                why = _("{label}: {text} (nay là {now})").format(label=label, text=text, now=now)
                return _Evidence(weight, _TODAY, why, key)
    return _Evidence(weight, 0.0 if document.places else _UNKNOWN)


def _names(text: str, asked: Words) -> bool:
    """Say whether the words stand in a place as written, one after another."""
    held = _bare_words(text)
    starts = range(len(held) - len(asked) + 1)
    return any(held[start : start + len(asked)] == asked for start in starts)


@lru_cache(maxsize=20_000)  # a book's entries have few places
def _bare_words(text: str) -> Words:
    return tuple(bare(word) for word in syllables(text))
