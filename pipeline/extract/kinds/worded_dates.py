"""Dates written out in words: `ngày mồng tám tháng ba năm một nghìn chín trăm tám mươi bảy`.

A small grammar over folded words, so that wrong tone marks do no harm; a word with one wrong
letter may stand for a number word at a price. `năm` is "year" and "five", so every way to read
the words is tried and the cheapest is taken; two equally cheap ways are no reading at all.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

from pipeline.extract import reasons
from pipeline.extract.kinds.result import NOTHING, Clues, Read
from pipeline.letters import fold

_UNITS = dict(
    khong=0, mot=1, hai=2, ba=3, bon=4, tu=4, nam=5, lam=5, nham=5, sau=6, bay=7, tam=8, chin=9
)
_TENS = {"muoi", "chuc"}
_GLUE = {"linh", "le", "khong"}
_THOUSAND = {"nghin", "ngan"}
_OTHERS = ["tram", "ham", "bam", "mong", "mung", "ngay", "thang", "gieng", "rieng", "chap", "ram"]
_VOCABULARY = frozenset([*_UNITS, *_TENS, *_GLUE, *_THOUSAND, *_OTHERS])
_LUNAR = {"gieng", "rieng", "chap", "ram"}
MAX_WORDS = 26
MISSPELT, NOISE, NO_KEYWORD = 1.0, 1.0, 0.5
MAX_COST = 3.0
TIE = 0.4  # two dates whose costs differ by less are told apart by nothing

Words = Sequence[dict[str, float]]
Found = dict[int, dict[int, float]]  # where the phrase ends → number → cost


def read_date_words(raw: str, clues: Clues) -> Read:
    """Return the ISO date that the words say."""
    if not any(map(str.isalnum, raw)):
        return NOTHING
    return parse_words(raw, clues)


def parse_words(text: str, clues: Clues) -> Read:
    """Return the date that a text in words says; empty when it says none or several."""
    words = [_options(word) for word in _tokens(text)]
    if not words or len(words) > MAX_WORDS:
        return Read("", (reasons.WORDS_UNREADABLE,), 0.3)
    ranked = sorted(_dates(words, clues).items(), key=lambda item: item[1])
    if not ranked or ranked[0][1] > MAX_COST:
        return Read("", (reasons.WORDS_UNREADABLE,), 0.3)
    (value, cost), others = (
        ranked[0],
        [date for date, price in ranked[1:4] if price < ranked[0][1] + NOISE],
    )
    if len(ranked) > 1 and ranked[1][1] - cost < TIE:
        return Read("", (reasons.AMBIGUOUS,), 0.4, tuple(date for date, _price in ranked[:3]))
    lunar = any(_LUNAR & word.keys() and min(word.values()) == 0 for word in words)
    if lunar:
        return Read(value[:4], (reasons.LUNAR_DATE,), 0.8, (value,) if len(value) > 4 else ())
    doubts = (reasons.MISREAD_CORRECTED,) if cost else ()
    return Read(value, doubts, max(0.3, 1 - 0.2 * cost), tuple(others))


def _tokens(text: str) -> list[str]:
    folded = fold(text)
    # an engine may glue words together: haimươi, támmươi
    split = re.sub(r"(muoi|tram|nghin|ngan|thang|ngay)", r" \1 ", folded)
    return re.findall(r"[a-z]+|\d+", split)


@lru_cache(maxsize=4096)
def _spelt(word: str) -> tuple[tuple[str, float], ...]:
    if word in _VOCABULARY:
        return ((word, 0.0),)
    if len(word) < 2:
        return ()
    allowed = 1 if len(word) > 2 else 0
    return tuple(
        (known, MISSPELT)
        for known in sorted(_VOCABULARY)
        if allowed and OSA.distance(word, known, score_cutoff=1) <= 1 and len(known) > 2
    )


def _options(word: str) -> dict[str, float]:
    return {word: 0.0} if word.isdigit() else dict(_spelt(word))


def _best(pairs: Iterator[tuple[int, int, float]]) -> Found:
    found: Found = {}
    for end, number, cost in pairs:
        row = found.setdefault(end, {})
        if cost <= MAX_COST and cost < row.get(number, MAX_COST + 1):
            row[number] = cost
    return found


def _flat(found: Found) -> Iterator[tuple[int, int, float]]:
    for end, row in found.items():
        for number, cost in row.items():
            yield end, number, cost


def _unit(words: Words, at: int) -> Iterator[tuple[int, int, float]]:
    if at < len(words):
        for word, cost in words[at].items():
            if word in _UNITS:
                yield at + 1, _UNITS[word], cost


def _word(words: Words, at: int, wanted: set[str]) -> Iterator[tuple[int, float]]:
    if at < len(words):
        for word, cost in words[at].items():
            if word in wanted:
                yield at + 1, cost


def _numeral(words: Words, at: int) -> Iterator[tuple[int, int, float]]:
    if at < len(words):
        for word in words[at]:
            if word.isdigit() and len(word) <= 4:
                yield at + 1, int(word), 0.0


def _below_100(words: Words, at: int) -> Iterator[tuple[int, int, float]]:
    """Yield 0 to 99: `bảy`, `mười lăm`, `hai mươi mốt`, `hăm mốt`, `tám bảy`."""
    yield from ((end, number, cost) for end, number, cost in _numeral(words, at) if number < 100)
    yield from _unit(words, at)
    yield from _teens(words, at, {"muoi"}, 10)
    yield from (hit for hit in _teens(words, at, {"ham"}, 20) if hit[1] != 20)
    yield from (hit for hit in _teens(words, at, {"bam"}, 30) if hit[1] != 30)
    for end, tens, cost in _unit(words, at):
        if tens:
            for last, more in _word(words, end, _TENS):
                yield last, 10 * tens, cost + more
            for last, number, more in _teens(words, end, _TENS, 10 * tens):
                yield last, number, cost + more
            for last, unit, more in _unit(words, end):
                yield last, 10 * tens + unit, cost + more


def _teens(words: Words, at: int, heads: set[str], base: int) -> Iterator[tuple[int, int, float]]:
    for end, cost in _word(words, at, heads):
        yield end, base, cost
        for last, unit, more in _unit(words, end):
            if unit:
                yield last, base + unit, cost + more


def _hundreds(words: Words, at: int) -> Iterator[tuple[int, int, float]]:
    """Yield what follows the thousand: `chín trăm tám mươi bảy`, `lẻ năm`, `mười hai`."""
    for end, hundred, cost in _unit(words, at):
        for after, more in _word(words, end, {"tram"}):
            yield after, 100 * hundred, cost + more
            for last, number, extra in _rest(words, after):
                yield last, 100 * hundred + number, cost + more + extra
    yield from _rest(words, at)


def _rest(words: Words, at: int) -> Iterator[tuple[int, int, float]]:
    for end, cost in _word(words, at, _GLUE):
        for last, unit, more in _unit(words, end):
            if unit:
                yield last, unit, cost + more
    yield from (hit for hit in _below_100(words, at) if hit[1] >= 10)


def _nought_nought(words: Words, at: int) -> Iterator[tuple[int, int, float]]:
    """Yield the end of a year said digit by digit: `một chín không không`."""
    for end, cost in _word(words, at, {"khong"}):
        for last, more in _word(words, end, {"khong"}):
            yield last, 0, cost + more


def _year(words: Words, at: int, last_year: int) -> Iterator[tuple[int, int, float]]:
    yield from (hit for hit in _numeral(words, at) if hit[1] >= 1000)
    heads = [(end, number, cost) for end, number, cost in _unit(words, at) if number in (1, 2)]
    for end, thousand, cost in [*heads, (at, 1, NO_KEYWORD)]:
        for after, more in _word(words, end, _THOUSAND):
            yield after, 1000 * thousand, cost + more
            for last, rest, extra in _hundreds(words, after):
                yield last, 1000 * thousand + rest, cost + more + extra
    for end, century, cost in _below_100(words, at):
        if 18 <= century <= 20:
            for last, rest, more in (*_rest(words, end), *_nought_nought(words, end)):
                yield last, 100 * century + rest, cost + more
    if last_year:
        for end, short, cost in _below_100(words, at):
            if short >= 10:
                yield end, last_year - (last_year - short) % 100, cost


def _day(words: Words, at: int) -> Iterator[tuple[int, int, float]]:
    for end, cost in _word(words, at, {"mong", "mung"}):
        for last, number, more in _below_100(words, end):
            if 1 <= number <= 10:
                yield last, number, cost + more
    for end, cost in _word(words, at, {"ram"}):
        yield end, 15, cost
    yield from (hit for hit in _below_100(words, at) if 1 <= hit[1] <= 31)


def _month(words: Words, at: int) -> Iterator[tuple[int, int, float]]:
    for names, number in (({"gieng", "rieng"}, 1), ({"chap"}, 12)):
        for end, cost in _word(words, at, names):
            yield end, number, cost
    yield from (hit for hit in _below_100(words, at) if 1 <= hit[1] <= 12)


def _keyword(words: Words, at: int, word: str, price: float) -> Iterator[tuple[int, float]]:
    yield at, price
    yield from _word(words, at, {word})


def _starts(words: Words) -> Iterator[tuple[int, float]]:
    """Yield where the date may begin: words before it (`sinh`, `vào`) are noise."""
    for at in range(min(3, len(words))):
        yield at, NOISE * at
        if _belongs(words[at]):
            return


def _end_cost(words: Words, at: int) -> float:
    rest = words[at:]
    return MAX_COST + 1 if any(map(_belongs, rest)) else NOISE * len(rest)


def _belongs(options: dict[str, float]) -> bool:
    """Tell whether a word is surely one of a date's: then it cannot be left out."""
    return 0.0 in options.values()


