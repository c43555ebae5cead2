"""Dates in digits, as precise as the page: `1962`, `1962-03`, `1962-03-08`; and ages."""

import re
from calendar import monthrange

from rapidfuzz.distance import OSA

from pipeline.extract import reasons
from pipeline.extract.kinds.calendar_words import canchi_year
from pipeline.extract.kinds.numbers import mend_digits
from pipeline.extract.kinds.result import NOTHING, Clues, Read
from pipeline.extract.kinds.texts import is_nil, is_unknown, tidy
from pipeline.extract.kinds.worded_dates import parse_words
from pipeline.letters import fold

FIRST_YEAR, LAST_YEAR = 1800, 2100
LAST_ON_PAPER = 2025  # later books were never written by hand
FIRST_ENTRY = 1900  # no one entered before is looked for in books with short years
MAX_AGE = 120
_AGE = re.compile(r"(\d{1,3})\s*(t|[a-z]{3,5})\b\.?")
_AGE_WORD = "tuoi"
_BARE_AGE = re.compile(r"\d{2}")
_HOUR = re.compile(r"\b\d{1,2}\s*(?:gio|g|h)\b\s*(?:\d{1,2}\s*(?:phut|p|')?)?|\bluc\b|\bvao\b")
_LUNAR = re.compile(r"\b(?:am lich|a\.?l\.?)\b|\(al\)|\bal\b")
_MARKS = re.compile(r"ngay|thang|nam|sinh|\bsn\b|\bng\b|\bth\b|\bn\b|\bt\b|\bmong\b|\bmung\b")
_MARK_WORDS = ("ngay", "thang", "nam")
_STRAY = re.compile(r"""["“”'`*?!<>{}|~]""")  # a stroke of a digit that was read as a sign
_ROMAN = dict(
    zip(
        ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"),
        map(str, range(1, 13)),
        strict=True,
    )
)
_ROMAN_MONTH = re.compile(r"(?<=[\s./-])(x?i{1,3}|i?[vx]|vi{1,3})(?=[\s./-])")


def read_date(raw: str, clues: Clues) -> Read:
    """Return a registration date; one outside the book's years is doubted."""
    read = read_partial_date(raw, clues)
    if not read.value[:4].isdigit():  # an age registers nothing
        return Read("", (reasons.DATE_UNREADABLE,), 0.3) if read.value else read
    start, end = clues.years
    if end and not start <= int(read.value[:4]) <= end:
        return _doubted(read, reasons.YEAR_OUTSIDE_BOOK, 0.5)
    if len(read.value) < 10:
        return _doubted(read, reasons.DATE_INCOMPLETE, 0.7)
    return read


def read_birth(raw: str, clues: Clues) -> Read:
    """Return a birth date, or an age where the clerk wrote one: `32` → `32 tuổi`."""
    text = mend_digits(tidy(raw))[0]
    if _BARE_AGE.fullmatch(text):
        return _age(text, changed=text != tidy(raw))
    return read_partial_date(raw, clues)


def read_partial_date(raw: str, clues: Clues) -> Read:
    """Return a date as precise as it is written, or an age that says so (`32 tuổi`)."""
    text = tidy(raw)
    if is_nil(text):
        return NOTHING
    if is_unknown(text):
        return Read("", (reasons.STATED_UNKNOWN,))
    folded = fold(text)
    lunar = _LUNAR.search(folded) is not None
    plain, changed = mend_digits(_LUNAR.sub(" ", folded))
    age = _AGE.fullmatch(plain.strip())
    if age and age[2] in ("t", _AGE_WORD):
        return _age(age[1], changed=changed)
    if age and OSA.distance(age[2], _AGE_WORD, score_cutoff=1) <= 1:
        return _age(age[1], changed=True)
    plain, named = _with_marks(_HOUR.sub(" ", plain))
    changed = changed or named or _STRAY.search(text) is not None
    read = _digits(plain, clues)
    if read is None:
        read = _words(text, clues)
    elif changed:
        read = _doubted(read, reasons.MISREAD_CORRECTED, 0.7)
    return _year_alone(read) if lunar and read.value else read


def _with_marks(folded: str) -> tuple[str, bool]:
    """Return the text with misread words for day, month and year put right, and if any was."""
    mended = re.sub(
        r"[a-z]{3,6}",
        lambda hit: next(
            (word for word in _MARK_WORDS if OSA.distance(hit[0], word, score_cutoff=1) <= 1),
            hit[0],
        ),
        folded,
    )
    return mended, mended != folded


def _doubted(read: Read, reason: str, trust: float) -> Read:
    doubts = tuple(dict.fromkeys((*read.doubts, reason)))
    return read._replace(doubts=doubts, trust=read.trust * trust)


def _age(digits: str, *, changed: bool) -> Read:
    doubts = (reasons.MISREAD_CORRECTED,) if changed else ()
    if int(digits) > MAX_AGE:
        return Read("", (*doubts, reasons.AGE_UNLIKELY), 0.3)
    return Read(f"{int(digits)} tuổi", doubts, 0.7 if changed else 1.0)


def _year_alone(read: Read) -> Read:
    """Keep the year of a lunar date: its day and month are not those of our calendar."""
    return _doubted(read._replace(value=read.value[:4], others=()), reasons.LUNAR_DATE, 0.8)


