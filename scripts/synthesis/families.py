"""Invent the families of two places through seventy-five years, and what the books say of them.

People are born, marry, have children, are recognised, registered twice, and die; many share a
name in one hamlet, some are twins. The books tell ages where they tell no dates, places under the
name of their year, and names as the reader reads them: every second record is misread by the
confusions that were measured (`schemas/confusions.json`).
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

from bench_search import person as invent_name

from pipeline.letters import nfc
from pipeline.values import Book, FieldValue, Record

FIRST, LAST = 1950, 2025
HAMLETS = ("Trung Đồng", "Vân Cốc", "Trúc Tay", "My Điền", "Khả Lý", "Ninh Khánh")
COMMUNES = ("Vân Trung", "Quang Châu", "Tăng Tiến")
TWIN, NAMESAKE, TWICE, UNRECOGNISED, REGISTERED = 0.02, 0.05, 0.04, 0.05, 0.92
MISREAD_RECORDS = 0.5
WRONG_YEAR, WRONG_AGE, LOST_MIDDLE, WRONG_DIGIT = 0.04, 0.15, 0.03, 0.02


@dataclass(eq=False)
class Being:
    """Somebody who never was."""

    name: str
    sex: str
    born: date
    commune: str
    hamlet: str
    father: "Being | None" = None
    mother: "Being | None" = None
    spouse: "Being | None" = None
    paper: str = ""
    dies: int = 0
    number: int = 0


@dataclass
class World:
    """What the books say, and the truth.

    Attributes:
        books: by accession.
        records: by accession, in order.
        truth: (record, key of the name) to the number of the person.
    """

    books: dict[str, Book] = field(default_factory=dict)
    records: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    truth: dict[tuple[str, str], int] = field(default_factory=dict)


def place_in(commune: str, year: int) -> str:
    """Return what a commune of Việt Yên was called in a year."""
    if year >= 2025:
        return "phường Nếnh, tỉnh Bắc Ninh"
    if year >= 2024:
        return f"phường {commune}, thị xã Việt Yên, tỉnh Bắc Giang"
    province = "Hà Bắc" if 1963 <= year <= 1996 else "Bắc Giang"
    return f"xã {commune}, huyện Việt Yên, tỉnh {province}"


class Clerk:
    """Writes the books, and reads them as the machine does."""

    def __init__(self, dice: Random, confusions: Path) -> None:
        self.dice, self.world = dice, World()
        told = json.loads(confusions.read_text(encoding="utf-8"))["names"]["letters"]
        self.read_as: Mapping[str, tuple[list[str], list[int]]] = {
            letter: (list(seen), list(seen.values())) for letter, seen in told.items() if letter
        }
        self.serials: dict[str, int] = defaultdict(int)

    def write(
        self, form: str, commune: str, day: date, told: dict[str, str], who: dict[str, Being]
    ) -> None:
        """Write an entry into the book of its place and year.

        Args:
            form: id of the form.
            commune: whose book it is.
            day: of the entry.
            told: values by key.
            who: people by the key of their name.
        """
        year = day.year
        accession = f"{form}-{COMMUNES.index(commune)}-{year}"
        book = Book(accession, form, place_in(commune, year), (year, year), "01")
        self.world.books[accession] = book
        self.serials[accession] += 1
        number = self.serials[accession]
        misread = self.dice.random() < MISREAD_RECORDS
        names = {key: self._name(one, misread=misread) for key, one in who.items()}
        values = {"so": str(number), "ngayDangKy": day.isoformat(), **told, **names}
        if misread:
            values = {
                key: self._digits(value) if key.endswith("NgaySinh") else value
                for key, value in values.items()
            }
        fields = tuple(
            FieldValue(key, value, value, 0.9, number, ()) for key, value in values.items() if value
        )
        record = Record(f"{accession}/{number}/-/1", form, number, None, 1, (), fields)
        self.world.records[accession].append(record)
        for key, one in who.items():
            self.world.truth[record.id, key] = one.number

    def _name(self, one: Being, *, misread: bool) -> str:
        name = one.name
        words = name.split()
        if len(words) > 2 and self.dice.random() < LOST_MIDDLE:
            name = " ".join([words[0], *words[2:]])
        if misread:
            name = "".join(map(self._letter, name))
        return nfc(name)

    def _letter(self, letter: str) -> str:
        seen = self.read_as.get(letter)
        return self.dice.choices(*seen)[0] if seen else letter

    def _digits(self, text: str) -> str:
        return "".join(
            self.dice.choice("0123456789")
            if letter.isdigit() and self.dice.random() < WRONG_DIGIT / 4
            else letter
            for letter in text
        )

    def birth_of(self, one: Being, year: int, shares: tuple[float, float, float]) -> str:
        """Tell a birth as a date, a year or an age, by these shares; sometimes not quite right."""
        born = one.born
        if self.dice.random() < WRONG_YEAR:
            born = date(born.year + self.dice.choice((-1, 1, 2)), born.month, min(born.day, 28))
        how = self.dice.choices(("date", "year", "age"), shares)[0]
        if how == "date":
            return born.isoformat()
        if how == "year":
            return str(born.year)
        age = year - one.born.year + (self.dice.random() < 0.5)  # counted as of old, or not
        return f"{age + (self.dice.choice((-1, 1)) if self.dice.random() < WRONG_AGE else 0)} tuổi"

    def home(self, one: Being, year: int) -> str:
        """Return where somebody lives, under the names of a year."""
        return f"thôn {one.hamlet}, {place_in(one.commune, year)}"


def families(couples: int, seed: int, confusions: Path) -> World:
    """Return the books of a world that begins with so many couples."""
    return _Life(couples, Random(seed), confusions).live()


class _Life:
    def __init__(self, couples: int, dice: Random, confusions: Path) -> None:
        self.dice, self.clerk = dice, Clerk(dice, confusions)
        self.alive: list[Being] = []
        self.single: list[Being] = []
        self.couples: list[tuple[Being, Being]] = []
        self.count = 0
        for _couple in range(couples):
            year = dice.randrange(FIRST - 30, FIRST - 18)
            husband = self.being("1", year)
            wife = self.being("2", year + dice.randrange(0, 5))
            wife.commune, wife.hamlet = husband.commune, husband.hamlet
            husband.spouse, wife.spouse = wife, husband
            self.couples.append((husband, wife))

    def live(self) -> World:
        for year in range(FIRST, LAST + 1):
            self.deaths(year)
            self.marriages(year)
            self.births(year)
        return self.clerk.world

    def being(self, sex: str, year: int, parents: tuple[Being, Being] | None = None) -> Being:
        dice = self.dice
        surname = parents[0].name.split()[0] if parents else ""
        name = invent_name(dice, "m" if sex == "1" else "f", surname)
        born = date(year, 1, 1) + timedelta(days=dice.randrange(365))
        commune = parents[0].commune if parents else dice.choice(COMMUNES)
        hamlet = parents[0].hamlet if parents else dice.choice(HAMLETS)
        self.count += 1
        one = Being(name, sex, born, commune, hamlet, number=self.count)
        if parents:
            one.father, one.mother = parents
        one.dies = year + max(0, int(dice.gauss(68, 16)))
        one.paper = f"12{dice.randrange(1000000, 9999999)}" if dice.random() < 0.5 else ""
        self.alive.append(one)
        return one

    def births(self, year: int) -> None:
        dice = self.dice
        for husband, wife in list(self.couples):
            age = year - wife.born.year
            if not 18 <= age <= 42 or dice.random() > (0.28 if year < 1990 else 0.16):
                continue
            child = self.being(dice.choice("12"), year, (husband, wife))
            if dice.random() < NAMESAKE:
                near = [one for one in self.alive[-60:-1] if one.hamlet == child.hamlet]
                near = [one for one in near if one.sex == child.sex]
                if near:
                    child.name = dice.choice(near).name
            born = [child]
            if dice.random() < TWIN:
                twin = self.being(dice.choice("12"), year, (husband, wife))
                twin.born = child.born
                twin.name = " ".join([*child.name.split()[:-1], twin.name.split()[-1]])
                born.append(twin)
            for one in born:
                self.single.append(one)
                if dice.random() < REGISTERED:
                    self.register(one, year)

    def register(self, one: Being, year: int) -> None:
        dice = self.dice
        assert one.father and one.mother
        unknown = dice.random() < UNRECOGNISED
        late = year + (dice.randrange(1, 4) if dice.random() < 0.1 else 0)
        self.write_birth(one, late, father=not unknown)
        if unknown:
            self.recognise(one, late + dice.randrange(1, 5))
        if dice.random() < TWICE:
            self.write_birth(one, late + dice.randrange(2, 30), father=True)

    def day(self, year: int) -> date:
        return date(year, 1, 1) + timedelta(days=self.dice.randrange(365))

    def write_birth(self, one: Being, year: int, *, father: bool) -> None:
        if year > LAST:
            return
        clerk, parents = self.clerk, {"me": one.mother, **({"cha": one.father} if father else {})}
        told = {
            "nksGioiTinh": one.sex,
            "nksNgaySinh": clerk.birth_of(one, year, (0.85, 0.15, 0)),
            "nksQueQuan": place_in(one.commune, year),
        }
        who = {"nksHoTen": one}
        for prefix, parent in parents.items():
            assert parent
            who[f"{prefix}HoTen"] = parent
            told[f"{prefix}NgaySinh"] = clerk.birth_of(parent, year, (0.1, 0.5, 0.4))
            told[f"{prefix}NoiCuTru"] = clerk.home(parent, year)
        declarant = self.dice.choice(list(parents.values()))
        assert declarant
        who["nycHoTen"] = declarant
        soon = one.born + timedelta(days=self.dice.randrange(3, 30))
        day = soon if soon.year == year else self.day(max(year, soon.year))
        if day.year <= LAST:
            self.clerk.write("birth_table", one.commune, day, told, who)

    def recognise(self, one: Being, year: int) -> None:
        if year > LAST:
            return
        assert one.father
        clerk = self.clerk
        told = {
            "cmNgaySinh": clerk.birth_of(one.father, year, (0.4, 0.3, 0.3)),
            "cmNoiCuTru": clerk.home(one.father, year),
            "ncNgaySinh": clerk.birth_of(one, year, (0.8, 0.2, 0)),
            "ncNoiCuTru": clerk.home(one, year),
        }
        who = {"cmHoTen": one.father, "ncHoTen": one}
        clerk.write("recognition_form", one.commune, self.day(year), told, who)

    def marriages(self, year: int) -> None:
        dice = self.dice
        men = [one for one in self.single if one.sex == "1" and 20 <= year - one.born.year <= 35]
        women = [one for one in self.single if one.sex == "2" and 18 <= year - one.born.year <= 32]
        dice.shuffle(men)
        for man in men:
            fitting = [
                one
                for one in women
                if abs(one.born.year - man.born.year) <= 6 and one.father is not man.father
            ]
            if not fitting or dice.random() > 0.15:
                continue
            wife = dice.choice(fitting)
            women.remove(wife)
            self.single.remove(man)
            self.single.remove(wife)
            man.spouse, wife.spouse = wife, man
            self.couples.append((man, wife))
            if dice.random() < REGISTERED:
                self.write_marriage(man, wife, year)
            wife.commune, wife.hamlet = man.commune, man.hamlet

    def write_marriage(self, man: Being, wife: Being, year: int) -> None:
        told = {}
        for prefix, one in (("chong", man), ("vo", wife)):
            told[f"{prefix}NgaySinh"] = self.clerk.birth_of(one, year, (0.4, 0.3, 0.3))
            told[f"{prefix}NoiCuTru"] = self.clerk.home(one, year)
            told[f"{prefix}SoGiayToTuyThan"] = one.paper if year >= 1978 else ""
        who = {"chongHoTen": man, "voHoTen": wife}
        self.clerk.write("marriage_table", man.commune, self.day(year), told, who)

    def deaths(self, year: int) -> None:
        dying = [one for one in self.alive if one.dies <= year]
        self.alive = [one for one in self.alive if one.dies > year]
        gone = set(map(id, dying))
        self.single = [one for one in self.single if id(one) not in gone]
        self.couples = [
            pair for pair in self.couples if id(pair[0]) not in gone and id(pair[1]) not in gone
        ]
        for one in dying:
            if self.dice.random() < REGISTERED:
                self.write_death(one, year)

    def write_death(self, one: Being, year: int) -> None:
        died = self.day(year)
        told = {
            "nktGioiTinh": one.sex,
            "nktNgaySinh": self.clerk.birth_of(one, year, (0.25, 0.45, 0.3)),
            "nktNoiCuTru": self.clerk.home(one, year),
            "nktNgayChet": died.isoformat(),
            "nktSoGiayToTuyThan": one.paper if year >= 1978 else "",
        }
        who = {"nktHoTen": one}
        children = [other for other in self.alive if one in (other.father, other.mother)]
        near = [*children, *([one.spouse] if one.spouse in self.alive else [])]
        if near:
            who["nycHoTen"] = self.dice.choice(near)
        self.clerk.write("death_table", one.commune, died, told, who)
