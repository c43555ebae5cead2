"""Invent what a line of a register may say: names, dates, places, numbers, the printed labels.

The word lists are those of the lexicon and of the places (`--shared`); nothing is taken from the
transcriptions of real lines, so that a reader's own language never holds a test's answer.
"""

import csv
import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from line_pictures import TONES
from synthesis.invent import kinh_name
from synthesis.writing import DATES, DITTO_MARKS, date_in_words, year_in_words

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMAS = ROOT / "schemas"
ASTERNET = ROOT / "ocr_models" / "vie" / "asternet"
# Those of the first handwriting model, then the upland letters and the signs that it lacks.
CHARACTERS = (ASTERNET / "characters.txt").read_text(encoding="utf-8").rstrip("\n") + (
    "ŏŎŭŬčČñÑƀĭĬç²³½×〃"
)
SAME = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "ð": "đ", "Ð": "Đ"}


@dataclass(frozen=True, slots=True)
class Lists:
    """Words to put texts together from.

    Attributes:
        phrases: by kind (ethnic, occupation, …): the phrase and its variants.
        communes: triples of commune, district and province, with their levels.
        syllables: attested ones with weights.
        labels: what is printed on forms and in the heads of tables.
    """

    surnames: tuple[Sequence[str], Sequence[float]]
    middles: tuple[Sequence[str], Sequence[float]]
    givens: tuple[Sequence[str], Sequence[float]]
    peoples: dict[str, dict[str, list[str]]]
    phrases: dict[str, list[str]]
    communes: list[tuple[str, str, str]]
    villages: list[str]
    streets: list[str]
    generics: list[str]
    date_words: dict[str, list[str]]
    syllables: tuple[Sequence[str], Sequence[float]]
    labels: list[str]


def load_lists(shared: Path) -> Lists:
    """Read the word lists of a `shared` folder and the labels of the project's schemas."""
    lexicon = shared / "lexicon"
    peoples: dict[str, dict[str, list[str]]] = {}
    for row in _rows(lexicon / "minority-names.tsv"):
        peoples.setdefault(row["group"], {}).setdefault(row["position"], []).append(row["token"])
    phrases: dict[str, list[str]] = {}
    for row in _rows(lexicon / "phrases.tsv"):
        variants = [row["phrase"], *filter(None, row["variants"].split(";"))]
        phrases.setdefault(row["kind"], []).extend(map(_plain, variants))
    words: dict[str, list[str]] = {}
    for row in _rows(lexicon / "dates-in-words.tsv"):
        words.setdefault(row["part"], []).append(row["phrase"])
    generics = [
        r["value"] for r in _rows(lexicon / "village-patterns.tsv") if r["slot"] == "generic"
    ]
    communes = {
        (row["name"], row["district"], row["province"])
        for file in sorted((shared / "places").glob("communes-*.csv"))
        for row in _rows(file, ",")
        if row["name"] and row["district"]
    }
    return Lists(
        surnames=_weighed(lexicon / "surnames.tsv", "surname", "weight"),
        middles=_weighed(lexicon / "middle-names.tsv", "name", "weight"),
        givens=_weighed(lexicon / "given-names.tsv", "name", "weight"),
        peoples=peoples,
        phrases=phrases,
        communes=sorted(communes),
        villages=(lexicon / "villages.txt").read_text(encoding="utf-8").splitlines(),
        streets=[row["name"] for row in _rows(lexicon / "streets.tsv")],
        generics=generics,
        date_words=words,
        syllables=_weighed(lexicon / "syllables-freq.tsv", "syllable", "ppm"),
        labels=sorted(
            {_plain(label) for file in SCHEMAS.glob("*.json") for label in _labels(file)}
        ),
    )


def draw_text(rng: Random, lists: Lists, kinds: dict[str, float] | None = None) -> str:
    """Return the text of one line, NFC, with letters of CHARACTERS only.

    Args:
        kinds: weights of the kinds to draw from; the mix of registers when left out.
    """
    weights = kinds or MIX
    while True:
        kind = rng.choices(list(weights), list(weights.values()))[0]
        text = " ".join(_plain(_case(rng, KINDS[kind](rng, lists), kind)).split())
        if text and len(text) <= 70 and set(text) <= _LETTERS:
            return text


