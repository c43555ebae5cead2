#!/usr/bin/env python3
"""Make the tables of units and events in schemas/places from the statistics office's lists.

    scripts/make_places.py --shared ../shared

Three lists (2020-02-25, 2021-02-03, 2025-01-04) and the conversion of 2025-07-01 say which units
there were on four days. Between two days a unit is the same when its name and its district are;
with another level it was raised, with the same code in another district it was moved. Nothing else
is linked: a code alone may have been taken over. Then comes what people wrote down, seed.tsv.
"""

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click
from rapidfuzz.distance import Levenshtein

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from pipeline.letters import nfc  # noqa: E402
from pipeline.places.form import apply, read_form  # noqa: E402
from pipeline.places.history import Draft  # noqa: E402
from pipeline.places.tables import EVENTS, UNITS, write_tables  # noqa: E402
from pipeline.places.units import (  # noqa: E402
    STILL,
    Event,
    EventKind,
    Unit,
    When,
    moved,
    read_when,
)
from pipeline.places.written import bare_key, marked_key, split_level  # noqa: E402

DAYS = ("2020-02-25", "2021-02-03", "2025-01-04")
CONVERSION = "2025-07-01"
LISTS = "danh mục đơn vị hành chính của Tổng cục Thống kê, 2020-2025"
TABLE = "bảng chuyển đổi đơn vị hành chính 1-7-2025 của Tổng cục Thống kê"
# Names of the conversion that lack a level or have it twice, by code.
MENDED = {"22108": "Xã Xuân Quang 3", "22111": "Xã Xuân Phước", "19780": "Phường Phường Đúc"}
MENDED_LEVELS = {"Xa ": "Xã ", "Thi trấn ": "Thị trấn "}
ABBREVIATED = {"N.T ": "Nông trường ", "NT ": "Nông trường "}


@dataclass
class Seen:
    """A unit on the days on which the lists have it.

    Attributes:
        parent: the unit it lay in; None of a province.
        days: of the lists that have it, in order; the conversion is one of the day before, and
            one of its own day.
    """

    level: str
    name: str
    parent: "Seen | None"
    days: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    spellings: list[str] = field(default_factory=list)
    source: str = LISTS

    def note(self, day: str, name: str, code: str) -> None:
        """Note that a list has it, under that name and code."""
        if day not in self.days:
            self.days.append(day)
        if code and code not in self.codes:
            self.codes.append(code)
        if name != self.name and name not in self.spellings:
            self.spellings.append(name)

    @property
    def key(self) -> str:
        """Return the key of its name."""
        return marked_key(self.name)


