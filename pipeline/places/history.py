"""The units of a country through time: who lay in whom in a year, what became of whom."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from pipeline.places.units import (
    SAME_UNIT,
    STILL,
    Event,
    Share,
    Unit,
    When,
    both,
    may_meet,
    moved,
)
from pipeline.places.written import bare_key, is_plain, marked_key, ranks

Chain = tuple[Unit, ...]  # a unit, the one it lay in, and so on to the province


class Fault(NamedTuple):
    """Why a row of a form cannot be taken; a column without a name is the whole row."""

    row: int
    column: str
    reason: str


class Target(NamedTuple):
    """A unit of today that a unit, or a part of it, lies in; the note is the office's own."""

    unit: Unit
    share: Share
    note: str


@dataclass(frozen=True, slots=True)
class Now:
    """Where a unit lies today.

    Attributes:
        state: whole in one unit; in one of several candidates, or only partly known; or not
            known at all.
        targets: the units of today.
        by_parts: gathered from the smaller units in it, for it left no successor itself.
        unchecked: what the answer leans on that nobody has checked: sources.
    """

    state: Literal["whole", "candidates", "unknown"]
    targets: tuple[Target, ...] = ()
    by_parts: bool = False
    unchecked: tuple[str, ...] = ()


@dataclass(slots=True)
class _Walk:
    """What is found on the way to today."""

    targets: dict[int, Target]
    unchecked: dict[str, None]
    seen: set[int]
    is_whole: bool = True
    by_parts: bool = False


