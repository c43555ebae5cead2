"""Look a place up: as it is written, where it is said to lie, in which year; then and now.

Several units that fit are all told. Names are compared with their marks; only when nothing fits
are they compared without, and that is said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pipeline.places.history import Chain, Now, Places, Target
from pipeline.places.units import Unit
from pipeline.places.written import Part, Reading, height, ranks, read_address

Outcome = Literal["found", "ambiguous", "doubtful", "within", "unknown"]


class Weakness(NamedTuple):
    """What speaks against a unit, the gravest first; all false when it is as written.

    Attributes:
        elsewhere: it does not lie in what is written after it.
        partly: some of what is written after it is in no table.
        unmarked: a name agrees only without marks.
        other_time: there was no such unit in that year.
        other_level: a level that is written, of the unit or of what it lies in, is another.
        other_parent: it lay in what is written after it, but in other years.
    """

    elsewhere: bool = False
    partly: bool = False
    unmarked: bool = False
    other_time: bool = False
    other_level: bool = False
    other_parent: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """One place that may be meant.

    Attributes:
        then: the unit of that year in what it lay in, up to the province; several when the name
            or the parents of that year are not known for sure.
        now: where it lies today.
        weakness: what speaks against it.
        inferred: the year is before the first list that has the unit; that it existed then, and
            lay in what that list says or what that came from, is inferred.
        unchecked: sources that nobody has checked, and on which `then` or `now` lean.
    """

    then: tuple[Chain, ...]
    now: Now
    weakness: Weakness
    inferred: bool = False
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the table says of a written place.

    Attributes:
        outcome: found; ambiguous, when several places have that name; doubtful, when something
            speaks against the matches; within, when only what it is said to lie in is known;
            unknown, when nothing is.
        rest: what is written before the unit: a hamlet, a house; of `within`, what is not known.
    """

    outcome: Outcome
    rest: str
    matches: tuple[Match, ...]


class _Fit(NamedTuple):
    weakness: Weakness
    unit: Unit
    chains: tuple[Chain, ...]


class Named(NamedTuple):
    """How a unit's name and level agree with what is written."""

    unmarked: bool
    other_level: bool


EXACT = Named(unmarked=False, other_level=False)
Meant = dict[int, Named]


def look_up(places: Places, name: str, parent: str = "", year: int | None = None) -> Answer:
    """Return what a place as written was in a year, and what it is now.

    Args:
        places: where to look.
        name: `thôn Trung Đồng, xã Vân Trung`: levels, short forms and hamlets may stand or not.
        parent: what it is said to lie in, in any number; it may as well stand in the name.
        year: of the entry; None when it is not known.
    """
    parts = read_address(f"{name}, {parent}", places.knows)
    best: tuple[int, int, list[_Fit]] | None = None
    meant = [may_name(places, part) for part in parts]
    for start in range(len(parts)):
        fits = _fits(places, parts, meant, start, year)
        if fits:
            found = (_order(places, parts, start, fits), start, fits)
            if best is None or found[:2] < best[:2]:
                best = found
            if found[0] == _GOOD:
                break  # what comes after it is larger
    if best is None:
        return Answer("unknown", "", ())
    order, start, fits = best
    matches = tuple(_match(places, group, year) for group in _lines(places, fits))
    rest = ", ".join(part.text for part in parts[:start])
    return Answer(_outcome(order, matches), rest, matches)


# What may be meant


def may_name(places: Places, part: Part) -> Meant:
    """Return the units that a part of an address may name."""
    found: Meant = {}
    for unmarked in (False, True):
        for reading in part.readings:
            known = places.named_without_marks if unmarked else places.named
            for unit in known(reading.name):
                if _is_rank(places, reading, unit):
                    is_other = bool(reading.level) and reading.level != unit.level
                    told = Named(unmarked, is_other)
                    found[unit.id] = min(told, found.get(unit.id, told))
    return found


def _is_rank(places: Places, reading: Reading, unit: Unit) -> bool:
    return not reading.level or bool(ranks(reading.level) & places.ranks(unit))


def _fits(
    places: Places, parts: Sequence[Part], meant: Sequence[Meant], start: int, year: int | None
) -> list[_Fit]:
    """Return the units that the part may name and that fit best with those after it."""
    above = [one for one in meant[start + 1 :] if one]
    partly = len(above) < len(parts) - start - 1
    lowest = max((height(part.rank) for part in parts[:start]), default=-1)
    named = [
        (places.units[one], told)
        for one, told in meant[start].items()
        if height(places.ranks(places.units[one])) > lowest  # else what precedes lies not in it
    ]
    for way in (_in_that_year, _at_any_time):  # the second is slow, and hardly ever needed
        fits = []
        for unit, told in named:
            weak, chains = way(places, unit, above, year)
            weakness = Weakness(
                elsewhere=weak.elsewhere or (partly and not above),
                partly=partly,
                unmarked=told.unmarked or weak.unmarked,
                other_time=not unit.may_stand_in(year),
                other_level=told.other_level or weak.other_level,
                other_parent=weak.other_parent,
            )
            fits.append(_Fit(weakness, unit, chains))
        least = min((fit.weakness for fit in fits), default=Weakness())
        if least == Weakness(partly=partly):
            break
    return [fit for fit in fits if fit.weakness == least]