def rows(file: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a table, spaces and Unicode made one."""
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield {column: " ".join(nfc(cell).split()) for column, cell in row.items()}


def read_name(text: str, code: str = "") -> tuple[str, str]:
    """Return the level and the name of an official name."""
    text = MENDED.get(code, text)
    for wrong, right in MENDED_LEVELS.items():
        text = text.replace(wrong, right) if text.startswith(wrong) else text
    level, name = split_level(text)
    for short, full in ABBREVIATED.items():
        name = full + name[len(short) :] if name.startswith(short) else name
    return level, name


class Lists:
    """The units of all lists, and what became of them from one list to the next."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.links: list[tuple[EventKind, Seen, Seen, str, str, str]] = []
        self._known: dict[tuple[int, str, str], Seen] = {}

    def unit(self, day: str, text: str, code: str, parent: Seen | None) -> Seen:
        """Return the unit of a list; the same name, level and parent on another day are one."""
        level, name = read_name(text, code)
        place = (id(parent), level, marked_key(name))
        if place not in self._known:
            self._known[place] = Seen(level, name, parent)
            self.seen.append(self._known[place])
        unit = self._known[place]
        unit.note(day, name, code)
        return unit

    def alias(self, unit: Seen, text: str, code: str) -> None:
        """Note another name of a unit."""
        level, name = read_name(text, code)
        self._known[(id(unit.parent), level, marked_key(name))] = unit
        unit.note(unit.days[-1], name, code)

    def find(self, text: str, code: str, parent: Seen | None) -> Seen | None:
        """Return the unit of that name, level and parent."""
        level, name = read_name(text, code)
        return self._known.get((id(parent), level, marked_key(name)))


def read_lists(shared: Path) -> tuple[Lists, dict[str, dict[str, Seen]]]:
    """Return the units of the three lists, and the communes of each list by code."""
    lists, by_day = Lists(), {}
    for day in DAYS:
        by_code: dict[str, Seen] = {}
        for row in rows(shared / "places" / f"communes-{day}.csv"):
            province = lists.unit(day, row["province"], row["province_code"], None)
            district = lists.unit(day, row["district"], row["district_code"], province)
            if row["name"]:
                before = find_respelt(lists, by_day, row["code"], district, row["name"])
                if before:
                    lists.alias(before, row["name"], row["code"])
                by_code[row["code"]] = lists.unit(day, row["name"], row["code"], district)
        by_day[day] = by_code
    return lists, by_day


def find_respelt(
    lists: Lists, by_day: Mapping[str, Mapping[str, Seen]], code: str, district: Seen, text: str,
    most: int = 0,
) -> Seen | None:  # fmt: skip
    """Return the unit that the list before has under that code, in that district and level.

    Only when its letters without marks are the same, or all but so many: another spelling.
    """
    if lists.find(text, code, district) or not by_day:
        return None
    before = by_day[list(by_day)[-1]].get(code)
    level, name = read_name(text, code)
    if before is None or before.parent is not district or before.level != level:
        return None
    wrong = Levenshtein.distance(bare_key(before.name), bare_key(name))
    return before if wrong <= most else None


def link(lists: Lists, one: str, two: str) -> None:
    """Link what was there on one day with what is new on the next.

    Provinces, then districts, then communes; each under what its parent became.
    """
    linked: dict[int, Seen] = {}
    for depth in range(3):
        level = [unit for unit in lists.seen if depth_of(unit) == depth]
        gone = [unit for unit in level if one in unit.days and two not in unit.days]
        come = [unit for unit in level if two in unit.days and one not in unit.days]
        there = Counter(place_of(unit, {}) for unit in level if two in unit.days)
        was = Counter(place_of(unit, linked) for unit in level if one in unit.days)
        by_place, by_code = defaultdict(list), defaultdict(list)
        for unit in come:
            by_place[place_of(unit, {})].append(unit)
            by_code[unit.key, unit.codes[0]].append(unit)
        for unit in gone:
            place = place_of(unit, linked)
            fitting = by_place[place] if there[place] == was[place] == 1 else []
            basis = "cùng tên, cùng cấp trên"
            if not fitting:
                fitting = [u for code in unit.codes for u in by_code[unit.key, code]]
                basis = "cùng tên, cùng mã"
            if len(fitting) == 1:
                new = fitting[0]
                linked[id(unit)] = new
                kind: EventKind = "transfer" if new.level == unit.level else "upgrade"
                lists.links.append((kind, unit, new, one, two, basis))


def depth_of(unit: Seen) -> int:
    """Return 0 of a province, 1 of what lies in one, and so on."""
    return 0 if unit.parent is None else 1 + depth_of(unit.parent)


def place_of(unit: Seen, linked: Mapping[int, Seen]) -> tuple[str, ...]:
    """Return the keys of the names of a unit and of what it lies in, or of what that became."""
    if unit.parent is None:
        return (unit.key,)
    return (unit.key, *place_of(linked.get(id(unit.parent), unit.parent), {}))


def read_conversion(
    shared: Path, lists: Lists, by_day: Mapping[str, Mapping[str, Seen]]
) -> list[tuple[EventKind, Seen, Seen, str, str]]:
    """Return what became of the units on 2025-07-01: kind, old, new, share, note."""
    before = date_before(CONVERSION)
    told = list(rows(shared / "places" / f"commune-conversion-{CONVERSION}.csv"))
    # The conversion puts three districts into wrong provinces; the list of January knows better.
    provinces = {
        code: unit.parent
        for unit in lists.seen
        if unit.parent and unit.parent.parent is None and DAYS[-1] in unit.days
        for code in unit.codes
    }
    sources: dict[str, dict[int, Seen]] = defaultdict(dict)
    for row in told:
        province = provinces[row["old_district_code"]]
        province.note(before, province.name, "")
        sources[row["new_province_code"]][id(province)] = province
    news: dict[str, Seen] = {}
    events: list[tuple[EventKind, Seen, Seen, str, str]] = []
    for row in told:
        code = row["new_province_code"]
        if code not in news:
            olds = sorted(sources[code].values(), key=lambda old: old.codes)
            if len(olds) == 1:
                news[code] = olds[0]
                olds[0].note(CONVERSION, olds[0].name, code)
            else:
                news[code] = Seen(*read_name(row["new_province"]), None, source=TABLE)
                news[code].note(CONVERSION, news[code].name, code)
                lists.seen.append(news[code])
                events += [("merge", old, news[code], "whole", "") for old in olds]
    return events + list(read_communes(told, lists, by_day, provinces, news))


def read_communes(
    told: list[dict[str, str]],
    lists: Lists,
    by_day: Mapping[str, Mapping[str, Seen]],
    provinces: Mapping[str, Seen],
    news: Mapping[str, Seen],
) -> Iterator[tuple[EventKind, Seen, Seen, str, str]]:
    """Yield what became of the communes."""
    before = date_before(CONVERSION)
    made: dict[str, Seen] = {}
    whence = Counter(row["new_code"] for row in told)
    for row in told:
        code = row["new_code"]
        if code not in made:
            level, name = read_name(row["new_name"], code if row["kind"] == "unchanged" else "")
            made[code] = Seen(level, name, news[row["new_province_code"]], source=TABLE)
            made[code].note(CONVERSION, name, code)
            lists.seen.append(made[code])
        new = made[code]
        district = lists.unit(
            before,
            row["old_district"],
            row["old_district_code"],
            provinces[row["old_district_code"]],
        )
        if row["old_code"]:
            respelt = find_respelt(lists, by_day, row["old_code"], district, row["old_name"], 1)
            if respelt:
                lists.alias(respelt, row["old_name"], row["old_code"])
            old = lists.unit(before, row["old_name"], row["old_code"], district)
        elif "huyện" in row["note_vi"]:
            old = district  # an island district without communes
        else:
            continue  # a tidal flat: no unit
        share = "part" if row["kind"] == "part" else "whole"
        yield kind_of(old, new, share, whence[code]), old, new, share, row["note_vi"]


def kind_of(old: Seen, new: Seen, share: str, whence: int) -> EventKind:
    """Return what an event is called."""
    if share == "part":
        return "split"
    if whence > 1:
        return "merge"
    if old.key != new.key:
        return "rename"
    return "transfer" if old.level == new.level else "upgrade"


def date_before(day: str) -> str:
    """Return the day before."""
    return moved(read_when(day), -1).first


def bounds(unit: Seen) -> tuple[When, When]:
    """Return the days between which a unit began and ended, as far as the lists tell."""
    eve = date_before(CONVERSION)
    days = [*DAYS, eve, CONVERSION]
    first, last = days.index(unit.days[0]), days.index(unit.days[-1])
    since = When(moved(read_when(days[first - 1]), 1).first if first else "", days[first])
    if days[last] == CONVERSION:
        return since, STILL
    # A unit of January 2025 that the conversion lacks may have been forgotten there.
    until = eve if days[last] in (DAYS[-1], eve) else date_before(days[last + 1])
    return since, When(days[last], until)


def build(shared: Path) -> Draft:
    """Return all units and events of the lists and the conversion."""
    lists, by_day = read_lists(shared)
    conversion = read_conversion(shared, lists, by_day)
    for one, two in zip(DAYS, (*DAYS[1:], date_before(CONVERSION)), strict=True):
        link(lists, one, two)
    draft, numbers = Draft(), {}
    ordered = sorted(lists.seen, key=depth_of)
    for unit in ordered:
        since, until = bounds(unit)
        parent = numbers[id(unit.parent)].id if unit.parent else -1
        numbers[id(unit)] = draft.put_unit(
            Unit(0, unit.level, unit.name, parent, since, until,
                 tuple(unit.spellings), tuple(unit.codes), unit.source)
        )  # fmt: skip
    for kind, old, new, share, note in conversion:
        event = Event(kind, read_when(CONVERSION), numbers[id(old)].id, numbers[id(new)].id,
                      share, note, TABLE)  # type: ignore[arg-type]  # fmt: skip
        assert draft.put_event(event), event
    for kind, old, new, one, two, basis in lists.links:
        when = When(moved(read_when(one), 1).first, two)
        event = Event(kind, when, numbers[id(old)].id, numbers[id(new)].id,
                      source=f"{LISTS} ({basis})")  # fmt: skip
        assert draft.put_event(event), event
    return draft


@click.command()
@click.option("--shared", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "schemas" / "places")
def main(shared: Path, out: Path) -> None:
    """Write units.tsv.gz and events.tsv.gz."""
    seed, faults = read_form((out / "seed.tsv").read_bytes())
    draft = apply(seed, build(shared))
    for fault in (*faults, *draft.faults):
        print(f"seed.tsv {fault.row}: {fault.column}: {fault.reason}")
    if faults or draft.faults:
        sys.exit(1)
    draft.settle(range(len(draft.units)))
    write_tables(out, draft)
    print(f"{len(draft.units)} units, {len(draft.events)} events; "
          f"{Counter(event.kind for event in draft.events)}")  # fmt: skip
    for name in (UNITS, EVENTS):
        print(f"{name}: {(out / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
