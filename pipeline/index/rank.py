"""Order what a back end found, and say why: one re-ranker for all back ends.

What agrees and what does not is added up in log-odds (`evidence.py`), so that a mother's name may
outweigh a misread letter of the child's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pipeline.index.documents import Document, Name, Year
from pipeline.index.evidence import Likeness, likeness, weights
from pipeline.index.rules import search_rules
from pipeline.index.wanted import Query, WantedName, WantedPlace, Words, bare_words, place_name
from pipeline.letters import syllable_spans, syllables
from pipeline.values import Closeness, Mark
from pipeline.words import _

MIN_SHARE = 0.35  # of the evidence that a query could find; below it a hit would puzzle
_MIN_NAME = 0.3  # of the evidence of a name; below it it is another name
_NEAR = 3  # years that people are mistaken by
_ROLES = (  # of the name that agrees: as asked, in a role like it, of a companion
    "asked", "near", "companion",
)  # fmt: skip
_ORDER: dict[Likeness, int] = {
    "same": 0, "unmarked": 1, "variant": 1, "spoken": 1, "misread": 2, "letter": 2, "alike": 2,
    "other": 3,
}  # fmt: skip
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
        weight: log-odds; `best` is what full agreement would weigh.
        far: place in CLOSENESS.
        is_telling: a name or a number, which few entries share.
    """

    weight: float
    best: float
    far: int
    why: str = ""
    marks: tuple[Mark, ...] = ()
    is_telling: bool = False


class _Agreement(NamedTuple):
    """How a wanted name agrees with one that is written.

    Attributes:
        pairs: place wanted, place written, likeness.
    """

    weight: float
    far: int
    pairs: tuple[tuple[int, int, Likeness], ...]


def rank(
    queries: Sequence[Query], documents: Sequence[Document], least: float = MIN_SHARE
) -> list[Scored]:
    """Return the documents that answer the query, best first; equals in the order of their ids.

    Args:
        queries: readings of what was asked for, the likeliest first; the best counts.
        documents: what may answer it.
        least: score below which a document is no answer.
    """
    scored = (_best(queries, document) for document in documents)
    good = [item for item in scored if item.score >= least]
    return sorted(good, key=lambda item: (-item.score, item.document.id))


def _best(queries: Sequence[Query], document: Document) -> Scored:
    return max((_score(query, document) for query in queries), key=lambda item: item.score)


