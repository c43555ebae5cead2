"""Measure search: recall and CPU time of the index back ends on invented births, half misread.

    .venv/bin/python scripts/bench_search.py --records 100000 --queries 300

Names are drawn by the weights in `data/names.tsv`. Every second record is damaged as a
reader damages handwriting; the asked ones are the only ones with their name and year.
"""

import argparse
import csv
import random
import tempfile
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline import plugs
from pipeline.index.backends import Index
from pipeline.index.documents import Document, document
from pipeline.index.query import parse
from pipeline.index.rank import rank
from pipeline.letters import bare, nfc
from pipeline.settings import IndexSettings
from pipeline.store.database import open_database
from pipeline.values import Book, FieldValue, Record

NAMES: dict[str, dict[str, float]] = defaultdict(dict)
with (Path(__file__).parent / "data" / "names.tsv").open(encoding="utf-8") as lines:
    for row in csv.DictReader(lines, delimiter="\t"):
        NAMES[row["kind"]][row["name"]] = float(row["weight_old"])
YEARS = range(1930, 2011)
LETTER_NOISE = 0.15  # chance that a letter of a damaged name is hit
YEAR_NOISE = 0.04
MARKS = ["aáàảãạăắằẳẵặâấầẩẫậ", "eéèẻẽẹêếềểễệ", "iíìỉĩị", "oóòỏõọôốồổỗộơớờởỡợ"]
MARKS += ["uúùủũụưứừửữự", "yýỳỷỹỵ", "dđ"]
LOOKALIKES = ["nmuv", "aoec", "iltj", "hkb", "gqy", "rx", "sc"]
TONES = "\u0300\u0301\u0303\u0309\u0323"
OLD_TONES = {"òa": "oà", "óa": "oá", "ỏa": "oả", "õa": "oã", "ọa": "oạ"}
OLD_TONES |= {"ùy": "uỳ", "úy": "uý", "ủy": "uỷ", "ũy": "uỹ", "ụy": "uỵ"}


@dataclass(frozen=True)
class Birth:
    """An invented birth."""

    id: str
    child: str
    mother: str
    father: str
    year: int


def draw(names: dict[str, float], dice: random.Random, count: int = 1) -> list[str]:
    return dice.choices(list(names), list(names.values()), k=count)


def person(dice: random.Random, sex: str, surname: str = "") -> str:
    middle = draw(NAMES[f"middle-{sex}"], dice, dice.choices([0, 1, 2], [2, 83, 15])[0])
    given = draw(NAMES[f"given-{sex}"], dice)
    return " ".join([surname or draw(NAMES["surname"], dice)[0], *middle, *given])


def births(count: int, dice: random.Random) -> list[Birth]:
    found = []
    for index in range(count):
        father = person(dice, "m")
        child = person(dice, dice.choice(["m", "f"]), father.split()[0])
        year = dice.choice(YEARS)
        book = f"B{year}-{index % 40:02}"
        found.append(Birth(f"{book}/{index}/-/1", child, person(dice, "f"), father, year))
    return found


def misread(name: str, dice: random.Random) -> str:
    return "".join(_misread_letter(letter, dice) for letter in name)


def _misread_letter(letter: str, dice: random.Random) -> str:
    if letter == " " or dice.random() > LETTER_NOISE:
        return letter
    what = dice.choices(["mark", "letter", "lost", "doubled"], [45, 35, 13, 7])[0]
    low = letter.lower()
    if what == "mark":
        return dice.choice(next((group for group in MARKS if low in group), letter))
    if what == "letter":
        plain = bare(low)
        return dice.choice(next((group for group in LOOKALIKES if plain in group), letter))
    return "" if what == "lost" else letter * 2


def as_document(birth: Birth, *, dice: random.Random | None) -> Document:
    """Return the birth as search sees it, misread when there are dice."""
    year = str(birth.year)
    names = {"nksHoTen": birth.child, "meHoTen": birth.mother, "chaHoTen": birth.father}
    if dice:
        names = {key: misread(name, dice) for key, name in names.items()}
        if dice.random() < YEAR_NOISE:
            year = year[:3] + dice.choice("0123456789")
    fields = {**names, "nksNgaySinh": f"{year}-03-08"}
    accession, page, _side, _row = birth.id.split("/")
    record = Record(
        id=birth.id,
        form="birth_table",
        page=int(page),
        side=None,
        row=1,
        polygon=(),
        fields=tuple(FieldValue(key, value, value, 0.9, 1, ()) for key, value in fields.items()),
    )
    book = Book(accession, "birth_table", "xã Vân Trung", (birth.year, birth.year), "01")
    return document(record, book)