class Places:
    """Units and events with an index over their names; nothing changes once it is built.

    Attributes:
        faults: what an office added to its archive and does not fit the tables.
    """

    def __init__(self, units: Iterable[Unit] = (), events: Iterable[Event] = ()) -> None:
        self.units: list[Unit] = []
        self.events: list[Event] = []
        self.faults: tuple[Fault, ...] = ()
        self._named: dict[str, list[int]] = defaultdict(list)
        self._bare: dict[str, list[int]] = defaultdict(list)
        self._children: dict[int, list[int]] = defaultdict(list)
        self._after: dict[int, list[int]] = defaultdict(list)
        self._before: dict[int, list[int]] = defaultdict(list)
        for unit in units:
            self._add_unit(unit)
        for event in events:
            self._add_event(event)

    def _add_unit(self, unit: Unit) -> None:
        self.units.append(unit)
        names = (unit.name, *unit.spellings)
        for key in marked_keys(unit):
            self._named[key].append(unit.id)
        for key in {bare_key(name) for name in names}:
            self._bare[key].append(unit.id)
        self._children[unit.parent].append(unit.id)

    def _add_event(self, event: Event) -> None:
        self._after[event.old].append(len(self.events))
        self._before[event.new].append(len(self.events))
        self.events.append(event)

    def named(self, name: str) -> Sequence[Unit]:
        """Return the units of that name, marks and all."""
        return [self.units[one] for one in self._named.get(marked_key(name), ())]

    def named_without_marks(self, name: str) -> Sequence[Unit]:
        """Return the units whose name has the same letters."""
        return [self.units[one] for one in self._bare.get(bare_key(name), ())]

    def knows(self, name: str) -> bool:
        """Say whether a unit has that name, or its letters when it is written without marks."""
        keys = self._bare if is_plain(name) else self._named
        return (bare_key(name) if is_plain(name) else marked_key(name)) in keys

    def after(self, unit: Unit) -> Sequence[Event]:
        """Return the events that began with the unit."""
        return [self.events[one] for one in self._after.get(unit.id, ())]

    def before(self, unit: Unit) -> Sequence[Event]:
        """Return the events that led to the unit."""
        return [self.events[one] for one in self._before.get(unit.id, ())]

    def parts(self, unit: Unit) -> Sequence[Unit]:
        """Return the units that lay in it at their end."""
        return [self.units[one] for one in self._children.get(unit.id, ())]

    def ranks(self, unit: Unit) -> frozenset[str]:
        """Return the unit's rank; a thành phố is a province or lies in one."""
        found = ranks(unit.level)
        if len(found) > 1:
            return frozenset({"province" if unit.parent < 0 else "district"})
        return found

    # Then

    def chains(self, unit: Unit, year: int | None) -> list[Chain]:
        """Return what the unit lay in that year, level by level; several when it is not known.

        For no year, as at the unit's end. A chain that stops before the province says that what
        the unit lay in then is not known.
        """
        if unit.parent < 0:
            return [(unit,)]
        standing = self.standing(self.units[unit.parent], year)
        parents = [parent for parent in standing if may_meet(unit, parent)]
        chains = [(unit, *rest) for parent in parents for rest in self.chains(parent, year)]
        return chains or [(unit,)]

    def standing(self, unit: Unit, year: int | None) -> list[Unit]:
        """Return the units that stood that year where this one stands, itself among them."""
        if year is None:
            return [unit]
        found: dict[int, Unit] = {}
        self._stand(unit, year, found, set())
        return sorted(found.values(), key=lambda one: marked_key(one.name) != marked_key(unit.name))

    def _stand(self, unit: Unit, year: int, found: dict[int, Unit], seen: set[int]) -> None:
        if unit.id in seen:
            return
        seen.add(unit.id)
        stood = unit.may_stand_in(year)
        if stood:
            found[unit.id] = unit
        for event in self.before(unit):
            late = event.date.years[1] >= year
            if late and not (stood and self._told_by_parts(event.old)):
                self._stand(self.units[event.old], year, found, seen)

    def _told_by_parts(self, old: int) -> bool:
        """Say whether the table says of each part of a unit where it went."""
        return any(self._after.get(child) for child in self._children.get(old, ()))

    # Now

    def now(self, unit: Unit, year: int | None = None) -> Now:
        """Return where the unit, as it was that year, lies today; never a guess."""
        walk = _Walk({}, {}, set())
        self._go(unit, f"{year:04}" if year else "", Target(unit, "whole", ""), walk)
        targets = tuple(walk.targets.values())
        unchecked = tuple(walk.unchecked)
        if len(targets) == 1 and walk.is_whole:  # also when all parts came together again
            return Now("whole", (targets[0]._replace(share="whole"),), walk.by_parts, unchecked)
        return Now("candidates" if targets else "unknown", targets, walk.by_parts, unchecked)

    def _go(self, unit: Unit, since: str, told: Target, walk: _Walk) -> None:
        """Follow what became of a unit after a day."""
        if unit.id in walk.seen:
            return
        walk.seen.add(unit.id)
        if not unit.checked:
            walk.unchecked[unit.source] = None
        events = [event for event in self.after(unit) if (event.date.last or "9") >= since]
        if unit.until == STILL:
            _keep(Target(unit, told.share, told.note), walk)
        elif not events:
            self._go_by_parts(unit, since, walk)
        elif len(events) == 1 and events[0].share == "part":
            walk.is_whole = False  # the rest went somewhere too
        for event in events:
            if not event.checked:
                walk.unchecked[event.source] = None
            share = event.share if told.share == "whole" else "part"
            note = "" if walk.by_parts else event.note or told.note  # it is of a part
            target = Target(unit, share, note)
            self._go(self.units[event.new], event.date.first, target, walk)

    def _go_by_parts(self, unit: Unit, since: str, walk: _Walk) -> None:
        parts = self.parts(unit)
        walk.by_parts = walk.by_parts or bool(parts)
        walk.is_whole = walk.is_whole and bool(parts)
        for part in parts:
            if (part.until.last or "9") >= since[:4]:
                self._go(part, since, Target(part, "part", ""), walk)

    # Names through time

    def forerunners(self, unit: Unit) -> list[Unit]:
        """Return the units that went into this one, wholly or partly, the latest first."""
        found: dict[int, Unit] = {}
        ring = [unit]
        while ring:
            ring = [self.units[event.old] for one in ring for event in self.before(one)]
            ring = [one for one in ring if one.id not in found and one.id != unit.id]
            found.update((one.id, one) for one in ring)
        return list(found.values())

    def same_line(self, one: Unit, other: Unit) -> bool:
        """Say whether an event made one of the two of the other, and the name went on."""
        pairs = [event for event in (*self.after(one), *self.before(one))
                 if other.id in (event.old, event.new)]  # fmt: skip
        alike = bool(marked_keys(one) & marked_keys(other))
        return any(alike or event.kind in SAME_UNIT for event in pairs)

    def above(self, unit: Unit) -> Iterator[Unit]:
        """Yield the units that this one lay in at any time, or lies in now."""
        seen: set[tuple[int, bool]] = set()
        for older in (True, False):
            ring = [unit]
            while ring:
                one = ring.pop()
                if (one.id, older) in seen:
                    continue
                seen.add((one.id, older))
                if one is not unit:
                    yield one
                if one.parent >= 0:
                    ring.append(self.units[one.parent])
                if one is not unit or not older:
                    events = self.before(one) if older else self.after(one)
                    ring += [self.units[e.old if older else e.new] for e in events]


