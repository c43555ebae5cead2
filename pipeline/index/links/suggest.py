"""Who may be the same person: pairs that the index offers, weighed feature by feature."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.index.backends import Index
from pipeline.index.links.compare import Commonness, Levels, Today, compare, weigh
from pipeline.index.links.people import Person, people
from pipeline.index.links.weights import LinkKind, LinkRules
from pipeline.index.rules import search_rules
from pipeline.index.wanted import Query, WantedName
from pipeline.values import Book, Record, Suggestion

_CANDIDATES = 60  # of the index, for one person
_MAX_YEARS = 5  # of a birth that is not known better; more years are none

Lookup = Callable[[Sequence[str]], Mapping[str, tuple[Record, Book]]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people that were compared."""

    kind: LinkKind
    one: Person
    two: Person
    levels: Levels


def suggest(
    record: Record,
    book: Book,
    index: Index,
    records: Lookup,
    rules: LinkRules,
    commonness: Commonness,
    today: Today,
) -> list[Suggestion]:
    """Return what may be the same people in other records, of each kind the likeliest first."""
    found: dict[tuple[str, str], list[Suggestion]] = {}
    for pair in pairs(record, book, index, records, rules, commonness, today):
        weight = weigh(pair.levels, pair.kind.weights)
        score = pair.kind.probability(weight)
        if score >= rules.threshold:
            made = _suggestion(pair, score)
            found.setdefault((pair.kind.name, pair.one.role), []).append(made)
    return [
        one
        for (name, _role), own in found.items()
        for one in sorted(own, key=lambda one: (-one.score, one.two))[: rules.kinds[name].most]
    ]


def _suggestion(pair: Pair, score: float) -> Suggestion:
    weights = {
        feature: (level, pair.kind.weights.get(feature, {}).get(level, 0.0))
        for feature, level in pair.levels.items()
    }
    ends = [(pair.one.record, pair.one.role), (pair.two.record, pair.two.role)]
    if pair.kind.one == pair.kind.two:
        ends.sort()
    (one, first), (two, second) = ends
    return Suggestion(pair.kind.name, one, two, (first, second), score, weights)


def pairs(
    record: Record,
    book: Book,
    index: Index,
    records: Lookup,
    rules: LinkRules,
    commonness: Commonness,
    today: Today,
) -> Iterator[Pair]:
    """Yield the pairs that the index offers for the people of a record, and how they agree."""
    own = search_rules().kind_of(record.form or book.form)
    kinds = [kind for kind in rules.kinds.values() if kind.one[0] == own]
    if not kinds:
        return
    for person in people(record, book):
        wanted = [kind for kind in kinds if person.role in kind.one[1]]
        if not wanted or len(person.names[0]) < 2:
            continue
        for one, its_kind in _offered(person, index, records):
            for kind in wanted:
                if its_kind == kind.two[0] and one.role in kind.two[1]:
                    levels = compare(person, one, commonness, today)
                    if levels is not None and not levels["name"].startswith("other"):
                        yield Pair(kind, person, one, levels)


def _offered(person: Person, index: Index, records: Lookup) -> Iterator[tuple[Person, str]]:
    """Yield the people of the records that the index offers, with the kind of their book."""
    documents = index.candidates(_query(person), _CANDIDATES)
    kinds = {one.id: one.kind for one in documents if one.id != person.record}
    for name, (record, book) in records(list(kinds)).items():
        for one in people(record, book):
            yield one, kinds[name]


def _query(person: Person) -> Query:
    years: tuple[int, ...] = ()
    if person.born and person.born[1] - person.born[0] < _MAX_YEARS:
        years = tuple(range(person.born[0], person.born[1] + 1))
    others = tuple(WantedName("", name) for name in person.others[:2] if len(name) > 1)
    return Query((WantedName("", person.names[0]), *others), years)
