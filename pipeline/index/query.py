"""One box: what an officer types becomes names by role, years, numbers, places, kind of book."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from pipeline.index.documents import plain_number
from pipeline.index.rules import SearchRules, search_rules
from pipeline.index.syllables import has_marks
from pipeline.letters import bare, canon, nfc

_TOKEN = re.compile(r"(?:[^\W\d_][\u0300-\u036f]*)+|[0-9]+[^\W\d_]*(?:[/.][0-9]+)*|[-–]")
_YEAR = re.compile(r"1[89]\d\d|20\d\d")
_MAX_TEXT = 300  # what a box may hold; more is not a question
_MAX_SYLLABLES = 8
_MIN_NAME = 2
_MAX_PLACE = 3  # syllables
_MAX_NAMES = 5
_MAX_RANGE = 10  # years

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WantedName:
    """A name that is looked for.

    Attributes:
        role: part of the person in the record; empty when the query does not say.
        readings: the name's syllables, lower case, as typed; several when a word may belong to
            the name or not (`nam 2007`), the fullest first.
        years: of this person, when the query has one year for each.
    """

    role: str
    readings: tuple[Words, ...]
    years: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for.

    Attributes:
        names: the first is the main one.
        years: any of them will do.
        kind: kind of book; empty when not said.
        numbers: part (number, volume, page, sheet, parcel) to number as `plain_number` leaves it.
        places: syllables of each place.
        is_marked: some name has marks, so that marks count.
    """

    names: tuple[WantedName, ...] = ()
    years: tuple[int, ...] = ()
    kind: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)
    places: tuple[Words, ...] = ()
    is_marked: bool = False


@dataclass(slots=True)
class _Section:
    """Words that belong to one person, while they are gathered."""

    role: str = ""
    words: list[str] = field(default_factory=list)
    optional: set[int] = field(default_factory=set)
    years: list[int] = field(default_factory=list)


def parse(text: str) -> Query:
    """Return what a line of the search box asks for; any text is a query, at worst an empty one."""
    tokens = _TOKEN.findall(nfc(text[:_MAX_TEXT].lower()))
    return _Reader(tokens, search_rules()).read()


class _Reader:
    """Walks once over the words; what announces something is tried first, the longest first."""

    def __init__(self, tokens: Sequence[str], rules: SearchRules) -> None:
        self._tokens, self._rules, self._at = tokens, rules, 0
        self._sections = [_Section()]
        self._places: list[Words] = []
        self._numbers: dict[str, str] = {}
        self._kind = ""
        self._take: dict[str, Callable[[str, int], bool]] = {
            "number": self._take_number,
            "kind": self._take_kind,
            "role": self._take_role,
            "place": self._take_place,
            "year": self._take_year,
            "title": self._take_title,
        }

    def read(self) -> Query:
        while self._at < len(self._tokens):
            if not (self._announced() or self._number()):
                self._name_word()
        return self._query()

    @property
    def _section(self) -> _Section:
        return self._sections[-1]

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

    def _take_number(self, part: str, after: int) -> bool:
        if not self._starts(after, str.isdigit):
            return False
        number, *rest = self._tokens[after].split("/")
        if self._is_doubtful and _YEAR.fullmatch(number):
            return False  # `trang 1987`: a woman called Trang
        self._numbers.setdefault(part, plain_number(number))
        self._section.years += _years(rest)
        self._at = after + 1
        return True

    def _take_kind(self, kind: str, after: int) -> bool:
        self._kind = self._kind or kind
        self._at = after
        return True

    def _take_role(self, role: str, after: int) -> bool:
        if self._is_doubtful and len(self._section.words) < _MIN_NAME:
            return False  # `vo thi hoa`: a surname
        if not self._starts(after, str.isalpha):
            return False  # it announces nothing, so it ends a name
        self._sections.append(_Section(role))
        self._at = after
        return True

    def _take_place(self, _meaning: str, after: int) -> bool:
        if self._is_doubtful:
            return False
        end = after
        while self._starts(end, str.isalpha) and end < after + _MAX_PLACE:
            if next(self._announcements(end), None):
                break
            end += 1
        if end == after:
            return False  # `thi tran 1987`: it announces nothing, so it is a name
        self._places.append(tuple(self._tokens[after:end]))
        self._at = end
        return True

    def _take_year(self, _meaning: str, after: int) -> bool:
        if not self._starts(after, str.isdigit):
            return False
        section = self._section
        if section.words:  # `nam 2007`: a year, or a man called Nam
            for word in self._tokens[self._at : after]:
                section.optional.add(len(section.words))
                section.words.append(word)
        self._at = after
        return True

    def _take_title(self, _meaning: str, after: int) -> bool:
        if self._is_doubtful or self._section.words or not self._starts(after, str.isalpha):
            return False
        self._at = after
        return True

    def _number(self) -> bool:
        """Take digits: a year, a range of years, a date, or a number of the book."""
        token = self._tokens[self._at]
        if token[0].isalpha():
            return False
        self._at += 1
        parts = re.split(r"[/.]", token)
        found = _years(parts)
        if found and self._is_range():
            last = int(self._tokens[self._at + 1])
            found = list(range(found[0], min(last, found[0] + _MAX_RANGE) + 1))
            self._at += 2
        self._section.years += found
        if len(parts) == 2 and found and not any(section.words for section in self._sections):
            self._numbers.setdefault("number", plain_number(parts[0]))  # 45/1987
        return True

    def _is_range(self) -> bool:
        after = self._tokens[self._at : self._at + 2]
        return len(after) == 2 and after[0] in "-–" and bool(_YEAR.fullmatch(after[1]))

    def _name_word(self) -> None:
        if len(self._section.words) < _MAX_SYLLABLES:
            self._section.words.append(self._tokens[self._at])
        self._at += 1

    def _query(self) -> Query:
        main, *others = self._sections
        others = [section for section in others if section.words][:_MAX_NAMES]
        years, own = main.years, [section.years for section in others]
        if not years:  # `lan mẹ hoa 1987`: the one year is that of the record
            years = next((told for told in own if told), [])
            own = [[] if told is years else told for told in own]
        names = [WantedName("", _readings(main))] if main.words else []
        names += [
            WantedName(section.role, _readings(section), tuple(told))
            for section, told in zip(others, own, strict=True)
        ]
        said = [word for name in names for word in name.readings[0]]
        return Query(
            names=tuple(names),
            years=tuple(dict.fromkeys(years)),
            kind=self._kind,
            numbers=self._numbers,
            places=tuple(self._places),
            is_marked=any(has_marks(word) for word in said),
        )


def _readings(section: _Section) -> tuple[Words, ...]:
    whole = tuple(section.words)
    sure = tuple(word for at, word in enumerate(whole) if at not in section.optional)
    return (whole, sure) if sure and sure != whole else (whole,)


def _years(parts: Iterable[str]) -> list[int]:
    return [int(part) for part in parts if _YEAR.fullmatch(part)]


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
    told += [("title", "", rules.title_words)]
    found = [
        (tuple(nfc(phrase).split()), purpose, meaning)
        for purpose, meaning, phrases in told
        for phrase in phrases
    ]
    return tuple(sorted(found, key=lambda item: -len(item[0])))