_Placed = tuple[Weakness, tuple[Chain, ...]]


def _in_that_year(places: Places, unit: Unit, above: Sequence[Meant], year: int | None) -> _Placed:
    """Return what the unit lay in that year, as far as it is what is written."""
    chains = places.chains(unit, year)
    told = [(chain, agrees(chain[1:], above)) for chain in chains]
    best = min((agreed for _chain, agreed in told if agreed is not None), default=None)
    if best is None:
        return Weakness(elsewhere=True), tuple(chains)
    fitting = tuple(chain for chain, agreed in told if agreed == best)
    return Weakness(unmarked=best.unmarked, other_level=best.other_level), fitting


def _at_any_time(places: Places, unit: Unit, above: Sequence[Meant], year: int | None) -> _Placed:
    """Return the same, also when it lay in what is written in another year, or lies in it now."""
    then = _in_that_year(places, unit, above, year)
    others = list(places.above(unit))
    agreed = [agrees(others, [one]) for one in above]
    found = [one for one in agreed if one is not None]
    if not any(then[0]) or len(found) < len(agreed):
        return then
    weakness = Weakness(
        unmarked=any(one.unmarked for one in found),
        other_level=any(one.other_level for one in found),
        other_parent=True,
    )
    return min(then, (weakness, tuple(places.chains(unit, year))), key=lambda way: way[0])


def agrees(chain: Sequence[Unit], above: Sequence[Meant]) -> Named | None:
    """Say how what is written stands in the chain, in order; None when it does not stand there."""
    worst, at = EXACT, 0
    for meant in above:
        here = [place for place in range(at, len(chain)) if chain[place].id in meant]
        if not here:
            return None
        best = min(here, key=lambda place: (meant[chain[place].id], place))
        named = meant[chain[best].id]
        worst = Named(worst.unmarked or named.unmarked, worst.other_level or named.other_level)
        at = best + 1
    return worst


# Which part of the address is the unit

_GOOD, _PARTLY, _WITHIN, _ELSEWHERE, _NOTHING = range(5)


def _order(places: Places, parts: Sequence[Part], start: int, fits: Sequence[_Fit]) -> int:
    """Return how good it is to take the unit for that part of the address, 0 is best."""
    weakness = fits[0].weakness
    small = all(places.ranks(fit.unit) <= {"commune", "hamlet"} for fit in fits)
    skipped = parts[:start]
    if weakness.elsewhere:
        return _NOTHING if skipped else _ELSEWHERE
    if not skipped or (small and all(part.is_hamlet or not part.rank for part in skipped)):
        return _PARTLY if weakness.partly else _GOOD
    return _WITHIN


def _outcome(order: int, matches: Sequence[Match]) -> Outcome:
    if order == _WITHIN:
        return "within"
    weakness = matches[0].weakness
    if any(weakness._replace(other_parent=False)):
        return "doubtful"
    return "found" if len(matches) == 1 else "ambiguous"


# Matches


def _lines(places: Places, fits: Sequence[_Fit]) -> Iterator[list[_Fit]]:
    """Yield the fits that are one place under several cards, one after another."""
    left = sorted(fits, key=lambda fit: fit.unit.id)
    while left:
        line, waiting = [left.pop(0)], True
        while waiting:
            waiting = False
            for fit in list(left):
                if any(places.same_line(fit.unit, one.unit) for one in line):
                    line.append(fit)
                    left.remove(fit)
                    waiting = True
        yield line


def _match(places: Places, line: Sequence[_Fit], year: int | None) -> Match:
    chains = tuple(dict.fromkeys(chain for fit in line for chain in fit.chains))
    nows = [places.now(fit.unit, year if fit.unit.may_stand_in(year) else None) for fit in line]
    doubtful = [unit.source for chain in chains for unit in chain if not unit.checked]
    unchecked = [*doubtful, *(source for now in nows for source in now.unchecked)]
    inferred = year is not None and any(
        not unit.since.first and year < unit.since.years[1] for chain in chains for unit in chain
    )
    told = tuple(dict.fromkeys(unchecked))
    return Match(chains, _together(nows), line[0].weakness, inferred, told)


def _together(nows: Sequence[Now]) -> Now:
    """Return where any of several units lies today."""
    targets: dict[int, Target] = {}
    for now in nows:
        for target in now.targets:
            targets.setdefault(target.unit.id, target)
    if all(now.state == "unknown" for now in nows):
        return nows[0]
    is_one = len(targets) == 1 and all(now.state == "whole" for now in nows)
    return Now(
        "whole" if is_one else "candidates",
        tuple(targets.values()),
        any(now.by_parts for now in nows),
        tuple(dict.fromkeys(source for now in nows for source in now.unchecked)),
    )