_LETTERS = frozenset(CHARACTERS)


def _plain(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return "".join(SAME.get(letter, letter) for letter in composed)


def _rows(file: Path, delimiter: str = "\t") -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream, delimiter=delimiter)


def _weighed(file: Path, word: str, weight: str) -> tuple[list[str], list[float]]:
    """Return words with the square roots of their weights: rare ones must be seen too."""
    rows = [(row[word], max(float(row[weight]), 0.001) ** 0.5) for row in _rows(file)]
    return [name for name, _ in rows], [heavy for _, heavy in rows]


def _labels(file: Path) -> Iterator[str]:
    """Return all labels in a schema file: strings and lists of strings under x-label keys."""

    def walk(node: Any, *, inside: bool) -> Iterator[str]:
        if isinstance(node, str) and inside and any(letter.isalpha() for letter in node):
            yield node
        elif isinstance(node, list):
            for item in node:
                yield from walk(item, inside=inside)
        elif isinstance(node, dict):
            for key, value in node.items():
                yield from walk(value, inside=inside or "label" in key or key == "title")

    yield from walk(json.loads(file.read_text(encoding="utf-8")), inside=False)


def _name(rng: Random, lists: Lists) -> str:
    if rng.random() < 0.4:
        surname = rng.choices(*lists.surnames)[0]
        return kinh_name(rng, surname, female=rng.random() < 0.5, year=rng.randrange(1940, 2020))
    parts = [rng.choices(*lists.surnames)[0], rng.choices(*lists.givens)[0]]
    if rng.random() < 0.85:
        parts.insert(1, rng.choices(*lists.middles)[0])
    if rng.random() < 0.12:
        short = {"Nguyễn": "Ng.", "Văn": "V.", "Thị": "Th.", "Trần": "Tr."}
        parts = [short.get(part, part) for part in parts]
    title = rng.choice(("Hộ ông ", "Hộ bà ", "Ông ", "Bà ", "và bà ", "và ông ", "ông: ", "Bà: "))
    return (title if rng.random() < 0.12 else "") + " ".join(parts)


def _minority_name(rng: Random, lists: Lists) -> str:
    way = lists.peoples[rng.choice(list(lists.peoples))]
    order = ("prefix", "surname", "clan", "middle", "given", "clan_last")
    parts = [rng.choice(way[slot]) for slot in order if slot in way and rng.random() < 0.9]
    return " ".join(parts) or rng.choice(next(iter(way.values())))


def _day(rng: Random) -> date:
    return date(1930, 1, 1) + timedelta(days=rng.randrange(35_000))


def _date(rng: Random, _lists: Lists) -> str:
    day = _day(rng)
    form = rng.choice(
        (
            *DATES,
            "{d:02}-{m:02}-{y}",
            "{d}.{m}.{yy:02}",
            "{d:02}/{m:02}/{yy:02}",
            "{d} - {m} - {y}",
            "{m}/{y}",
            "{y}",
            "{d}/{m}",
            "Ngày {d} tháng {m} năm {y}",
            "ngày {d:02} tháng {m:02} năm {y}",
            "{d}{m:02}{y}",
            "SN {y}",
            "năm {y}",
        )
    )
    return form.format(d=day.day, m=day.month, y=day.year, yy=day.year % 100)


def _worded_date(rng: Random, lists: Lists) -> str:
    if rng.random() < 0.5:
        words = date_in_words(_day(rng))
        cut = rng.random()
        if cut < 0.3:
            return words.partition(", năm ")[0]
        return words if cut < 0.6 else f"năm {year_in_words(_day(rng).year)}"
    return rng.choice(lists.date_words[rng.choice(list(lists.date_words))])


SHORT_HAMLETS = ("TDP", "Tdp", "KP", "Kp", "KV", "Kv", "SN", "Sn", "T", "Ngõ", "Ngách", "Hẻm",
                 "Kiệt", "Lô", "Tổ dân phố số", "Khu vực", "Đường số", "Nhóm")  # fmt: skip


