"""How a clerk writes what he registers: notations, abbreviations, ditto marks.

Each `Written` holds what stands on the paper and the value that a good reader makes of it.
"""

from dataclasses import dataclass
from datetime import date
from random import Random

from synthesis.invent import Area, Birth, Person, load_peoples

DITTO_MARKS = ('"', ",,", "-nt-", "nt", "- nt -", "〃")
DATES = (
    "{d}/{m}/{y}",
    "{d:02}/{m:02}/{y}",
    "{d}-{m}-{y}",
    "{d:02}.{m:02}.{y}",
    "{d}/{m}/{yy:02}",
    "{d} tháng {m} năm {y}",
    "ngày {d} tháng {m} năm {y}",
)
SHORT_JOBS = {"làm ruộng": "LR", "công nhân": "CN", "bộ đội": "BĐ", "giáo viên": "GV"}
KINDS = {"1": "Đúng hạn", "4": "Quá hạn", "2": "Đăng ký lại"}
UNITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
MONTHS = (
    "một",
    "hai",
    "ba",
    "tư",
    "năm",
    "sáu",
    "bảy",
    "tám",
    "chín",
    "mười",
    "mười một",
    "mười hai",
)


@dataclass(frozen=True, slots=True)
class Written:
    """A field on the paper.

    Attributes:
        raw: what it says, ditto marks resolved.
        value: normalised as the field's kind says; empty for what is no field.
        ink: what is written when that is not `raw` (a ditto mark).
    """

    raw: str
    value: str = ""
    ink: str = ""

    @property
    def text(self) -> str:
        """The characters on the paper."""
        return self.ink or self.raw


NOTHING = Written("")


@dataclass(frozen=True, slots=True)
class Habits:
    """One clerk's ways, kept through a book.

    Attributes:
        ditto: mark for "as above"; empty when everything is written out.
        ditto_share: how many of the repeated cells get the mark.
        age: parents' column: age, age_words or year.
        short_names: share of names with Ng., V., Th.
    """

    date: str
    ditto: str
    ditto_share: float
    age: str
    sex_low: bool
    nationality: str
    short_jobs: bool
    short_names: float
    hamlet_word: bool
    caps: bool
    people: int


def draw_habits(rng: Random, year: int) -> Habits:
    """Return a clerk of the time; abbreviations and ditto marks fade out after 1998."""
    old = year < 1999
    dates = DATES[:5] if old else (*DATES[:4], DATES[5])
    return Habits(
        date=rng.choice(dates),
        ditto=rng.choice(DITTO_MARKS) if old and rng.random() < 0.8 else "",
        ditto_share=rng.uniform(0.5, 1.0),
        age=rng.choices(("age", "age_words", "year"), (5, 2, 4))[0] if old else "year",
        sex_low=rng.random() < 0.3,
        nationality=rng.choices(("Việt Nam", "VN"), (3, 2))[0] if old else "Việt Nam",
        short_jobs=old and rng.random() < 0.5,
        short_names=rng.choice((0.0, 0.05, 0.3)) if old else 0.0,
        hamlet_word=rng.random() < 0.6,
        caps=not old and rng.random() < 0.7,
        people=rng.randrange(3),
    )


def two_digits(number: int) -> str:
    """Return a number to 99 in words: mười lăm, hai mươi mốt, ba mươi tư."""
    tens, units = divmod(number, 10)
    if tens == 0:
        return UNITS[units]
    head = "mười" if tens == 1 else f"{UNITS[tens]} mươi"
    tail = {0: "", 1: "một" if tens == 1 else "mốt", 5: "lăm", 4: "bốn" if tens == 1 else "tư"}
    return f"{head} {tail.get(units, UNITS[units])}".strip()


def year_in_words(year: int) -> str:
    """Return 1987 as một nghìn chín trăm tám mươi bảy."""
    rest = year % 100
    hundreds = f"{UNITS[year // 1000]} nghìn {UNITS[year // 100 % 10]} trăm"
    if rest == 0:
        return hundreds
    return f"{hundreds} {'linh ' if rest < 10 else ''}{two_digits(rest)}"


def date_in_words(day: date) -> str:
    """Return the day as forms want it: Ngày tám tháng ba năm hai nghìn không trăm mười sáu."""
    return (
        f"Ngày {two_digits(day.day)}, tháng {MONTHS[day.month - 1]}, năm {year_in_words(day.year)}"
    )


def write_date(day: date, form: str) -> Written:
    """Write a full date in the clerk's notation."""
    raw = form.format(d=day.day, m=day.month, y=day.year, yy=day.year % 100)
    return Written(raw, day.isoformat())


def write_birth_date(rng: Random, person: Person, habits: Habits) -> Written:
    """Write the child's birth date; now and then only the month or the year is known."""
    chance = rng.random()
    if chance < 0.02:
        return Written(f"{person.born.year}", f"{person.born.year}")
    if chance < 0.04:
        return Written(f"{person.born.month}/{person.born.year}", f"{person.born:%Y-%m}")
    return write_date(person.born, habits.date)


