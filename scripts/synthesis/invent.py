"""Invent people, births and parcels that a Vietnamese ward's books could hold.

Everything is put together by chance from the word lists in scripts/data; nobody here exists.
"""

import csv
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

DATA = Path(__file__).parent.parent / "data"
MENS_JOBS = (
    ("làm ruộng", 62),
    ("công nhân", 9),
    ("bộ đội", 12),
    ("giáo viên", 5),
    ("buôn bán", 2),
    ("thợ nề", 4),
    ("thợ mộc", 3),
    ("lái xe", 3),
)
WOMENS_JOBS = (
    ("làm ruộng", 66),
    ("công nhân", 9),
    ("giáo viên", 8),
    ("nội trợ", 6),
    ("buôn bán", 5),
    ("thợ may", 3),
    ("y tá", 2),
)
LAND_CODES = (
    ("ODT", 5),
    ("ONT", 22),
    ("CLN", 18),
    ("LUC", 26),
    ("BHK", 9),
    ("NTS", 8),
    ("ONT+CLN", 14),
    ("ODT+CLN", 4),
    ("RSX", 2),
)
PUBLIC_LAND = (
    ("UBND {place}", "UBS", "BCS"),
    ("UBND {place}", "UBQ", "DGT"),
    ("HTX nông nghiệp {commune}", "TKT", "LUC"),
    ("Trường tiểu học {commune}", "TSN", "DGD"),
    ("Nhà văn hóa {hamlet}", "CDS", "DSH"),
)

Writable = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Area:
    """A commune of some years: real units, and the kind of hamlets that it has."""

    id: str
    part: str
    years: tuple[int, int]
    level: str
    commune: str
    district: str
    province: str
    hamlet_word: str
    hamlets: tuple[str, ...]
    peoples: Mapping[str, float]
    district_word: str = "huyện"

    @property
    def upper(self) -> str:
        """District and province: `huyện Việt Yên, tỉnh Hà Bắc`."""
        return f"{self.district_word} {self.district}, tỉnh {self.province}"

    @property
    def place(self) -> str:
        """The commune with its level: `xã Vân Trung`."""
        return f"{self.level} {self.commune}"


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person; `people` is the ethnic group's official name."""

    name: str
    female: bool
    born: date
    people: str
    job: str = ""


@dataclass(frozen=True, slots=True)
class Birth:
    """One entry of a birth register."""

    serial: str
    registered: date
    child: Person
    mother: Person
    father: Person | None
    declarant: Person
    hamlet: str
    birthplace: str
    kind: str = "1"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One row of a parcel index; areas in tenths of a square metre."""

    sheet: int
    number: str
    users: tuple[str, ...]
    user_code: str
    area: int
    code: str
    legal_area: int | None
    legal_code: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """Weighted name parts of one era."""

    parts: Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]] = field(default_factory=dict)

    def draw(self, rng: Random, kind: str) -> str:
        """Draw one name part of that kind by its weight."""
        words, weights = self.parts[kind]
        return rng.choices(words, weights)[0]


@cache
def load_names(*, old: bool) -> Names:
    """Return the Kinh name parts as given in old (to about 1995) or newer books."""
    rows: dict[str, list[tuple[str, float]]] = {}
    with (DATA / "names.tsv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            weight = float(row["weight_old" if old else "weight_new"])
            rows.setdefault(row["kind"], []).append((row["name"], weight))
    return Names({kind: tuple(zip(*pairs, strict=True)) for kind, pairs in rows.items()})  # type: ignore[misc]


@cache
def load_peoples() -> dict[str, dict[str, Any]]:
    """Return how the names of minority peoples are built."""
    return tomllib.loads((DATA / "peoples.toml").read_text(encoding="utf-8"))


@cache
def load_areas() -> tuple[Area, ...]:
    """Return the communes that books can come from."""
    areas = tomllib.loads((DATA / "areas.toml").read_text(encoding="utf-8"))["area"]
    return tuple(
        Area(**{**area, "years": tuple(area["years"]), "hamlets": tuple(area["hamlets"])})
        for area in areas
    )


def weighted(rng: Random, pairs: tuple[tuple[str, float], ...]) -> str:
    """Draw one of the words by weight."""
    return rng.choices([word for word, _ in pairs], [weight for _, weight in pairs])[0]


def kinh_name(rng: Random, surname: str, *, female: bool, year: int) -> str:
    """Return a full Kinh name of the usual shape for the year of birth."""
    names = load_names(old=year < 1996)
    sex = "f" if female else "m"
    given = names.draw(rng, f"given-{sex}")
    middle = names.draw(rng, f"middle-{sex}")
    double = rng.random() < (0.06 if year < 1996 else 0.45)
    extra = f" {names.draw(rng, f'given-{sex}')}" if double else ""
    parts = f"{surname} {middle}{extra} {given}".split()
    return " ".join(part for i, part in enumerate(parts) if i == 0 or part != parts[i - 1])


def minority_name(rng: Random, people: str, surname: str, *, female: bool) -> str:
    """Return a full name as that people forms it; the clan comes last among the Ê Đê."""
    way = load_peoples()[people]
    sex = "f" if female else "m"
    given = rng.choice(way[f"given_{sex}"])
    if "clans" in way:
        return f"{way[f'prefix_{sex}']}{given} {surname}"
    middle = way.get(f"middle_{sex}")
    return f"{surname} {rng.choice(middle)} {given}" if middle else f"{surname} {given}"


def draw_surname(rng: Random, people: str) -> str:
    """Return a surname (or clan) of the people."""
    if people == "Kinh":
        return load_names(old=True).draw(rng, "surname")
    way = load_peoples()[people]
    return str(rng.choice(way.get("clans") or way["surnames"]))


def name_person(
    rng: Random, people: str, surname: str, *, female: bool, year: int, writable: Writable
) -> str:
    """Draw names until one can be written with the letters of the book's hands."""
    for _ in range(200):
        if people == "Kinh":
            name = kinh_name(rng, surname, female=female, year=year)
        else:
            name = minority_name(rng, people, surname, female=female)
        if writable(name):
            return name
        surname = draw_surname(rng, people)
    raise ValueError(f"no name of {people} can be written with this face")


