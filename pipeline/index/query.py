"""One box: what an officer types becomes names by role, years, numbers, places, kind of book."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from pipeline.index.documents import plain_number
from pipeline.index.rules import SearchRules, search_rules
from pipeline.index.syllables import certain_parts, has_marks, is_open
from pipeline.index.wanted import (
    Chip,
    PlaceName,
    Query,
    Time,
    WantedName,
    WantedPlace,
    Words,
    bare_words,
)
from pipeline.letters import bare, canon, nfc

_LETTER = r"(?:[^\W\d_][\u0300-\u036f]*|\[\w{1,8}\]|[_*])"
_TOKEN = re.compile(rf"{_LETTER}+|[0-9]+[^\W\d_]*(?:[/.][0-9]+)*|[-–]")
_DASHED_DATE = re.compile(r"(?<!\d)(\d{1,2})-(\d{1,2})-(\d{4})(?!\d)")
_WORDED_DATE = re.compile(r"ng[àa]y\s+(\d{1,2})\s+th[áa]ng\s+(\d{1,2})\s+n[ăa]m\s+(\d{4})")
_YEAR = re.compile(r"1[89]\d\d|20\d\d")
_SHORT_YEAR = re.compile(r"\d\d")
_FIRST_SHORT = 30  # `năm 87` is 1987, `năm 25` is 2025
_MAX_TEXT = 300  # what a box may hold; more is not a question
_MAX_SYLLABLES = 8
_MIN_NAME = 2
_MAX_PLACE = 3  # syllables of a place's name
_MAX_NAMES = 5
_MAX_RANGE = 30  # years
_ABOUT = 3  # years that `khoảng 1987` leaves open
_MAX_AGE = 120


class Gazetteer(Protocol):
    """What the search box must know of places."""

    def is_near(self, words: Words) -> bool:
        """Say whether a unit of that name is one that the archive's books come from or lie in."""

    def names(self, words: Words) -> Sequence[tuple[Words, Time, str]]:
        """Return the names that units of this name had before and have now, as `PlaceName`s."""


class _NoPlaces:
    def is_near(self, _words: Words) -> bool:
        return False

    def names(self, words: Words) -> Sequence[tuple[Words, Time, str]]:
        said = " ".join(words)
        return ((bare_words(said), "same", said),)


NO_PLACES = _NoPlaces()


@dataclass(slots=True)
class _Section:
    """Words that belong to one person, while they are gathered."""

    role: str = ""
    words: list[str] = field(default_factory=list)
    years: list[int] = field(default_factory=list)
    age: int | None = None


def parse(text: str, gazetteer: Gazetteer = NO_PLACES) -> Query:
    """Return what a line of the search box most likely asks for; any text is a query."""
    return readings(text, gazetteer)[0]


def readings(text: str, gazetteer: Gazetteer = NO_PLACES) -> tuple[Query, ...]:
    """Return the likeliest reading of a line of the search box, and the next when it is open.

    `nguyen van nam 2007` is the year 2007 or a man called Nam, `vo` a wife or the surname Võ.
    """
    told = _DASHED_DATE.sub(r"\1/\2/\3", nfc(text[:_MAX_TEXT].lower()))
    tokens = _TOKEN.findall(_WORDED_DATE.sub(r"\1/\2/\3", told))
    rules = search_rules()
    first = _Reader(tokens, rules, gazetteer)
    query = first.read()
    for doubt in first.doubts:
        other = _Reader(tokens, rules, gazetteer, doubt).read()
        if other.chips != query.chips:
            return query, other
    return (query,)