class Draft(Places):
    """Places while they are put together: each event narrows the days of its units."""

    def __init__(self, places: Places | None = None) -> None:
        super().__init__()
        if places:
            self.units, self.events = list(places.units), list(places.events)
            for name in ("_named", "_bare", "_children", "_after", "_before"):
                index = {key: list(held) for key, held in getattr(places, name).items()}
                getattr(self, name).update(index)

    def put_unit(self, unit: Unit) -> Unit:
        """Put a unit in under the next number and return it."""
        told = replace(unit, id=len(self.units))
        self._add_unit(told)
        return told

    def put_spelling(self, unit: Unit, name: str) -> bool:
        """Put in another way of writing a unit's name; False when it is known."""
        if marked_key(name) in marked_keys(unit):
            return False
        self.units[unit.id] = replace(unit, spellings=(*unit.spellings, name))
        self._named[marked_key(name)].append(unit.id)
        if bare_key(name) not in {bare_key(one) for one in (unit.name, *unit.spellings)}:
            self._bare[bare_key(name)].append(unit.id)
        return True

    def narrow(self, unit: Unit, since: When, until: When, source: str) -> bool:
        """Bring the days of a unit closer; False when they contradict it or say nothing new."""
        begun, ended = both(unit.since, since), both(unit.until, until)
        if begun is None or ended is None or (begun, ended) == (unit.since, unit.until):
            return False
        told = f"{unit.source}; {source}"
        self.units[unit.id] = replace(unit, since=begun, until=ended, source=told)
        self.settle([unit.id])
        return True

    def put_event(self, event: Event) -> bool:
        """Put an event in, and settle the days around it; False when they contradict it."""
        self._add_event(event)
        if self._tie(len(self.events) - 1) is None:
            self._after[event.old].pop()
            self._before[event.new].pop()
            self.events.pop()
            return False
        self.settle([event.old, event.new])
        return True

    def date_event(self, event: Event, date: When, source: str) -> bool:
        """Bring an event's day closer; False when that contradicts it or says nothing new."""
        number = self.events.index(event)
        day = both(event.date, date)
        if day is None or day == event.date:
            return False
        self.events[number] = replace(event, date=day, source=f"{event.source}; {source}")
        if self._tie(number) is None:
            self.events[number] = event
            return False
        self.settle([event.old, event.new])
        return True

    def settle(self, units: Iterable[int]) -> None:
        """Narrow the days of what hangs together with these units as far as they tell."""
        waiting = dict.fromkeys(units)
        while waiting:
            one = next(iter(waiting))
            del waiting[one]
            for event in (*self._after.get(one, ()), *self._before.get(one, ())):
                waiting.update(dict.fromkeys(self._tie(event) or ()))
            for part in self._children.get(one, ()):
                if self._clip(part):
                    waiting[part] = None

    def _tie(self, number: int) -> list[int] | None:
        """Bring an event's day and its units' together; return the units that changed.

        What is renamed, raised, moved or split off begins with the event, what is whole ends with
        it; a unit that another is merged into may have been there before. None: they contradict.
        """
        event = self.events[number]
        old, new = self.units[event.old], self.units[event.new]
        day = event.date if event.kind == "merge" else both(event.date, new.since)
        if event.share == "whole":
            day = day and both(day, moved(old.until, 1))
        if day is None or (day.first and new.until.last and day.first > new.until.last):
            return None
        self.events[number] = replace(event, date=day)
        changed = []
        if event.kind != "merge" and new.since != day:
            self.units[new.id] = replace(new, since=day)
            changed.append(new.id)
        if event.share == "whole" and old.until != moved(day, -1):
            self.units[old.id] = replace(old, until=moved(day, -1))
            changed.append(old.id)
        return changed

    def _clip(self, number: int) -> bool:
        """Narrow a unit's days, as far as they are known to lie between two, to its parent's."""
        unit = self.units[number]
        parent = self.units[unit.parent]
        since = both(unit.since, When(parent.since.first, "")) if unit.since.first else None
        until = None if unit.until == STILL else both(unit.until, When("", parent.until.last))
        clipped = replace(unit, since=since or unit.since, until=until or unit.until)
        self.units[number] = clipped
        return clipped != unit


def marked_keys(unit: Unit) -> set[str]:
    """Return the keys of all names of a unit."""
    return {marked_key(name) for name in (unit.name, *unit.spellings)}


def _keep(target: Target, walk: _Walk) -> None:
    known = walk.targets.get(target.unit.id)
    if known is None or (known.share == "part" and target.share == "whole"):
        walk.targets[target.unit.id] = target