def _score(query: Query, document: Document) -> Scored:
    found = list(_evidence(query, document))
    if not any(item.is_telling for item in found):
        found = []  # the year alone, or the place, are thousands
    best = sum(item.best for item in found)
    share = sum(item.weight for item in found) / best if best else 0.0
    return Scored(
        document=document,
        score=round(share, 6),
        closeness=CLOSENESS[max((item.far for item in found), default=3)],
        why=tuple(item.why for item in found if item.why),
        marks=tuple(dict.fromkeys(mark for item in found if item.why for mark in item.marks)),
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
    if query.kind:
        label = search_rules().label("kind")
        is_right = query.kind == document.kind
        why = _("{label} đúng").format(label=label) if is_right else ""
        yield _weighed("kind", "same" if is_right else "other", 0 if is_right else 3, why)


def _weighed(
    what: str, how: str, far: int, why: str = "", marks: tuple[Mark, ...] = ()
) -> _Evidence:
    known = weights()[what]
    return _Evidence(known[how], known["same"], far, why, marks)


# Names


def _name_evidence(query: Query, wanted: WantedName, document: Document, sort: str) -> _Evidence:
    known = weights()
    most = _most(sort, wanted.said)
    best, found, agreement, role = 0.0, None, None, "asked"
    for name in document.names:
        told = _role(wanted.role, name)
        if not told:
            continue
        agreed = _agree(sort, wanted.said, syllables(name.text), query.is_marked)
        weight = agreed.weight + known["role"][told]
        weight += known["reading"]["other"] if name.is_alternative else 0.0
        if found is None or weight > best:
            best, found, agreement, role = weight, name, agreed, told
    if found is None:
        return _Evidence(known["absent"]["name"], most, 3)
    assert agreement is not None
    if best < _MIN_NAME * most:
        return _Evidence(best, most, 3)
    why = _("{label}: {written} ~ {wanted}").format(
        label=search_rules().label(found.role), written=found.text, wanted=" ".join(wanted.said)
    )
    if found.is_alternative:
        why = _("{why} (cách đọc khác)").format(why=why)
    spans = syllable_spans(found.text)
    marks = tuple(
        Mark(found.key, found.text, *spans[other], exact=how == "same")
        for _at, other, how in agreement.pairs
        if how != "other"
    )
    far = max(agreement.far, 2 if found.is_alternative else 0, 0 if role == "asked" else 3)
    return _Evidence(best, most, far, why, marks, is_telling=True)


def _role(role: str, name: Name) -> str:
    """Return how the role of a name fits the asked one: asked, near, companion; empty if not."""
    rules = search_rules()
    if not role:
        return "asked" if rules.is_principal(name.role) else "companion"
    if role == name.role:
        return "asked"
    return "near" if name.role in rules.roles[role].near else ""


@lru_cache(maxsize=20_000)
def _agree(sort: str, wanted: Words, written: Words, is_marked: bool) -> _Agreement:  # noqa: FBT001
    """Return how two names agree: syllables aligned, each with the weight of its place."""
    known = weights()
    pairs = _align(wanted, written, is_marked)
    weight = sum(known[f"{sort} {_place(at, len(wanted))}"][how] for at, _other, how in pairs)
    unmet = len(wanted) - len(pairs)
    unasked = len(written) - len(pairs)
    weight += unmet * known["syllable"]["unmet"] + unasked * known["syllable"]["unasked"]
    order = [other for _at, other, _how in sorted(pairs)]
    is_swapped = order != sorted(order)
    if is_swapped:
        weight += known["syllable"]["swapped"]
    far = max((_ORDER[how] for _at, _other, how in pairs), default=3)
    far = max(far, 3 if unmet else 0, 2 if is_swapped else 0, 1 if unasked else 0)
    return _Agreement(weight, far, tuple(sorted(pairs)))


def _most(sort: str, said: Words) -> float:
    known = weights()
    return sum(known[f"{sort} {_place(at, len(said))}"]["same"] for at in range(len(said)))


def _place(at: int, count: int) -> str:
    """Return which part of a name a syllable is."""
    if at == count - 1:
        return "given"
    return "surname" if at == 0 else "middle"


def _align(
    wanted: Words,
    written: Words,
    is_marked: bool,  # noqa: FBT001 - hot
) -> list[tuple[int, int, Likeness]]:
    """Return (place wanted, place written, likeness) of syllables that belong together.

    Greedy, the most alike first, of equals those as far from the given name, which comes last:
    names have two to five syllables, where the best assignment is hardly ever another.
    """
    shift = len(written) - len(wanted)
    ranked = sorted(
        (_LIKE[how], abs(at + shift - other), at, other, how)
        for at, one in enumerate(wanted)
        for other, two in enumerate(written)
        for how in (_likeness(one, two, is_marked),)
    )
    pairs: list[tuple[int, int, Likeness]] = []
    used: set[int] = set()  # places wanted as they are, places written as ~place
    for _like, _apart, at, other, how in ranked:
        if at not in used and ~other not in used:
            pairs.append((at, other, how))
            used |= {at, ~other}
    return pairs


_LIKE: dict[Likeness, int] = {
    "same": 0, "unmarked": 1, "variant": 2, "misread": 3, "spoken": 4, "letter": 5, "alike": 6,
    "other": 7,
}  # fmt: skip
_likeness = lru_cache(maxsize=100_000)(likeness)


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
    label = search_rules().label(item.event)
    mark = (Mark(item.key, "", 0, 0, exact=how == "same"),) if item.key else ()
    if how == "other":
        return _weighed("year", how, 3)
    if how == "same":
        why = _("{label} {year} đúng").format(label=label, year=item.year)
        return _weighed("year", how, 0, why, mark)
    why = _("{label} {year}, gần {wanted}").format(label=label, year=item.year, wanted=meant)
    return _weighed("year", how, 3, why, mark)


_YEARS = ("same", "next", "near", "digit", "other")


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
    digits = sum(one != two for one, two in zip(str(wanted), str(item.year), strict=True))
    if apart <= _NEAR:
        return "near"
    return "digit" if digits == 1 and not item.spread else "other"


def _date_evidence(wanted: str, years: Sequence[Year]) -> _Evidence:
    dated = [item for item in years if item.date]
    if not dated:
        return _weighed("date", "absent", 0)
    same = next((item for item in dated if item.date == wanted), None)
    if same is None:
        return _weighed("date", "other", 3)
    why = _("ngày {date} đúng").format(date=wanted)
    return _weighed("date", "same", 0, why, (Mark(same.key, "", 0, 0, exact=True),))


def _number_evidence(part: str, wanted: str, document: Document) -> _Evidence:
    told = [(key, number) for name, key, number in document.numbers if name == part]
    if part == "page" and document.page:
        told.append(("", str(document.page)))
    for key, number in told:
        if number == wanted:
            why = _("{label} {number} đúng").format(label=search_rules().label(part), number=number)
            marks = (Mark(key, "", 0, 0, exact=True),) if key else ()
            return _weighed("number", "same", 0, why, marks)._replace(is_telling=True)
    return _weighed("number", "other" if told else "absent", 3)


def _place_evidence(wanted: WantedPlace, document: Document) -> _Evidence:
    label = search_rules().label("place")
    best = None
    for key, text in document.places:
        name = place_name(wanted, text)
        if name and (best is None or (name.time != "same", bool(key)) < best[0]):
            best = ((name.time != "same", bool(key)), name, key, text)
    if best is None:
        return _weighed("place", "other" if document.places else "absent", 3)
    _order, name, key, text = best
    start, end = _where(name.words, text)
    marks = (Mark(key, text, start, end, exact=name.time == "same"),)
    if name.time == "same":
        return _weighed(
            "place", "same", 0, _("{label}: {text}").format(label=label, text=text), marks
        )
    sentence = (
        _("{label}: {text} (nay thuộc {unit})")
        if name.time == "before"
        else _("{label}: {text} (trước là {unit})")
    )
    why = sentence.format(label=label, text=text, unit=name.unit)
    return _weighed("place", "other time", 1, why, marks)


def _where(words: Words, text: str) -> tuple[int, int]:
    """Return where the words stand in a text."""
    held, spans = bare_words(text), syllable_spans(text)
    at = next(at for at in range(len(held)) if held[at : at + len(words)] == words)
    return spans[at][0], spans[at + len(words) - 1][1]