def write_age(rng: Random, person: Person, registered: date, habits: Habits) -> Written:
    """Write a parent's age or year of birth."""
    age = registered.year - person.born.year
    way = habits.age if rng.random() < 0.93 else "year"
    if way == "year":
        return Written(f"{person.born.year}", f"{person.born.year}")
    return Written(f"{age}" if way == "age" else f"{age} tuổi", f"{age} tuổi")


def write_name(rng: Random, person: Person, habits: Habits) -> Written:
    """Write a name, shortened only where one reading is possible."""
    parts = person.name.split()
    if habits.short_names and len(parts) > 2 and rng.random() < habits.short_names:
        short = {"Nguyễn": "Ng."}.get(parts[0], parts[0])
        middle = {"Văn": "V.", "Thị": "Th."}.get(parts[1], parts[1])
        if short == "Ng.":
            return Written(" ".join([short, middle, *parts[2:]]), person.name)
    return Written(person.name, person.name)


def write_sex(person: Person, habits: Habits) -> Written:
    """Write Nam or Nữ."""
    word = "Nữ" if person.female else "Nam"
    return Written(word.lower() if habits.sex_low else word, "2" if person.female else "1")


def write_people(people: str, habits: Habits) -> Written:
    """Write the ethnic group as clerks spell it."""
    spellings = load_peoples().get(people, {}).get("written", [people])
    return Written(spellings[habits.people % len(spellings)], people)


def write_text(text: str) -> Written:
    """Write a place or a remark: its value is the text itself."""
    return Written(text, text)


def write_home(area: Area, hamlet: str, habits: Habits, *, full: bool) -> Written:
    """Write where someone lives, with as many units as the column has room for."""
    word = f"{area.hamlet_word} " if habits.hamlet_word or hamlet[:1].isdigit() else ""
    if not full:
        return write_text(f"{word}{hamlet}, {area.commune}")
    head = "" if area.level == "phường" and area.district == "Huế" else f"{area.district_word} "
    return write_text(
        f"{word}{hamlet}, {area.place}, {head or 'thành phố '}{area.district}, tỉnh {area.province}"
    )


def write_table_field(
    key: str, birth: Birth, area: Area, habits: Habits, rng: Random, room_mm: float
) -> Written:
    """Write one cell of a table of births; keys with a dash are columns without a key.

    A narrow column (`room_mm`) holds the hamlet alone: everybody lives in this commune.
    """
    parent = birth.father if key.startswith(("cha", "-nghe_cha")) else birth.mother
    if parent is None:
        return NOTHING
    match key:
        case "so":
            return Written(birth.serial, birth.serial)
        case "ngayDangKy":
            return write_date(birth.registered, habits.date)
        case "nksHoTen":
            return write_name(rng, birth.child, habits)
        case "nksGioiTinh":
            return write_sex(birth.child, habits)
        case "nksNgaySinh":
            return write_birth_date(rng, birth.child, habits)
        case "nksNoiSinh":
            return write_text(birth.birthplace)
        case "nksDanToc":
            return write_people(birth.child.people, habits)
        case "nksQuocTich":
            return Written(habits.nationality, "Việt Nam")
        case "chaHoTen" | "meHoTen":
            return write_name(rng, parent, habits)
        case "chaNgaySinh" | "meNgaySinh":
            return write_age(rng, parent, birth.registered, habits)
        case "chaDanToc" | "meDanToc":
            return write_people(parent.people, habits)
        case "chaNoiCuTru" | "meNoiCuTru":
            home = write_home(area, birth.hamlet, habits, full=False)
            return home if room_mm > 34 else write_text(home.raw.partition(",")[0])
        case "nycHoTen":
            return write_name(rng, birth.declarant, habits)
        case "ghiChu":
            return write_text(birth.note)
        case "-nghe_cha" | "-nghe_me":
            return Written(
                SHORT_JOBS.get(parent.job, parent.job) if habits.short_jobs else parent.job
            )
    return NOTHING


DITTO_KEYS = frozenset(
    {
        "ngayDangKy",
        "nksNoiSinh",
        "nksDanToc",
        "nksQuocTich",
        "chaNoiCuTru",
        "meNoiCuTru",
        "chaDanToc",
        "meDanToc",
        "-nghe_cha",
        "-nghe_me",
    }
)
DITTO_ENDS = ("DanToc", "QuocTich", "NoiCuTru")


def ditto(rng: Random, key: str, written: Written, above: Written, habits: Habits) -> Written:
    """Put the ditto mark where the cell above says the same."""
    repeats = key in DITTO_KEYS or key.endswith(DITTO_ENDS)
    same = written.raw and written.raw == above.raw and repeats
    if habits.ditto and same and rng.random() < habits.ditto_share:
        return Written(written.raw, written.value, habits.ditto)
    return written


def write_area(tenths: int, *, comma: bool) -> Written:
    """Write square metres with one decimal; the value has a decimal point."""
    whole, rest = divmod(tenths, 10)
    if rest == 0:
        return Written(f"{whole}", f"{whole}")
    return Written(f"{whole}{',' if comma else '.'}{rest}", f"{whole}.{rest}")