def wrong_tone(name: str, dice: random.Random) -> str:
    """Return the name with the tone of one syllable changed."""
    said = name.split()
    at = dice.randrange(len(said))
    letters = unicodedata.normalize("NFD", said[at])
    bare_letters = [letter for letter in letters if letter not in TONES]
    vowels = [i for i, letter in enumerate(bare_letters) if letter.lower() in "aeiouy"]
    bare_letters.insert(vowels[-1] + 1 if vowels else len(bare_letters), dice.choice(TONES))
    said[at] = nfc("".join(bare_letters))
    return " ".join(said)


def typo(name: str, dice: random.Random) -> str:
    """Return the name without marks and with one letter wrong, missing, doubled or swapped."""
    letters = list(plain(name))
    at = dice.choice([i for i, letter in enumerate(letters[:-1]) if letter != " "])
    what = dice.choice(["wrong", "missing", "extra", "swapped"])
    if what == "wrong":
        letters[at] = dice.choice("abcdeghiklmnopqrstuvxy")
    elif what == "missing":
        del letters[at]
    elif what == "extra":
        letters.insert(at, dice.choice("abcdeghiklmnopqrstuvxy"))
    elif letters[at + 1] != " ":
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def plain(name: str) -> str:
    return " ".join(bare(word) for word in name.split())


def old_tone(name: str) -> str:
    for new, old in OLD_TONES.items():
        name = name.replace(new, old)
    return name


QUERIES: dict[str, Callable[[Birth, random.Random], str]] = {
    "i    exact": lambda one, _: f"{one.child} {one.year}",
    "ii   no marks": lambda one, _: f"{plain(one.child)} {one.year}",
    "iii  one wrong tone": lambda one, dice: f"{wrong_tone(one.child, dice)} {one.year}",
    "iv   one typo": lambda one, dice: f"{typo(one.child, dice)} {one.year}",
    "v    given + mother": lambda one, _: (
        f"{plain(one.child.split()[-1])} {one.year} me {plain(one.mother)}"
    ),
    "vi   old tone place": lambda one, _: f"{old_tone(one.child)} {one.year}",
    "vii  mother, no year": lambda one, _: f"{plain(one.child)} me {plain(one.mother)}",
    "viii year off by one": lambda one, dice: (
        f"{plain(one.child)} {one.year + dice.choice([-1, 1])}"
    ),
    "ix   name, no year": lambda one, _: plain(one.child),
}


def measure(index: Index, asked: Sequence[Birth], make: Callable[[Birth], str], limit: int) -> str:
    at_1 = at_10 = among = 0
    times = []
    for one in asked:
        text = make(one)
        start = time.process_time()
        query = parse(text)
        found = index.candidates(query, limit)
        ids = [item.document.id for item in rank(query, found)[:10]]
        times.append((time.process_time() - start) * 1000)
        at_1 += ids[:1] == [one.id]
        at_10 += one.id in ids
        among += any(item.id == one.id for item in found)
    times.sort()
    count = len(asked)
    return (
        f"{at_1 / count:6.3f} {at_10 / count:6.3f} {among / count:6.3f}"
        f" {times[count // 2]:7.1f} {times[int(count * 0.95)]:7.1f}"
    )


def unique(all_births: Sequence[Birth]) -> list[int]:
    """Return the places of births whose name and year no other birth has."""
    seen = Counter((one.child, one.year) for one in all_births)
    return [at for at, one in enumerate(all_births) if seen[(one.child, one.year)] == 1]


def documents(all_births: Sequence[Birth], seed: int) -> Iterator[Document]:
    dice = random.Random(seed + 1)
    for at, one in enumerate(all_births):
        yield as_document(one, dice=dice if at % 2 else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--candidates", type=int, default=200)
    parser.add_argument("--backend", default="sqlite")
    parser.add_argument("--seed", type=int, default=7)
    told = parser.parse_args()
    all_births = births(told.records, random.Random(told.seed))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sohoa.db"
        database = open_database(file)
        backend = plugs.load("pipeline.index.backends", told.backend)
        index: Index = backend.create(IndexSettings(told.backend), database)
        start = time.process_time()
        index.replace_all(documents(all_births, told.seed))
        seconds = time.process_time() - start
        size_mb = sum(part.stat().st_size for part in Path(folder).glob("sohoa.db*")) / 1e6
        print(f"{told.backend}: {index.count()} records, {seconds:.1f} CPU s, {size_mb:.0f} MB")
        print(f"{'query':22}  half    r@1   r@10   cand     p50     p95 CPU ms")
        dice = random.Random(told.seed + 2)
        places = unique(all_births)
        for half, odd in (("clean", 0), ("noisy", 1)):
            asked = dice.sample([at for at in places if at % 2 == odd], told.queries)
            chosen = [replace(all_births[at]) for at in asked]
            for name, make in QUERIES.items():
                row = measure(
                    index, chosen, lambda one, make=make: make(one, dice), told.candidates
                )
                print(f"{name:22} {half:6} {row}", flush=True)
        database.close()


if __name__ == "__main__":
    main()
