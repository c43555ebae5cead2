"""Ready tokens for every back end: what a record is found by, and what a query looks up.

Composite keys (syllable and year, pairs of syllables, child and mother) are rare, so few records
share one; measured, they beat boosted fields, n-grams and fuzzy search in every engine.
A key is a letter for its sort, then parts joined by `_` or `/`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations, product

from pipeline.index.documents import Document, Name
from pipeline.index.query import Query, WantedName, Words
from pipeline.index.rules import search_rules
from pipeline.index.syllables import deletions, skeleton
from pipeline.letters import bare, syllables
from pipeline.settings import shipped

_VERSION = 2  # of the code below and of `syllables`; a change of their keys is another version
_DELETION = 0.15  # a guess at a misread letter counts less than the letter
_OTHER_ROLE = 0.5
_ALONE = 0.5  # one syllable without a year says little
_NUMBER = 3.0
_EVENTS = frozenset({"birth", "death", "registration", "book"})
_COMPANION = frozenset({"declarant"})  # mostly a parent again; pairs with the child add nothing


@cache
def key_rules() -> str:
    """Return what tells keys of these rules from those of others: version and sum of the data."""
    data = (shipped("schemas") / "search.json").read_bytes()
    return f"{_VERSION}-{hashlib.sha256(data).hexdigest()[:12]}"


def document_keys(document: Document) -> list[str]:
    """Return the keys that a record is found by, sorted."""
    rules = search_rules()
    main = [name for name in document.names if rules.is_principal(name.role)]
    others = [name for name in document.names if not rules.is_principal(name.role)]
    years = _years_of(document)
    found: set[str] = set()
    for name in main:
        said = syllables(name.text)
        found.update(_pairs("p", said), (_alone(syllable) for syllable in said))
        found.update(
            _dated("d", form, year)
            for syllable in said
            for form in (skeleton(syllable), *deletions(syllable))
            for year in years
        )
    for name in others:
        said = syllables(name.text)
        found.update(_pairs("q", said))
        found.update(_dated("o", skeleton(one), year) for one in said for year in years)
    found.update(_crossed(main, others))
    found.update(_number_keys(_numbers_of(document), years))
    return sorted(found)


def query_keys(query: Query) -> list[tuple[str, float]]:
    """Return the keys to look up with their weights, the most telling first."""
    weights: dict[str, float] = {}
    for key, weight in _wanted(query):
        weights[key] = max(weight, weights.get(key, 0.0))
    return sorted(weights.items(), key=lambda item: (-item[1], item[0]))


def _years_of(document: Document) -> list[int]:
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
        yield from _cross(syllables(one.text), syllables(two.text))


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
        for reading in name.readings:
            yield from _name_keys(name, reading, query.years)
    for one, two in combinations(query.names, 2):
        for key in _cross(one.readings[0], two.readings[0]):
            yield key, 1.0
    for key in _number_keys(query.numbers.items(), query.years):
        yield key, _NUMBER


def _name_keys(name: WantedName, said: Words, years: Sequence[int]) -> Iterator[tuple[str, float]]:
    is_main = not name.role or search_rules().is_principal(name.role)
    main, other = (1.0, _OTHER_ROLE) if is_main else (_OTHER_ROLE, 1.0)
    yield from ((key, main) for key in _pairs("p", said))
    yield from ((key, other) for key in _pairs("q", said))
    for syllable in said:
        if is_main:
            yield _alone(syllable), _ALONE
        for year in years:
            yield _dated("o", skeleton(syllable), year), other
            if is_main:
                yield _dated("d", skeleton(syllable), year), main
                yield from (
                    (_dated("d", form, year), _DELETION * main) for form in deletions(syllable)
                )