def _dates(words: Words, clues: Clues) -> dict[str, float]:
    found: dict[str, float] = {}
    years = [_best(_year(words, at, clues.years[1])) for at in range(len(words) + 1)]

    def keep(prefix: str, at: int, cost: float, price: float) -> None:
        for begin, more in _keyword(words, at, "nam", price):
            for end, year, extra in _flat(years[begin]):
                total = cost + more + extra + _end_cost(words, end)
                date = f"{year:04}{prefix}"
                if 1800 <= year <= 2100 and total < found.get(date, MAX_COST + 0.01):
                    found[date] = total

    for start, noise in _starts(words):
        keep("", start, noise, 0.0)
        for end, month, cost in _months(words, start, must_say=True):
            keep(f"-{month:02}", end, noise + cost, NO_KEYWORD)
        for begin, none in _keyword(words, start, "ngay", 0.0):
            for after, day, cost in _flat(_best(_day(words, begin))):
                for end, month, more in _months(words, after, must_say=False):
                    if day <= (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]:
                        keep(f"-{month:02}-{day:02}", end, noise + none + cost + more, NO_KEYWORD)
    return {date: cost for date, cost in found.items() if _is_real(date)}


def _months(words: Words, at: int, *, must_say: bool) -> Iterator[tuple[int, int, float]]:
    for begin, price in _keyword(words, at, "thang", 1.0):
        if not (must_say and begin == at):
            for end, month, cost in _flat(_best(_month(words, begin))):
                yield end, month, price + cost


def _is_real(date: str) -> bool:
    year = int(date[:4])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return leap or not date.endswith("-02-29")
