"""Ready tokens for every back end: what a record is found by, and what a query looks up.

Composite keys (syllable and year, pairs of syllables, child and mother) are rare, so few records
share one; measured, they beat boosted fields, n-grams and fuzzy search in every engine.
A key is a letter for its sort, then parts joined by `_` or `/`.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations, product
from string import ascii_lowercase

from pipeline.index.documents import Document, Name
from pipeline.index.rules import search_rules
from pipeline.index.syllables import certain_parts, deletions, is_open, skeleton, variants
from pipeline.index.wanted import Query, WantedName, Words, bare_words
from pipeline.letters import bare, syllables

_VERSION = 2  # of the code below and of `syllables`; a change of their keys is another version
_DELETION = 0.15  # a guess at a misread letter counts less than the letter
_OTHER_ROLE = 0.5
_ALONE = 0.5  # one syllable without a year says little
_NUMBER = 3.0
_OPEN = 0.3  # one of the letters that a wanted syllable leaves open
_NEAR, _NEAR_YEAR = 3, 0.3  # years that people are mistaken by
_EVENTS = frozenset({"birth", "death", "registration", "book"})
_COMPANION = frozenset({"declarant"})  # mostly a parent again; pairs with the child add nothing


@cache
def key_rules() -> str:
    """Return what tells keys of these rules from those of others: version and sum of the data."""
    rules = search_rules()
    sets = [sorted(rules.common_syllables), sorted(rules.places)]
    fields = [rules.names, rules.years, rules.numbers, rules.kinds, rules.roles]
    data = repr((rules.variants, rules.abbreviations, rules.confusable, sets, fields))
    return f"{_VERSION}-{hashlib.sha256(data.encode()).hexdigest()[:12]}"


def document_keys(document: Document) -> list[str]:
    """Return the keys that a record is found by, sorted."""
    rules = search_rules()
    main = [name for name in document.names if rules.is_principal(name.role)]
    others = [name for name in document.names if not rules.is_principal(name.role)]
    years = document_years(document)
    found: set[str] = set()
    for name in main:
        said = _said(name)
        found.update(_pairs("p", said), (_alone(syllable) for syllable in said))
        found.update(
            _dated("d", form, year)
            for syllable in said
            for form in (skeleton(syllable), *deletions(syllable))
            for year in years
        )
    for name in others:
        said = _said(name)
        found.update(_pairs("q", said))
        found.update(_dated("o", skeleton(one), year) for one in said for year in years)
    places = {words for key, text in document.places if not key for words in _units(text)}
    found.update(
        _placed(syllable, words) for name in main for syllable in _said(name) for words in places
    )
    found.update(_crossed(main, others))
    return sorted(found.union(number_keys(document)))


def _said(name: Name) -> list[str]:
    """Return the syllables of a name, and what those may stand for."""
    said = syllables(name.text)
    return [*said, *(other for one in said for other in sorted(variants(one)))]


def number_keys(document: Document) -> list[str]:
    """Return the keys of the numbers of a record, its page and its volume, sorted."""
    return sorted(set(_number_keys(_numbers_of(document), document_years(document))))


def query_keys(query: Query) -> list[tuple[str, float]]:
    """Return the keys to look up with their weights, the most telling first."""
    weights: dict[str, float] = {}
    for key, weight in _wanted(query):
        weights[key] = max(weight, weights.get(key, 0.0))
    return sorted(weights.items(), key=lambda item: (-item[1], item[0]))


def wanted_numbers(query: Query) -> list[tuple[str, float]]:
    """Return those of `query_keys` that are about numbers."""
    keys = dict.fromkeys(_number_keys(query.numbers.items(), query.years), _NUMBER)
    return sorted(keys.items())


def document_years(document: Document) -> list[int]:
    """Return the years of the entry itself or of those whom it is about, in order."""
    rules = search_rules()
    return sorted(
        {
            item.year
            for item in document.years
            if item.event in _EVENTS or rules.is_principal(item.event)
        }
    )


def _crossed(main: Sequence[Name], others: Sequence[Name]) -> Iterator[str]:
    couples = [(one, two) for one, two in combinations(main, 2) if one.role != two.role]
    couples += [(one, two) for one, two in product(main, others) if two.role not in _COMPANION]
    for one, two in couples:
        yield from _cross(_said(one), _said(two))


def _cross(one: Iterable[str], two: Iterable[str]) -> Iterator[str]:
    common = search_rules().common_syllables
    for first, second in product(one, two):
        if not (bare(first) in common and bare(second) in common):
            yield f"x{'_'.join(sorted((skeleton(first), skeleton(second))))}"


def _pairs(sort: str, said: Iterable[str]) -> Iterator[str]:
    """Yield unordered pairs, so that swapped parts of a name are found for nothing."""
    for pair in combinations(sorted(map(skeleton, said)), 2):
        yield f"{sort}{'_'.join(pair)}"


def _alone(syllable: str) -> str:
    return f"n{skeleton(syllable)}"


def _dated(sort: str, form: str, year: int) -> str:
    return f"{sort}{form}/{year}"


def _numbers_of(document: Document) -> list[tuple[str, str]]:
    found = [(part, number) for part, _key, number in document.numbers]
    return [*found, ("page", str(document.page))] if document.page else found


def _number_keys(numbers: Iterable[tuple[str, str]], years: Sequence[int]) -> Iterator[str]:
    """Yield each number, each with its year, and the pairs that name one entry."""
    told = sorted(set(numbers))
    for part, number in told:
        yield f"{part}/{number}"
        yield from (f"{part}/{number}/{year}" for year in years)
    for (part, number), (other, second) in combinations(told, 2):
        if part != other:
            yield f"{part}/{number}/{other}/{second}"


def _wanted(query: Query) -> Iterator[tuple[str, float]]:
    for name in query.names:
        yield from _name_keys(name, query)
    for one, two in combinations(query.names, 2):
        for key in _cross(_certain(one.said), _certain(two.said)):
            yield key, 1.0
    yield from wanted_numbers(query)


def _certain(said: Words) -> Words:
    return tuple(one for one in said if not is_open(one))


def _name_keys(name: WantedName, query: Query) -> Iterator[tuple[str, float]]:
    is_main = not name.role or search_rules().is_principal(name.role)
    main, other = (1.0, _OTHER_ROLE) if is_main else (_OTHER_ROLE, 1.0)
    said = _certain(name.said)
    yield from ((key, main) for key in _pairs("p", said))
    yield from ((key, other) for key in _pairs("q", said))
    for syllable in said:
        if is_main:
            yield _alone(syllable), _ALONE
            for place in query.places:
                yield from ((_placed(syllable, told.words), main) for told in place.names)
        for year, worth in _near_years(query.years).items():
            yield _dated("o", skeleton(syllable), year), other * worth
            if is_main:
                yield _dated("d", skeleton(syllable), year), main * worth
            if is_main and worth == 1:
                yield from (
                    (_dated("d", form, year), _DELETION * main) for form in deletions(syllable)
                )
    for syllable in set(name.said) - set(said) if is_main else ():
        for form in _forms(syllable):
            yield from ((_dated("d", form, year), _OPEN * main) for year in query.years)


def _near_years(years: Sequence[int]) -> dict[int, float]:
    """Return the years, and those around them at a smaller weight: people are often mistaken."""
    found = {near: _NEAR_YEAR for year in years for near in range(year - _NEAR, year + _NEAR + 1)}
    return found | dict.fromkeys(years, 1.0)


def _forms(syllable: str) -> Sequence[str]:
    """Return the skeletons of a syllable with one uncertain letter; of more of them none."""
    first, *last = certain_parts(syllable)
    if len(last) != 1 or "*" in syllable:
        return ()
    return sorted({skeleton(first + letter + last[0]) for letter in ascii_lowercase})


def _placed(syllable: str, place: Words) -> str:
    return f"w{skeleton(syllable)}/{''.join(place)}"


def _units(text: str) -> Iterator[Words]:
    """Yield the names in a written place, without their levels."""
    levels = {bare_words(word) for word in search_rules().place_words}
    for part in re.split("[,;()-]", text):
        words = bare_words(part)
        for size in (2, 1):
            if words[:size] in levels and len(words) > size:
                words = words[size:]
                break
        if words:
            yield words
