"""Order what a back end found, and say why: one re-ranker for all back ends.

What agrees and what does not is added up in log-odds (`evidence.py`), so that a mother's name may
outweigh a misread letter of the child's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import NamedTuple

from pipeline.index.documents import Document, Name, Year
from pipeline.index.evidence import Likeness, likeness, rarity, weights
from pipeline.index.rules import search_rules
from pipeline.index.wanted import (
    PlaceName,
    Query,
    WantedName,
    WantedPlace,
    Words,
    bare_words,
    place_name,
)
from pipeline.letters import syllable_spans, syllables
from pipeline.values import Closeness, Mark
from pipeline.words import _

MIN_SHARE = 0.05  # of the evidence that a query could find; below it a hit would puzzle
_STRANGER = -4.0  # another name says no more than that it is another
_MAYBE = 0.06  # of the evidence, for a name that is perhaps misread: it comes last, yet it comes
_NEAR = 3  # years that people are mistaken by
_ORDER: dict[Likeness, int] = {
    "same": 0, "unmarked": 1, "variant": 1, "spoken": 1, "misread": 2, "letter": 2, "alike": 2,
    "other": 3,
}  # fmt: skip
_SAME = ("same", "unmarked")  # the syllable itself
Told = tuple[tuple[str, str], ...]
Said = tuple[str, tuple[Mark, ...]]
CLOSENESS: tuple[Closeness, ...] = ("exact", "spelling", "misread", "widened")


@dataclass(frozen=True, slots=True)
class Scored:
    """A document with how well it answers.

    Attributes:
        score: share of the evidence that the query could find, at most 1.
        closeness: how far the query had to be widened for it.
        why: sentences.
        marks: which parts of which fields agree.
    """

    document: Document
    score: float
    closeness: Closeness
    why: tuple[str, ...]
    marks: tuple[Mark, ...]


class _Evidence(NamedTuple):
    """What one part of the query says about one document.

    Attributes:
        weight: log-odds.
        best: what full agreement would weigh.
        far: place in CLOSENESS.
        told: returns what was compared and how it agrees, as in `evidence.weights`.
        is_telling: a name or a number that agrees, which few entries share.
        explain: returns the sentence and the marks; None when there is nothing to say.
    """

    weight: float
    best: float
    far: int
    told: Callable[[], Told]
    is_telling: bool = False
    explain: Callable[[], Said] | None = None


class _Agreement(NamedTuple):
    """How a wanted name agrees with one that is written.

    Attributes:
        pairs: place wanted, place written, likeness.
    """

    weight: float
    far: int
    pairs: tuple[tuple[int, int, Likeness], ...]


def rank(
    queries: Sequence[Query],
    documents: Sequence[Document],
    limit: int | None = None,
) -> list[Scored]:
    """Return the documents that answer the query, best first; equals in the order of their ids.

    Args:
        queries: readings of what was asked for, the likeliest first; the best counts.
        documents: what may answer it.
        limit: how many at most; None is all.
    """
    told = ((*_best(queries, document), document) for document in documents)
    good = [(-score, document.id, found, document) for score, found, document in told
            if score >= MIN_SHARE]  # fmt: skip
    return [
        _explained(document, -score, found)
        for score, _id, found, document in sorted(good, key=lambda item: item[:2])[:limit]
    ]


def agreements(query: Query, document: Document) -> list[tuple[str, str]]:
    """Return what is compared between a query and a document, and how it agrees."""
    return [told for item in _evidence(query, document) for told in item.told()]


def _best(queries: Sequence[Query], document: Document) -> tuple[float, list[_Evidence]]:
    return max((_score(query, document) for query in queries), key=lambda item: item[0])


def _score(query: Query, document: Document) -> tuple[float, list[_Evidence]]:
    found = list(_evidence(query, document))
    if not any(item.is_telling for item in found):
        return 0.0, []  # the year alone, or the place, are thousands
    best = sum(item.best for item in found)
    share = round(sum(item.weight for item in found) / best, 6)
    if not query.years and any(item.is_telling and item.far <= 1 for item in found):
        share = max(share, MIN_SHARE)  # who bears that name elsewhere comes last, yet comes
    return share, found


def _explained(document: Document, score: float, found: Sequence[_Evidence]) -> Scored:
    said = [item.explain() for item in found if item.explain]
    return Scored(
        document=document,
        score=score,
        closeness=CLOSENESS[max((item.far for item in found), default=3)],
        why=tuple(why for why, _marks in said),
        marks=tuple(dict.fromkeys(mark for _why, marks in said for mark in marks)),
    )


def _evidence(query: Query, document: Document) -> Iterator[_Evidence]:
    for index, name in enumerate(query.names):
        yield _name_evidence(query, name, document, "other" if index else "name")
        if name.years or name.age is not None:
            yield from _own_years(name, document, query.years)
    if query.years:
        yield _year_evidence(query.years, document.years)
    for date in query.dates:
        yield _date_evidence(date, document.years)
    for part, number in query.numbers.items():
        yield _number_evidence(part, number, document)
    for place in query.places:
        yield _place_evidence(place, document)
    if query.kind == document.kind:
        label = search_rules().label("kind")
        if query.kind:
            yield _weighed("kind", "same", 0, lambda: (_("{label} đúng").format(label=label), ()))
    elif query.kind:
        yield _weighed("kind", "other", 3)


def _weighed(
    what: str,
    how: str,
    far: int,
    explain: Callable[[], Said] | None = None,
    *,
    is_telling: bool = False,
) -> _Evidence:
    known = weights()[what]
    return _Evidence(known[how], known["same"], far, lambda: ((what, how),), is_telling, explain)


# Names


def _name_evidence(query: Query, wanted: WantedName, document: Document, sort: str) -> _Evidence:
    known = weights()
    most = _most(sort, wanted.said)
    by_role, by_reading = known["role"], known["reading"]
    agree = _comparer(sort, wanted.said, query.is_marked)
    found: tuple[float, Name, _Agreement, str] | None = None
    for name in document.names:
        role = _role(wanted.role, name.role)
        if not role or (role == "companion" and found and found[0] > 0):
            continue
        agreed = agree(name.text)
        reading = "other" if name.is_alternative else "first"
        weight = agreed.weight + by_role[role] + by_reading[reading]
        if found is None or weight > found[0]:
            found = weight, name, agreed, role
    if found is None:
        return _Evidence(known["name"]["absent"], most, 3, lambda: (("name", "absent"),))
    weight, name, agreed, role = found
    told = partial(_told, sort, wanted.said, name, agreed, role)
    if _may_be(agreed):
        weight = max(weight, _MAYBE * most)
    elif weight <= 0:  # rather another name
        return _Evidence(max(weight, _STRANGER), most, 3, told)
    far = max(agreed.far, 2 if name.is_alternative else 0, 0 if role == "asked" else 3)
    explain = partial(_explain_name, wanted, name, agreed)
    return _Evidence(weight, most, far, told, is_telling=True, explain=explain)


def _may_be(agreed: _Agreement) -> bool:
    """Tell whether every syllable is the wanted one, or that one misread or mistyped."""
    return agreed.far < CLOSENESS.index("widened") and all(
        how != "alike" for _at, _other, how in agreed.pairs
    )


def _told(sort: str, said: Words, name: Name, agreed: _Agreement, role: str) -> Told:
    """Return what was compared in two names."""
    told = [(f"{sort} {_place(at, len(said))}", str(how)) for at, _other, how in agreed.pairs]
    unmet, unasked = _left_over(said, syllables(name.text))
    told += [("syllable", "unmet")] * unmet + [("syllable", _unasked(said))] * unasked
    told += [("syllable", "swapped")] * _is_swapped(agreed.pairs)
    told += [("role", role), ("reading", "other" if name.is_alternative else "first")]
    return tuple(told)


def _explain_name(wanted: WantedName, name: Name, agreed: _Agreement) -> Said:
    why = _("{label}: {written} ~ {wanted}").format(
        label=search_rules().label(name.role), written=name.text, wanted=" ".join(wanted.said)
    )
    if name.is_alternative:
        why = _("{why} (cách đọc khác)").format(why=why)
    spans = syllable_spans(name.text)
    marks = tuple(
        Mark(name.key, name.text, *spans[other], exact=how == "same")
        for _at, other, how in agreed.pairs
        if how != "other"
    )
    return why, marks


@cache
def _role(asked: str, role: str) -> str:
    """Return how the role of a name fits the asked one: asked, near, companion; empty if not."""
    rules = search_rules()
    if not asked:
        return "asked" if rules.is_principal(role) else "companion"
    if asked == role:
        return "asked"
    return "near" if role in rules.roles[asked].near else ""


@lru_cache(maxsize=8)  # those of one question; more keep the collector of garbage busy
def _comparer(
    sort: str,
    said: Words,
    is_marked: bool,  # noqa: FBT001 - hot
) -> Callable[[str], _Agreement]:
    """Return what compares a wanted name with one that is written, and remembers both."""
    by_place, known = _by_place(sort, said), weights()["syllable"]

    @lru_cache(maxsize=4_000)
    def alike(syllable: str) -> tuple[Likeness, ...]:
        return tuple([likeness(one, syllable, is_marked) for one in said])

    @lru_cache(maxsize=4_000)
    def agree(text: str) -> _Agreement:
        """Align the syllables, each with the weight of its place."""
        written = syllables(text)
        pairs = _align(len(said), [alike(one) for one in written])
        weight, far = 0.0, 0 if pairs else 3
        for at, _other, how in pairs:
            weight += by_place[at][how]
            far = max(far, _ORDER[how])
        unmet, unasked = _left_over(said, written)
        weight += unmet * known["unmet"] + unasked * known[_unasked(said)]
        far = max(far, 3 if unmet else 0, 1 if unasked else 0)
        if _is_swapped(pairs):
            weight, far = weight + known["swapped"], max(far, 2)
        return _Agreement(weight, far, tuple(pairs))

    return agree


def _left_over(said: Words, written: Words) -> tuple[int, int]:
    """Return how many syllables are asked for in vain, and how many were not asked for."""
    return max(0, len(said) - len(written)), max(0, len(written) - len(said))


def _unasked(said: Words) -> str:
    """Return how a syllable is told that was not asked for: who types one does not type all."""
    return "unasked" if len(said) == 1 else "added"


def _is_swapped(pairs: Sequence[tuple[int, int, Likeness]]) -> bool:
    order = [other for _at, other, _how in sorted(pairs)]
    return order != sorted(order)


def _most(sort: str, said: Words) -> float:
    return sum(ways["same"] for ways in _by_place(sort, said))


@lru_cache(maxsize=200)
def _by_place(sort: str, said: Words) -> tuple[Mapping[Likeness, float], ...]:
    """Return the weights of each syllable of a name, those of its rarity added."""
    found = []
    for at, one in enumerate(said):
        part = _place(at, len(said))
        rare = rarity(part, one)
        known = weights()[f"{sort} {part}"]
        found.append({how: known[how] + rare * (how in _SAME) for how in _ORDER})
    return tuple(found)


def _place(at: int, count: int) -> str:
    """Return which part of a name a syllable is."""
    if at == count - 1:
        return "given"
    return "surname" if at == 0 else "middle"


def _align(wanted: int, alike: Sequence[tuple[Likeness, ...]]) -> list[tuple[int, int, Likeness]]:
    """Return (place wanted, place written, likeness) of syllables that belong together.

    Greedy, the most alike first, of equals those as far from the given name, which comes last:
    names have two to five syllables, where the best assignment is hardly ever another.

    Args:
        wanted: how many syllables.
        alike: of each syllable written, how it is like each one wanted.
    """
    shift = len(alike) - wanted
    # The very first that greed would take, and mostly all.
    pairs: list[tuple[int, int, Likeness]] = []
    free, left = [], list(range(len(alike)))
    for at in range(wanted):
        if at + shift >= 0 and alike[at + shift][at] == "same":
            pairs.append((at, at + shift, "same"))
            left.remove(at + shift)
        else:
            free.append(at)
    if len(free) == 1 == len(left):
        pairs.append((free[0], left[0], alike[left[0]][free[0]]))
        return pairs
    ranked = [
        (_LIKE[alike[other][at]], abs(at + shift - other), at, other)
        for at in free
        for other in left
    ]
    for _like, _apart, at, other in sorted(ranked):
        if at in free and other in left:
            pairs.append((at, other, alike[other][at]))
            free.remove(at)
            left.remove(other)
    return pairs


_LIKE: dict[Likeness, int] = {
    "same": 0, "unmarked": 1, "variant": 2, "misread": 3, "spoken": 4, "letter": 5, "alike": 6,
    "other": 7,
}  # fmt: skip


# Years, numbers, places


def _own_years(wanted: WantedName, document: Document, asked: Sequence[int]) -> Iterator[_Evidence]:
    """Yield what the year or the age of one person says, when the record tells either."""
    role = wanted.role
    own = [
        item
        for item in document.years
        if (item.event == role if role else item.event == "birth" or _is_main(item.event))
    ]
    if wanted.years and own:
        yield _year_evidence(wanted.years, own)
    made = [item.year for item in document.years if item.event in ("registration", "death")]
    since = list(asked) or made
    if wanted.age is not None and own and since:
        born = [year - wanted.age for year in since]
        yield _year_evidence([*born, *(year - 1 for year in born)], own)


def _year_evidence(wanted: Sequence[int], years: Sequence[Year]) -> _Evidence:
    if not years:
        return _weighed("year", "absent", 3)
    how, item, meant = min(
        ((_year_likeness(year, item), item, year) for item in years for year in wanted),
        key=lambda told: (_YEARS.index(told[0]), not _is_own(told[1].event)),
    )
    if how == "other":
        return _weighed("year", how, 3)

    def explain() -> Said:
        sentence = _("{label} {year} đúng") if how == "same" else _("{label} {year}, gần {wanted}")
        label = search_rules().label(item.event)
        return sentence.format(label=label, year=item.year, wanted=meant), _whole(
            item.key, exact=how == "same"
        )

    return _weighed("year", how, 0 if how == "same" else 3, explain)


_YEARS = ("same", "next", "near", "digit", "other")


def _whole(key: str, *, exact: bool) -> tuple[Mark, ...]:
    """Return the mark of a whole field; none of what no field says."""
    return (Mark(key, "", 0, 0, exact=exact),) if key else ()


def _is_main(event: str) -> bool:
    return search_rules().is_principal(event)


def _is_own(event: str) -> bool:
    return event in ("birth", "death") or _is_main(event)


def _year_likeness(wanted: int, item: Year) -> str:
    apart = max(0, abs(wanted - item.year) - item.spread)
    if apart == 0:
        return "same"
    if apart == 1:
        return "next"
    if apart <= _NEAR:
        return "near"
    digits = sum(one != two for one, two in zip(str(wanted), str(item.year), strict=True))
    return "digit" if digits == 1 and not item.spread else "other"


def _date_evidence(wanted: str, years: Sequence[Year]) -> _Evidence:
    dated = [item for item in years if item.date]
    if not dated:
        return _weighed("date", "absent", 0)
    same = next((item for item in dated if item.date == wanted), None)
    if same is None:
        return _weighed("date", "other", 3)
    told = _("ngày {date} đúng").format(date=wanted), _whole(same.key, exact=True)
    return _weighed("date", "same", 0, lambda: told)


def _number_evidence(part: str, wanted: str, document: Document) -> _Evidence:
    told = [(key, number) for name, key, number in document.numbers if name == part]
    if part == "page" and document.page:
        told.append(("", str(document.page)))
    key = next((key for key, number in told if number == wanted), None)
    if key is None:
        return _weighed("number", "other" if told else "absent", 3)

    def explain() -> Said:
        label = search_rules().label(part)
        why = _("{label} {number} đúng").format(label=label, number=wanted)
        return why, _whole(key, exact=True)

    return _weighed("number", "same", 0, explain, is_telling=True)


def _place_evidence(wanted: WantedPlace, document: Document) -> _Evidence:
    named = [
        (name.time != "same", bool(key), name, key, text)
        for key, text in document.places
        if (name := place_name(wanted, text))
    ]
    if not named:
        return _weighed("place", "other" if document.places else "absent", 3)
    is_other, _in_field, name, key, text = min(named, key=lambda told: told[:2])
    explain = partial(_explain_place, name, key, text)
    return _weighed("place", "other time" if is_other else "same", int(is_other), explain)


def _explain_place(name: PlaceName, key: str, text: str) -> Said:
    sentence = {
        "same": _("{label}: {text}"),
        "before": _("{label}: {text} (nay thuộc {unit})"),
        "after": _("{label}: {text} (trước là {unit})"),
    }[name.time]
    held, spans = bare_words(text), syllable_spans(text)
    size = len(name.words)
    at = next(at for at in range(len(held)) if held[at : at + size] == name.words)
    mark = Mark(key, text, spans[at][0], spans[at + size - 1][1], exact=name.time == "same")
    label = search_rules().label("place")
    return sentence.format(label=label, text=text, unit=name.unit), (mark,)