def _hamlet(rng: Random, lists: Lists) -> str:
    if rng.random() < 0.15:  # a group of houses in a quarter: Tổ 26 KP 3
        return f"{_hamlet(rng, lists)}{rng.choice((', ', ' ', ' '))}{_hamlet(rng, lists)}"
    generic = rng.choice(lists.generics)
    chance = rng.random()
    if chance < 0.15:
        number = f"{rng.randrange(1, 99)}{rng.choice(('', '', '', 'A', 'B', 'a', 'b'))}"
        return f"{rng.choice(SHORT_HAMLETS)}{rng.choice(('', ' ', ' '))}{number}"
    if chance < 0.3:
        return f"{generic} {rng.randrange(1, 20)}"
    return f"{generic} {rng.choice(lists.villages)}" if chance < 0.8 else rng.choice(lists.villages)


SHORT_LEVELS = {
    "Thành phố": ("TP", "Tp.", "TP."),
    "Thị trấn": ("TT", "TT."),
    "Thị xã": ("TX", "Tx"),
    "Phường": ("P", "P.", "Ph."),
    "Huyện": ("H", "H.", "huyện"),
    "Quận": ("Q", "Q."),
    "Tỉnh": ("T.", "tỉnh"),
    "Xã": ("X.", "xã"),
}


def bare_unit(unit: str) -> str:
    """Return the name of a unit without its level."""
    for level in SHORT_LEVELS:
        if unit.startswith(f"{level} "):
            return unit.removeprefix(f"{level} ")
    return unit


def _unit(rng: Random, unit: str) -> str:
    """Write a unit bare, with its level, or with the level shortened."""
    chance = rng.random()
    if chance < 0.45:
        return bare_unit(unit)
    for level, short in SHORT_LEVELS.items():
        if unit.startswith(f"{level} ") and chance < 0.7:
            return unit.replace(level, rng.choice(short), 1)
    return unit[0].lower() + unit[1:] if chance < 0.85 else unit


def _place(rng: Random, lists: Lists) -> str:
    units = [_unit(rng, unit) for unit in rng.choice(lists.communes)]
    first = rng.choices(range(3), (6, 2, 2))[0]
    last = rng.choices(range(first, 3), (1, 2, 6)[first:])[0]
    parts = units[first : last + 1]
    if first == 0 and rng.random() < 0.6:
        parts.insert(0, _hamlet(rng, lists) if rng.random() < 0.5 else _street(rng, lists))
    joint = rng.choice((", ", " ", " - ", ", ", ","))
    return joint.join(parts)


def _street(rng: Random, lists: Lists) -> str:
    number = str(rng.randrange(1, 900))
    if rng.random() < 0.35:
        number += rng.choice(("/", "/", "-", "")) + rng.choice(
            (str(rng.randrange(1, 90)), "A", "B", "bis")
        )
    return f"{rng.choice(('', 'Số ', 'số ', ''))}{number} {rng.choice(lists.streets)}"


def _number(rng: Random, _lists: Lists) -> str:
    number = rng.randrange(1, 10 ** rng.randrange(1, 5))
    forms: tuple[Callable[[], str], ...] = (
        lambda: f"{number}",
        lambda: f"{number:02}",
        lambda: f"{number}/{rng.randrange(1950, 2024)}",
        lambda: f"{number},{rng.randrange(10)}",
        lambda: f"{number}.{rng.randrange(10)}",
        lambda: f"{number} m²",
        lambda: f"{number},{rng.randrange(100):02} m2",
        lambda: f"{number} tuổi",
        lambda: f"{rng.randrange(16, 90)}",
        lambda: f"{rng.randrange(16, 90)} t",
        lambda: f"số {number}",
        lambda: f"Số: {number}/{rng.choice(('KS', 'KT', 'KH', 'TP-HT', 'QĐ-UBND', 'GCN'))}",
        lambda: f"Quyển số {number % 20:02}/{rng.randrange(1950, 2024)}",
        lambda: f"{rng.randrange(10**8, 10**9)}",
        lambda: f"{rng.randrange(10**11, 10**12):012}",
        lambda: f"0{rng.randrange(10**8, 10**9)}",
        lambda: f"{number}{rng.choice('abc')}",
        lambda: f"tờ {rng.randrange(1, 60)} thửa {number}",
    )
    return rng.choice(forms)()