def day_in(rng: Random, year: int) -> date:
    """Return any day of the year."""
    return date(year, 1, 1) + timedelta(days=rng.randrange(365))


def invent_person(
    rng: Random, people: str, surname: str, *, female: bool, year: int, writable: Writable
) -> Person:
    """Return a grown-up born in that year."""
    name = name_person(rng, people, surname, female=female, year=year, writable=writable)
    job = weighted(rng, WOMENS_JOBS if female else MENS_JOBS)
    return Person(name, female, day_in(rng, year), people, job)


def invent_family(
    rng: Random, area: Area, born: date, writable: Writable
) -> tuple[Person, Person, Person | None]:
    """Return child, mother and father (or none), of one people as a rule."""
    people = rng.choices(list(area.peoples), list(area.peoples.values()))[0]
    spouse_people = people if rng.random() < 0.95 else rng.choice(list(area.peoples))
    mother_year = born.year - min(max(round(rng.gauss(26, 5)), 17), 44)
    father_year = min(mother_year - round(rng.gauss(2, 3)), born.year - 18)
    mother = invent_person(
        rng,
        spouse_people,
        draw_surname(rng, spouse_people),
        female=True,
        year=mother_year,
        writable=writable,
    )
    surname = draw_surname(rng, people)
    father = None
    if rng.random() > 0.04:
        father = invent_person(
            rng, people, surname, female=False, year=father_year, writable=writable
        )
        if people != "Ê-đê":  # their clan goes by the mother
            surname = " ".join(father.name.split()[: len(surname.split())])
    else:
        people, surname = spouse_people, mother.name.split()[0]
        if people == "Ê-đê":
            surname = draw_surname(rng, people)
    female = rng.random() < 0.48
    name = name_person(rng, people, surname, female=female, year=born.year, writable=writable)
    return Person(name, female, born, people), mother, father


def birthplaces(area: Area, hamlet: str) -> tuple[tuple[str, float], ...]:
    """Return where children of the commune are born, with weights."""
    return (
        ("tại nhà", 20),
        (f"trạm xá {area.place}", 32),
        (f"trạm xá {area.level}", 15),
        (f"BV huyện {area.district}", 12),
        (f"bệnh viện tỉnh {area.province}", 8),
        (f"{area.hamlet_word} {hamlet}, {area.commune}", 13),
    )


NOTES = (
    "đã cấp bản sao ngày {d}",
    "cấp lại bản chính ngày {d}",
    "cải chính tên đệm theo QĐ số {n}",
    "sinh đôi",
    "đăng ký lại",
    "cải chính ngày sinh, QĐ {n} ngày {d}",
    "bổ sung tên cha ngày {d}",
)