class _Reader:
    """Walks once over the words; what announces something is tried first, the longest first.

    Attributes:
        doubts: places of words that may as well mean something else.
    """

    def __init__(
        self,
        tokens: Sequence[str],
        rules: SearchRules,
        gazetteer: Gazetteer,
        other_at: int | None = None,
    ) -> None:
        self._tokens, self._rules, self._gazetteer, self._at = tokens, rules, gazetteer, 0
        self._other_at = other_at
        self.doubts: list[int] = []
        self._sections = [_Section()]
        self._places: list[Words] = []
        self._numbers: dict[str, str] = {}
        self._dates: list[str] = []
        self._kind = ""
        self._chips: list[Chip] = []
        self._take: dict[str, Callable[[str, int], bool]] = {
            "number": self._take_number,
            "kind": self._take_kind,
            "role": self._take_role,
            "place": self._take_place,
            "year": self._take_year,
            "day": self._take_day,
            "about": self._take_about,
            "title": self._take_title,
        }

    def read(self) -> Query:
        while self._at < len(self._tokens):
            if not (self._announced() or self._number() or self._near_place()):
                self._name_word()
        return self._query()

    @property
    def _section(self) -> _Section:
        return self._sections[-1]

    def _likely(self, *, first: bool) -> bool:
        """Choose at a word that may mean two things; the other reading chooses otherwise."""
        self.doubts.append(self._at)
        return first != (self._at == self._other_at)

    @property
    def _is_doubtful(self) -> bool:
        """Whether the word at hand may as well be part of a name."""
        return self._tokens[self._at] in self._rules.name_words

    def _announced(self) -> bool:
        return any(
            self._take[purpose](meaning, self._at + length)
            for length, purpose, meaning in self._announcements(self._at)
        )

    def _announcements(self, at: int) -> Iterator[tuple[int, str, str]]:
        for phrase, purpose, meaning in _announcements():
            said = self._tokens[at : at + len(phrase)]
            if len(said) == len(phrase) and all(map(_is_said, phrase, said)):
                yield len(phrase), purpose, meaning

    def _starts(self, at: int, test: Callable[[str], bool]) -> bool:
        return at < len(self._tokens) and test(self._tokens[at][0])

    def _chip(self, part: str, text: str) -> None:
        self._chips.append(Chip(part, text))

    # What is announced

    def _take_number(self, part: str, after: int) -> bool:
        if not self._starts(after, str.isdecimal):
            return False
        number, *rest = self._tokens[after].split("/")
        is_year = self._is_doubtful and _YEAR.fullmatch(number)
        if is_year and self._likely(first=True):
            return False  # `trang 1987`: a woman called Trang
        self._numbers.setdefault(part, plain_number(number))
        self._section.years += _years(rest)
        self._chip(part, self._tokens[after])
        self._at = after + 1
        return True

    def _take_kind(self, kind: str, after: int) -> bool:
        self._kind = self._kind or kind
        self._chip("kind", " ".join(self._tokens[self._at : after]))
        self._at = after
        return True

    def _take_role(self, role: str, after: int) -> bool:
        if not self._starts(after, _begins_name):
            return False  # it announces nothing, so it ends a name
        if self._is_doubtful:  # `vo thi hoa`: a surname; `an vo tran thi hoa`: a wife
            is_role = len(self._section.words) >= _MIN_NAME
            if not self._likely(first=is_role):
                return False
        self._sections.append(_Section(role))
        self._at = after
        return True

    def _take_place(self, _meaning: str, after: int) -> bool:
        if self._is_doubtful:  # `phuong nenh`: a ward, or somebody called Phương
            end = self._near_end(after)
            if end and self._likely(first=True):
                self._put_place(after, end)
                return True
            return False
        end = self._near_end(after) or self._place_end(after)
        if end == after:
            return False  # `thi tran 1987`: it announces nothing, so it is a name
        self._put_place(after, end)
        return True

    def _place_end(self, start: int) -> int:
        """Return where a place ends that is announced and unknown: at what announces the next."""
        end = start
        while end < start + _MAX_PLACE and self._starts(end, str.isalpha):
            if is_open(self._tokens[end]):
                break  # places are not looked up by letters that are left open
            if self._announces(end, but_places=end == start):
                break  # `xã Lãng Sơn` is one place, though `làng` announces one
            end += 1
        return end

    def _announces(self, at: int, *, but_places: bool = False) -> bool:
        """Say whether a word announces something, and what it announces follows."""
        return any(
            purpose == "kind" or self._starts(at + length, _FOLLOWS.get(purpose, _begins_name))
            for length, purpose, _meaning in self._announcements(at)
            if not (but_places and self._may_begin_place(at, purpose))
        )

    def _may_begin_place(self, at: int, purpose: str) -> bool:
        """Say whether a word that announces this may begin a place's name: `xa vo tranh`."""
        is_surname = purpose == "role" and self._tokens[at] in self._rules.name_words
        return is_surname or purpose in ("place", "title")

    def _put_place(self, start: int, end: int) -> None:
        words = tuple(self._tokens[start:end])
        self._places.append(words)
        self._chip("place", " ".join(words))
        self._at = end

    def _take_year(self, _meaning: str, after: int) -> bool:
        if not self._starts(after, str.isdecimal) or self._is_age(after):
            return False  # `van nam 66 tuoi`: a man called Nam
        is_open = len(self._section.words) >= _MIN_NAME and after - self._at == 1
        if is_open and self._is_doubtful and not self._likely(first=True):
            return False  # `nguyen van nam 2007`: a year, or a man called Nam
        if _SHORT_YEAR.fullmatch(self._tokens[after]):
            self._put_years([_long_year(int(self._tokens[after]))])
            after += 1
        self._at = after
        return True

    def _take_day(self, _meaning: str, after: int) -> bool:
        if not self._starts(after, str.isdecimal) or self._is_age(after):
            return False
        if _YEAR.fullmatch(self._tokens[after]):
            return False  # `ho van thang 1987`: a man called Thắng
        self._at = after
        return True

    def _take_about(self, _meaning: str, after: int) -> bool:
        if self._is_doubtful:  # `chung 1987`: about, or somebody called Chung
            return False
        while self._starts(after, str.isalpha) and self._is_word(after, "year"):
            after += 1
        if not (after < len(self._tokens) and _YEAR.fullmatch(self._tokens[after])):
            return False
        year = int(self._tokens[after])
        self._put_years(list(range(year - _ABOUT, year + _ABOUT + 1)))
        self._at = after + 1
        return True

    def _take_title(self, _meaning: str, after: int) -> bool:
        if self._is_doubtful or self._section.words or not self._starts(after, str.isalpha):
            return False
        self._at = after
        return True

    def _is_word(self, at: int, purpose: str) -> bool:
        return any(found == purpose for _length, found, _ in self._announcements(at))

    # What stands by itself

    def _number(self) -> bool:
        """Take digits: an age, a year, a range of years, a date, or a number of the book."""
        token = self._tokens[self._at]
        if token in "-–":
            self._at += 1
            return True
        if not token[0].isdecimal():
            return False
        if self._is_age(self._at):
            self._section.age = int(token)
            self._chip("age", token)
            self._at += 2
            return True
        self._at += 1
        parts = re.split(r"[/.]", token)
        found = _years(parts)
        if found and (last := self._range_end()):
            found = list(range(found[0], min(last, found[0] + _MAX_RANGE) + 1))
            self._at += 2
        if len(parts) == 3 and found and (date := _date(*parts)):
            self._dates.append(date)
        self._put_years(found)
        if len(parts) == 2 and found and not any(section.words for section in self._sections):
            self._numbers.setdefault("number", plain_number(parts[0]))  # 45/1987
            self._chip("number", parts[0])
        return True

    def _is_age(self, at: int) -> bool:
        told = self._tokens[at : at + 2]
        return (
            len(told) == 2
            and told[0].isdecimal()
            and int(told[0]) <= _MAX_AGE
            and any(_is_said(word, told[1]) for word in self._rules.age_words)
        )

    def _range_end(self) -> int:
        """Return the year that ends a range; 0 when none is written."""
        told = self._tokens[self._at : self._at + 2]
        if len(told) < 2 or not _YEAR.fullmatch(told[1]):
            return 0
        is_range = told[0] in "-–" or any(
            _is_said(word, told[0]) for word in self._rules.range_words
        )
        return int(told[1]) if is_range else 0

    def _put_years(self, years: Sequence[int]) -> None:
        if years:
            self._section.years += years
            told = str(years[0]) if len(years) == 1 else f"{years[0]}-{years[-1]}"
            self._chip("year", told)

    def _near_place(self) -> bool:
        """Take words at the end of a person's that are a place which the archive knows.

        `lan van trung 1987`: the commune, for its books are here; or a man called Lan Văn Trung.
        """
        words = self._section.words
        if not words and not (self._numbers or self._places or self._kind):
            return False
        end = self._near_end(self._at)
        if not end:
            return False
        is_surname = len(words) == 1 and bare(words[0]) in self._rules.common_syllables
        is_given = len(words) == 1 and end - self._at == 1
        if not self._likely(first=not (is_surname or is_given)):
            return False
        self._put_place(self._at, end)
        return True

    def _near_end(self, start: int) -> int:
        """Return where a near place that begins here ends, when no name follows; 0 if none does."""
        for end in range(min(start + _MAX_PLACE, len(self._tokens)), start, -1):
            words = tuple(self._tokens[start:end])
            if all(map(_begins_name, words)) and self._ends(end) and self._gazetteer.is_near(words):
                return end
        return 0

    def _ends(self, at: int) -> bool:
        """Say whether no further word of the same name follows."""
        return not self._starts(at, _begins_name) or self._announces(at)

    def _name_word(self) -> None:
        word = self._tokens[self._at]
        if len(self._section.words) < _MAX_SYLLABLES and any(certain_parts(word)):
            self._section.words.append(word)
        self._at += 1

    def _query(self) -> Query:
        main, *others = self._sections
        others = [section for section in others if section.words][:_MAX_NAMES]
        years, own = main.years, [section.years for section in others]
        if not years:  # `lan mẹ hoa 1987`: the one year is that of the record
            years = next((told for told in own if told), [])
            own = [[] if told is years else told for told in own]
        names = [WantedName("", tuple(main.words), age=main.age)] if main.words else []
        names += [
            WantedName(section.role, tuple(section.words), tuple(told), section.age)
            for section, told in zip(others, own, strict=True)
        ]
        named = [Chip(name.role or "name", " ".join(name.said)) for name in names]
        return Query(
            names=tuple(names),
            years=tuple(dict.fromkeys(years)),
            dates=tuple(self._dates),
            kind=self._kind,
            numbers=self._numbers,
            places=tuple(
                WantedPlace(words, tuple(PlaceName(*name) for name in self._gazetteer.names(words)))
                for words in self._places
            ),
            is_marked=any(has_marks(word) for name in names for word in name.said),
            chips=(*named, *self._chips),
        )