LAND = (
    "ODT",
    "ONT",
    "CLN",
    "LUC",
    "LUK",
    "BHK",
    "NTS",
    "RSX",
    "DGT",
    "DGD",
    "DSH",
    "TSN",
    "TMD",
    "UBS",
    "UBQ",
    "GDC",
    "CDS",
    "TKT",
    "BCS",
    "NHK",
    "HNK",
    "LNQ",
    "LUA",
    "2L",
    "T",
    "Thổ",
    "ao",
)


def _code(rng: Random, lists: Lists) -> str:
    if rng.random() < 0.5:
        return "+".join(rng.sample(LAND, rng.choice((1, 1, 1, 2))))
    return rng.choice(lists.phrases["land_use"])


def _phrase(rng: Random, lists: Lists) -> str:
    kind = rng.choice([kind for kind in lists.phrases if kind != "nationality"] + ["ethnic"] * 4)
    return rng.choice(lists.phrases[kind])


def _short(rng: Random, _lists: Lists) -> str:
    return rng.choice(
        (
            *DITTO_MARKS,
            "Nam",
            "Nữ",
            "nam",
            "nữ",
            "Kinh",
            "VN",
            "Việt Nam",
            "x",
            "X",
            "-",
            "LR",
            "làm ruộng",
            "Làm ruộng",
            "CN",
            "//",
            "/",
            "không",
            "Không",
        )
    )


def _prose(rng: Random, lists: Lists) -> str:
    return " ".join(rng.choices(*lists.syllables, k=rng.randrange(1, 8)))


def _label(rng: Random, lists: Lists) -> str:
    label = rng.choice(lists.labels)
    return label + rng.choice(("", ":", " :", ":"))


def _noise(rng: Random, _lists: Lists) -> str:
    """Return letters without sense: what is rare must be seen, and nothing taken on trust."""
    rare = "ŏŎŭŬčČñÑƀĭĬç²³½×°ẴẶẪẬẼỄĨỔỖỠỮỴỹỵẵẫễỗỡữ%+$&=*#@_<>()[]"
    words = []
    for _ in range(rng.randrange(1, 4)):
        pool = rare if rng.random() < 0.3 else CHARACTERS
        words.append("".join(rng.choice(pool) for _ in range(rng.randrange(1, 6))))
    return " ".join(words)


def _case(rng: Random, text: str, kind: str) -> str:
    chance = rng.random()
    if kind in ("noise", "number", "code", "date", "short"):
        return text
    if rng.random() < 0.3:
        for new, old in TONES.items():  # hòa and hoà are both written
            text = "".join(new if part == old else part for part in _parts(text, old))
    if chance < 0.07:
        return text.upper()
    if chance < 0.13 and kind != "name":
        return text.lower()
    return text[:1].upper() + text[1:] if kind in ("prose", "phrase") and chance < 0.5 else text


def _parts(text: str, piece: str) -> Iterator[str]:
    """Return the text in parts, each `piece` at a word's end on its own."""
    words = text.split(" ")
    for index, word in enumerate(words):
        tail = "" if index == len(words) - 1 else " "
        if word.endswith(piece):
            yield word[: -len(piece)]
            yield piece
            yield tail
        else:
            yield word + tail


KINDS: dict[str, Callable[[Random, Lists], str]] = {
    "name": _name,
    "minority": _minority_name,
    "date": _date,
    "worded": _worded_date,
    "place": _place,
    "hamlet": _hamlet,
    "street": _street,
    "number": _number,
    "code": _code,
    "phrase": _phrase,
    "short": _short,
    "prose": _prose,
    "label": _label,
    "noise": _noise,
}
MIX = {
    "name": 20,
    "minority": 5,
    "date": 11,
    "worded": 8,
    "place": 17,
    "hamlet": 4,
    "street": 4,
    "number": 11,
    "code": 3,
    "phrase": 7,
    "short": 4,
    "prose": 5,
    "label": 2,
    "noise": 2,
}
PRINTED = {**MIX, "label": 40}