SHORT_NOTES = (
    "sinh đôi",
    "ĐK lại",
    "đã cấp BS",
    "cấp lại {s}",
    "BS {s}",
    "sửa tên đệm",
    "QĐ {n}/{y}",
)


def invent_note(rng: Random, after: date) -> str:
    """Return a later remark of the clerk."""
    room = (date(2024, 6, 1) - after).days
    day = after + timedelta(days=rng.randrange(20, min(room, 6000)))
    text = rng.choice(SHORT_NOTES if rng.random() < 0.5 else NOTES)
    short = f"{day.day}/{day.month}/{day.year % 100:02}"
    full = f"{day.day}/{day.month}/{day.year}"
    return text.format(d=full, s=short, n=f"{rng.randrange(3, 90)}", y=day.year)


def invent_births(
    rng: Random, area: Area, years: tuple[int, int], count: int, writable: Writable, first: int = 1
) -> list[Birth]:
    """Return entries in the order of registration, serials rising from `first`."""
    start = date(years[0], 1, 4)
    days = sorted(rng.randrange((date(years[1], 12, 28) - start).days) for _ in range(count))
    return [
        invent_birth(rng, area, start + timedelta(days=day), str(first + index), writable)
        for index, day in enumerate(days)
    ]


def invent_birth(
    rng: Random, area: Area, registered: date, serial: str, writable: Writable
) -> Birth:
    """Return one entry: registered within weeks, sometimes after years."""
    late = rng.random() < 0.12
    born = registered - timedelta(days=rng.randrange(400, 6000) if late else rng.randrange(1, 60))
    child, mother, father = invent_family(rng, area, born, writable)
    hamlet = rng.choice(area.hamlets)
    declarant = father if father and rng.random() < 0.6 else mother
    note = invent_note(rng, registered) if rng.random() < 0.12 else ""
    birthplace = weighted(rng, birthplaces(area, hamlet))
    kind = "4" if late else "1"
    return Birth(
        serial, registered, child, mother, father, declarant, hamlet, birthplace, kind, note
    )


def invent_parcels(
    rng: Random, area: Area, sheet: int, count: int, writable: Writable, first: int = 1
) -> list[Parcel]:
    """Return parcels of one map sheet in rising order."""
    parcels = []
    number = first
    for _ in range(count):
        suffix = rng.choice("ab") if rng.random() < 0.03 else ""
        parcels.append(invent_parcel(rng, area, sheet, f"{number}{suffix}", writable))
        number += 1 if rng.random() < 0.9 else 2
    return parcels


def invent_users(rng: Random, area: Area, writable: Writable) -> tuple[str, ...]:
    """Return a person, a household or a couple, as one or two lines."""
    people = rng.choices(list(area.peoples), list(area.peoples.values()))[0]
    female = rng.random() < 0.3
    one = invent_person(
        rng, people, draw_surname(rng, people), female=female, year=1965, writable=writable
    )
    shape = rng.random()
    if shape < 0.25:
        other = invent_person(
            rng, people, draw_surname(rng, people), female=not female, year=1966, writable=writable
        )
        title, mate = ("Bà", "ông") if female else ("Ông", "bà")
        return (f"{title} {one.name}", f"và {mate} {other.name}")
    if shape < 0.55:
        return (f"Hộ {'bà' if female else 'ông'} {one.name}",)
    return (one.name,)


def invent_parcel(rng: Random, area: Area, sheet: int, number: str, writable: Writable) -> Parcel:
    """Return one parcel; the legal papers mostly agree with the ground."""
    if rng.random() < 0.09:
        user, user_code, code = rng.choice(PUBLIC_LAND)
        hamlet = f"{area.hamlet_word} {rng.choice(area.hamlets)}"
        name = user.format(place=area.place, commune=area.commune, hamlet=hamlet)
        return Parcel(sheet, number, (name,), user_code, rng.randrange(900, 40000), code, None, "")
    users = invent_users(rng, area, writable)
    code = weighted(rng, LAND_CODES)
    size = rng.randrange(600, 6500) if code.startswith("O") else rng.randrange(1200, 18000)
    papers = rng.random()
    legal = None if papers < 0.2 else size if papers < 0.8 else size - rng.randrange(3, 90)
    note = ""
    if rng.random() < 0.1:
        note = rng.choice(
            (
                f"tách từ thửa {rng.randrange(1, 300)}",
                "chưa cấp GCN",
                f"CN năm {rng.randrange(2009, 2020)}",
                "tặng cho con",
                "tranh chấp",
            )
        )
    return Parcel(sheet, number, users, "GDC", size, code, legal, code if legal else "", note)