def _begins_name(letter: str) -> bool:
    return letter[0].isalpha() or letter[0] in "[_*"


_FOLLOWS: dict[str, Callable[[str], bool]] = {
    "number": str.isdecimal,
    "year": str.isdecimal,
    "day": str.isdecimal,
    "about": bool,
}


def _years(parts: Iterable[str]) -> list[int]:
    return [int(part) for part in parts if _YEAR.fullmatch(part)]


def _long_year(short: int) -> int:
    return (1900 if short >= _FIRST_SHORT else 2000) + short


def _date(day: str, month: str, year: str) -> str:
    if year.isdecimal() and 1 <= int(month) <= 12 and 1 <= int(day) <= 31:
        return f"{int(year):04}-{int(month):02}-{int(day):02}"
    return ""


def _is_said(meant: str, said: str) -> bool:
    """Say whether a typed word is the meant one; marks may be missing, but not be wrong."""
    return canon(said) == canon(meant) or (not has_marks(said) and bare(said) == bare(meant))


@cache
def _announcements() -> tuple[tuple[Words, str, str], ...]:
    """Return (words, purpose, meaning) of all announcements, longest first."""
    rules = search_rules()
    told = [("number", part, said) for part, said in rules.number_words.items()]
    told += [("kind", name, kind.words) for name, kind in rules.kinds.items()]
    told += [("role", name, role.words) for name, role in rules.roles.items()]
    told += [("place", "", rules.place_words), ("year", "", rules.year_words)]
    told += [("day", "", rules.day_words), ("about", "", rules.about_words)]
    told += [("title", "", rules.title_words)]
    found = [
        (tuple(nfc(phrase).split()), purpose, meaning)
        for purpose, meaning, phrases in told
        for phrase in phrases
    ]
    return tuple(sorted(found, key=lambda item: -len(item[0])))