def _words(text: str, clues: Clues) -> Read:
    year = canchi_year(text, clues.years[1])
    if year:
        return Read(str(year), (reasons.LUNAR_DATE,), 0.7)
    read = parse_words(text, clues)
    return read if read.value or read.others else Read("", (reasons.DATE_UNREADABLE,), 0.3)


def _digits(folded: str, clues: Clues) -> Read | None:
    """Read a date in digits; None when there are letters that are not a date's."""
    text = _ROMAN_MONTH.sub(lambda hit: _ROMAN.get(hit[0], hit[0]), folded)
    names_month = "thang" in text
    text = _MARKS.sub("/", re.sub(r"(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)", " ", text))
    if re.search(r"[a-z]", text):
        return None
    numbers = re.findall(r"[0-9]+", text)
    if not numbers:
        return None
    if len(numbers) == 1:
        read = _one_number(numbers[0], clues)
    else:
        read = _several(numbers, text, clues, names_month=names_month)
    is_short = all(len(number) < 4 for number in numbers) or [len(n) for n in numbers] == [6]
    return _century_taken(read) if is_short and not clues.years[1] and read.value else read


def _several(numbers: list[str], text: str, clues: Clues, *, names_month: bool) -> Read:
    """Read day, month and year, or two of them."""
    if re.fullmatch(r"\d{3} \d|\d \d{3}|\d{2} \d{2}", text.strip()) and _is_year("".join(numbers)):
        return Read("".join(numbers), (reasons.MISREAD_CORRECTED,), 0.6)
    if len(numbers) == 2:
        return _two_numbers(numbers[0], numbers[1], clues, names_month=names_month)
    if len(numbers) == 3:
        day, month, year = numbers if len(numbers[0]) < 4 else reversed(numbers)
        return _day(day, month, year, clues)
    return _spaced_year(numbers, clues)


def _spaced_year(numbers: list[str], clues: Clues) -> Read:
    """Join a year that stands apart, as in printed "19 87" or "1 9 8 7"."""
    year = "".join(numbers[2:])
    if len(numbers) <= 6 and len(year) == 4:
        return _day(numbers[0], numbers[1], year, clues)
    return Read("", (reasons.DATE_UNREADABLE,), 0.3)


def _one_number(number: str, clues: Clues) -> Read:
    if len(number) == 4:
        return Read(number) if _is_year(number) else Read("", (reasons.DATE_IMPOSSIBLE,), 0.3)
    if len(number) in (6, 8):
        read = _day(number[:2], number[2:4], number[4:], clues)
        return _doubted(read, reasons.MISREAD_CORRECTED, 0.7)
    year = _full_year(number, clues) if len(number) == 2 else None
    others = (str(year),) if year else ()
    return Read("", (reasons.DATE_UNREADABLE,), 0.3, others)


def _two_numbers(first: str, second: str, clues: Clues, *, names_month: bool) -> Read:
    if (len(first), len(second)) in ((4, 4), (2, 6)):  # a point was not read: 0702.1994
        glued = first + second
        return _doubted(
            _day(glued[:2], glued[2:4], glued[4:], clues), reasons.MISREAD_CORRECTED, 0.6
        )
    year = _full_year(second, clues)
    month = int(first) if len(first) <= 2 else 0
    is_year = len(second) == 4 or names_month or (len(second) == 2 and int(second) > 12)
    if is_year and year and 1 <= month <= 12:
        return Read(f"{year}-{month:02}")
    others: tuple[str, ...] = ()
    if clues.years[0] == clues.years[1] > 0 and _exists(first, second, clues.years[1]):
        others = (f"{clues.years[1]}-{int(second):02}-{int(first):02}",)
    return Read("", (reasons.DATE_INCOMPLETE,), 0.3, others)


def _day(day: str, month: str, year_text: str, clues: Clues) -> Read:
    year = _full_year(year_text, clues)
    if year is None or len(day) > 2 or len(month) > 2:
        return Read("", (reasons.DATE_UNREADABLE,), 0.3)
    if not _exists(day, month, year):
        return Read("", (reasons.DATE_IMPOSSIBLE,), 0.3)
    return Read(f"{year}-{int(month):02}-{int(day):02}")


def _exists(day: str, month: str, year: int) -> bool:
    if not (day.isdigit() and month.isdigit() and len(day) <= 2 and len(month) <= 2):
        return False
    return 1 <= int(month) <= 12 and 1 <= int(day) <= monthrange(year, int(month))[1]


def _is_year(text: str) -> bool:
    return len(text) == 4 and FIRST_YEAR <= int(text) <= LAST_YEAR


def _full_year(text: str, clues: Clues) -> int | None:
    """Return the year; two digits mean the last such year that the book can know.

    Of a book whose years nobody told, the last such year in which people still wrote on paper.
    """
    if _is_year(text):
        return int(text)
    if len(text) != 2:
        return None
    end = clues.years[1] or LAST_ON_PAPER
    return end - (end - int(text)) % 100


def _century_taken(read: Read) -> Read:
    """Doubt a date whose century neither the page nor the book tells; another may be meant."""
    other = f"{int(read.value[:4]) - 100}{read.value[4:]}"
    if int(other[:4]) < FIRST_ENTRY:
        return _doubted(read, reasons.CENTURY_TAKEN, 0.9)
    return _doubted(read._replace(others=(other, *read.others)), reasons.CENTURY_TAKEN, 0.7)
