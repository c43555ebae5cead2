#!/usr/bin/env python3
"""Measure search: recall, CPU time and memory of the index back ends on invented births.

    scripts/bench_search.py --records 100000 --queries 300 --backend sqlite --backend naive

Every second birth is damaged by the reader's own misreadings (`data/misreadings.json`): each name
goes through the letters that it took for others in lines which it misread, and the other readings
hold the right name as often as they did there. Those who are asked for are the only ones with
their name, marks left out, in their year. Each back end works in a process of its own.
`naive` is SQLite's FTS5 as it comes: names without marks, all words must be there. `elasticsearch`
and `elasticsearch-usual` (asciifolding and fuzziness, as most would set it up) ask a real server of
one node with 512 MB heap on this machine (`elasticsearch_test_server.py`); its CPU, with all it
does beside answering, stands in a column of its own.

With `--work FOLDER` what was built and answered stays there, and a run that was cut off goes on;
an index on a server is built again.
"""

import csv
import json
import multiprocessing
import os
import random
import sqlite3
import sys
import tempfile
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import click
from elasticsearch_test_server import Server, start, stop

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from elasticsearch_rivals import UsualElasticsearch, cpu_ms  # noqa: E402

from pipeline import plugs  # noqa: E402
from pipeline.index.backends import Index  # noqa: E402
from pipeline.index.documents import Document, document  # noqa: E402
from pipeline.index.query import readings  # noqa: E402
from pipeline.index.rank import rank  # noqa: E402
from pipeline.index.search import gathered  # noqa: E402
from pipeline.index.wanted import Query  # noqa: E402
from pipeline.letters import bare, nfc, syllables  # noqa: E402
from pipeline.places.tables import shipped_places  # noqa: E402
from pipeline.settings import ElasticsearchSettings, IndexSettings  # noqa: E402
from pipeline.store.database import Database, open_database  # noqa: E402
from pipeline.values import Alternative, Book, FieldValue, Record  # noqa: E402

DATA = Path(__file__).parent / "data"
FIRST_YEAR, LAST_YEAR = 1930, 2010
COMMUNES = 200
DISTRICTS = ("Việt Yên", "Hiệp Hòa", "Yên Dũng", "Lạng Giang", "Tân Yên", "Lục Nam", "Quế Võ")
DISTRICTS += ("Yên Phong", "Gia Bình", "Lương Tài", "Thuận Thành", "Tiên Du", "Lục Ngạn")
YEAR_NOISE = 0.04  # chance that the last digit of a damaged birth's year is another
OTHER_READINGS = 3
TONES = "\u0300\u0301\u0303\u0309\u0323"
OLD_TONES = {"òa": "oà", "óa": "oá", "ỏa": "oả", "õa": "oã", "ọa": "oạ"}
OLD_TONES |= {"ùy": "uỳ", "úy": "uý", "ủy": "uỷ", "ũy": "uỹ", "ụy": "uỵ"}
KEYS = "abcdeghiklmnopqrstuvxy"
NAIVE, USUAL, SERVED = "naive", "elasticsearch-usual", "elasticsearch"


class Birth(NamedTuple):
    """An invented birth."""

    id: str
    child: str
    mother: str
    father: str
    year: int
    commune: int


class Asked(NamedTuple):
    """A line of the search box and the id of the entry that is meant."""

    sort: str
    text: str
    id: str
    is_damaged: bool


@dataclass(frozen=True, slots=True)
class World:
    """What a benchmark's births are drawn from."""

    records: int
    seed: int
    first_year: int = FIRST_YEAR


class Answer(NamedTuple):
    """What came of a query: place among the first ten or 0, milliseconds of CPU here and there."""

    place: int
    among: bool
    spent: float
    served: float


@dataclass(frozen=True, slots=True)
class Row:
    """What came of the queries of one sort: shares found, CPU milliseconds."""

    sort: str
    at_1: float
    at_10: float
    damaged_at_10: float
    among: float
    p50: float
    p95: float
    server_p50: float
    server_p95: float


# The births


@cache
def names() -> dict[str, tuple[list[str], list[float]]]:
    """Return by kind the names with the running sums of their weights."""
    rows: dict[str, dict[str, float]] = defaultdict(dict)
    with (DATA / "names.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            rows[row["kind"]][row["name"]] = float(row["weight_old"])
    return {kind: (list(found), list(accumulate(found.values()))) for kind, found in rows.items()}


def draw(kind: str, dice: random.Random, count: int = 1) -> list[str]:
    """Return names of a kind by their weights."""
    known, sums = names()[kind]
    return dice.choices(known, cum_weights=sums, k=count)


def person(dice: random.Random, sex: str, surname: str = "") -> str:
    """Return a name."""
    middle = draw(f"middle-{sex}", dice, dice.choices([0, 1, 2], cum_weights=[2, 85, 100])[0])
    given = draw(f"given-{sex}", dice)
    return " ".join([surname or draw("surname", dice)[0], *middle, *given])


@cache
def communes() -> list[tuple[str, str]]:
    """Return communes with their districts, none of the same letters as another."""
    places = shipped_places()
    found: dict[str, tuple[str, str]] = {}
    for district in DISTRICTS:
        for unit in places.named(district):
            for part in places.parts(unit):
                found.setdefault(plain(part.name), (part.name, f"huyện {district}"))
    return list(found.values())[:COMMUNES]


def births(world: World) -> Iterator[Birth]:
    """Yield births book by book: a book holds those of a commune and a year."""
    dice = random.Random(world.seed)
    years = range(world.first_year, LAST_YEAR + 1)
    books = [(year, at) for year in years for at in range(len(communes()))]
    for number, (year, at) in enumerate(books):
        share = world.records * (number + 1) // len(books) - world.records * number // len(books)
        for row in range(1, share + 1):
            father = person(dice, "m")
            child = person(dice, dice.choice("mf"), father.split()[0])
            id_ = f"B{year}-{at}/1/-/{row}"
            yield Birth(id_, child, person(dice, "f"), father, year, at)


def is_damaged(number: int) -> bool:
    """Say whether the birth of this number is one of those that were misread."""
    return number % 2 == 1


# The damage


class Misreader:
    """Misreads as the reader did in lines that it misread."""

    def __init__(self) -> None:
        told = json.loads((DATA / "misreadings.json").read_text(encoding="utf-8"))
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for part in ("real", "names"):
            for letter, became in told[part]["letters_of_misread_lines"].items():
                counts[letter].update(became)
        added = counts.pop("", Counter())
        whole = sum(became.total() for became in counts.values())
        self._add = added.total() / whole
        self._added = _sums(added)
        self._wrong = {letter: 1 - c[letter] / c.total() for letter, c in counts.items()}
        self._became = {
            letter: _sums(Counter({read: n for read, n in became.items() if read != letter}))
            for letter, became in counts.items()
        }
        wrong = told["names"]["lines"] - told["names"]["right"]
        self.among = told["names"]["right_among_alternatives"] / wrong

    def read(self, name: str, dice: random.Random) -> str:
        """Return the name as it may be read."""
        letters = []
        for letter in name.lower():
            chance, wrong = dice.random(), self._wrong.get(letter, 0.0)
            if chance < wrong:
                known, sums = self._became[letter]
                letters.append(dice.choices(known, cum_weights=sums)[0])
                continue
            letters.append(letter)
            if chance > 1 - self._add:
                known, sums = self._added
                letters.append(dice.choices(known, cum_weights=sums)[0])
        return " ".join("".join(letters).title().split()) or name

    def readings(self, name: str, dice: random.Random) -> list[str]:
        """Return how the name is read, and what else the reader thinks possible."""
        first = self.read(name, dice)
        others = [self.read(name, dice) for _ in range(OTHER_READINGS)]
        if dice.random() < self.among:
            others[dice.randrange(OTHER_READINGS)] = name
        return list(dict.fromkeys([first, *others]))


def _sums(counts: Counter[str]) -> tuple[list[str], list[int]]:
    return list(counts), list(accumulate(counts.values()))


def as_document(birth: Birth, reader: Misreader | None, dice: random.Random) -> Document:
    """Return the birth as search sees it, misread when there is a reader."""
    year = str(birth.year)
    if reader and dice.random() < YEAR_NOISE:
        year = year[:3] + dice.choice("0123456789")
    told = {"nksHoTen": birth.child, "meHoTen": birth.mother, "chaHoTen": birth.father}
    fields = [FieldValue("nksNgaySinh", year, f"{year}-03-08", 0.9, 1, ())]
    for key, name in told.items():
        text, *others = reader.readings(name, dice) if reader else [name]
        alternatives = tuple(Alternative(other, 0.1) for other in others)
        fields.append(FieldValue(key, text, text, 0.9, 1, (), alternatives=alternatives))
    accession, _page, _side, row = birth.id.split("/")
    fields.append(FieldValue("so", row, row, 0.9, 1, ()))
    record = Record(birth.id, "birth_table", 1, None, int(row), (), tuple(fields))
    place = "xã {}, {}".format(*communes()[birth.commune])
    return document(record, Book(accession, "birth_table", place, (birth.year,) * 2, "01"))


def documents(world: World) -> Iterator[Document]:
    """Yield what is indexed."""
    dice, reader = random.Random(world.seed + 1), Misreader()
    for number, one in enumerate(births(world)):
        yield as_document(one, reader if is_damaged(number) else None, dice)


# The queries


def plain(name: str) -> str:
    """Return a name without marks."""
    return " ".join(bare(word) for word in syllables(name))


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
        letters[at] = dice.choice(KEYS)
    elif what == "missing":
        del letters[at]
    elif what == "extra":
        letters.insert(at, dice.choice(KEYS))
    elif letters[at + 1] != " ":
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def old_tone(name: str) -> str:
    """Return the name with the tones where they stood before the 1980s."""
    for new, old in OLD_TONES.items():
        name = name.replace(new, old)
    return name


def given(one: Birth) -> str:
    """Return the child's given name without marks."""
    return plain(one.child.split()[-1])


QUERIES: dict[str, Callable[[Birth, random.Random], str]] = {
    "exact": lambda one, _: f"{one.child} {one.year}",
    "no marks": lambda one, _: f"{plain(one.child)} {one.year}",
    "one wrong tone": lambda one, dice: f"{wrong_tone(one.child, dice)} {one.year}",
    "old tone placement": lambda one, _: f"{old_tone(one.child)} {one.year}",
    "one typing error": lambda one, dice: f"{typo(one.child, dice)} {one.year}",
    "given name + year + mother": lambda one, _: f"{given(one)} {one.year} me {plain(one.mother)}",
    "full name + commune + year": lambda one, _: (
        f"{plain(one.child)} {one.year} xa {plain(communes()[one.commune][0])}"
    ),
    "name + mother, no year": lambda one, _: f"{plain(one.child)} me {plain(one.mother)}",
    "year wrong by 1 to 3": lambda one, dice: (
        f"{plain(one.child)} {one.year + dice.choice([-3, -2, -1, 1, 2, 3])}"
    ),
}


def asked(world: World, count: int, seed: int) -> list[Asked]:
    """Return the queries: so many of each sort, each for a birth of its own."""
    told = Counter(hash((plain(one.child), one.year)) for one in births(world))
    dice = random.Random(seed)
    wanted = count * len(QUERIES)
    chance = min(1.0, 3 * wanted / world.records)
    chosen = [
        (one, is_damaged(number))
        for number, one in enumerate(births(world))
        if dice.random() < chance and told[hash((plain(one.child), one.year))] == 1
    ]
    chosen = dice.sample(chosen, min(wanted, len(chosen)))
    sorts = list(QUERIES)
    return [
        Asked(sorts[at % len(sorts)], QUERIES[sorts[at % len(sorts)]](one, dice), one.id, damaged)
        for at, (one, damaged) in enumerate(chosen)
    ]


# The rivals


class Rival(Protocol):
    """An index that ranks by itself."""

    def replace_all(self, found: Iterator[Document]) -> None:
        """Index them."""

    def ids(self, query: Query) -> list[str]:
        """Return the ids of the best ten."""


class NaiveIndex:
    """SQLite's FTS5 as it comes, over the names and the year, marks removed; all words must fit."""

    def __init__(self, database: Database) -> None:
        self._file = database.engine.url.database

    def replace_all(self, found: Iterator[Document]) -> None:
        """Index them."""
        with sqlite3.connect(str(self._file)) as raw:
            raw.execute(
                "CREATE VIRTUAL TABLE naive USING fts5(id UNINDEXED, words, "
                "tokenize='unicode61 remove_diacritics 2')"
            )
            raw.executemany("INSERT INTO naive VALUES (?, ?)", map(self._row, found))

    @staticmethod
    def _row(item: Document) -> tuple[str, str]:
        said = [name.text for name in item.names if not name.is_alternative]
        said += [str(year.year) for year in item.years]
        said += [text for _key, text in item.places]
        return item.id, " ".join(said).replace("đ", "d").replace("Đ", "D")

    def ids(self, query: Query) -> list[str]:
        """Return the ids of the best ten."""
        words = [word for name in query.names for word in name.said]
        words += [str(year) for year in query.years]
        words += [word for place in query.places for word in place.said]
        match = " ".join(f'"{word.replace("đ", "d")}"' for word in words)
        with sqlite3.connect(str(self._file)) as raw:
            return [
                row[0]
                for row in raw.execute(
                    "SELECT id FROM naive WHERE naive MATCH ? ORDER BY rank LIMIT 10", (match,)
                )
            ]


def opened(backend: str, folder: Path, server: Server | None) -> tuple[Index | Rival, Database]:
    """Open an index of that back end."""
    database = open_database(folder / "sohoa.db")
    if backend == NAIVE:
        return NaiveIndex(database), database
    told = IndexSettings(backend)
    if server:
        if backend == USUAL:
            return UsualElasticsearch(server.hosts[0]), database
        told = replace(told, elasticsearch=ElasticsearchSettings(server.hosts, prefix="bench"))
    made: Index = plugs.load("pipeline.index.backends", backend).create(told, database)
    return made, database


# Measuring


def build(
    backend: str, folder: Path, world: World, server: Server | None
) -> tuple[float, float, float, float]:
    """Build the index; return seconds of CPU here and by the clock, peak MB, the server's CPU.

    Making the births is left out.
    """
    index, database = opened(backend, folder, server)
    before = cpu_ms(server.pids[0]) if server else 0.0
    spent = [0.0, 0.0]

    def untimed() -> Iterator[Document]:
        made = documents(world)
        while True:
            cpu, clock = time.process_time(), time.perf_counter()
            some = list(islice(made, 1000))
            spent[0] += time.process_time() - cpu
            spent[1] += time.perf_counter() - clock
            if not some:
                return
            yield from some

    cpu, clock = time.process_time(), time.perf_counter()
    index.replace_all(untimed())
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    database.close()
    served = (cpu_ms(server.pids[0]) - before) / 1000 if server else 0.0
    return cpu - spent[0], clock - spent[1], memory_mb("VmHWM"), served


def answer(
    backend: str, folder: Path, told: Sequence[Asked], server: Server | None
) -> tuple[list[Row], float, list[tuple[str, str, int]]]:
    """Ask everything; return the rows, the resident MB, and what was not among the first ten."""
    file = folder / f"{backend}-{len(told)}.jsonl"
    found = [Answer(*json.loads(line)) for line in _lines(file)]
    index, database = opened(backend, folder, server)
    ask(index, readings(told[0].text))  # the first query reads the data of the program
    with file.open("a", encoding="utf-8") as kept:
        for one in told[len(found) :]:
            before = cpu_ms(server.pids[0]) if server else 0.0
            start = time.process_time()
            ids, among = ask(index, readings(one.text))
            spent = (time.process_time() - start) * 1000
            served = cpu_ms(server.pids[0]) - before if server else 0.0
            place = ids.index(one.id) + 1 if one.id in ids else 0
            found.append(Answer(place, one.id in among, spent, served))
            kept.write(json.dumps(found[-1]) + "\n")
            kept.flush()
    resident = memory_mb("VmRSS")
    database.close()
    by_sort: dict[str, list[tuple[Asked, Answer]]] = defaultdict(list)
    for one, got in zip(told, found, strict=True):
        by_sort[one.sort].append((one, got))
    missed = [
        (one.text, one.id, got.place)
        for one, got in zip(told, found, strict=True)
        if not 1 <= got.place <= 10
    ]
    return [row(sort, pairs) for sort, pairs in by_sort.items()], resident, missed


def _lines(file: Path) -> list[str]:
    """Return the whole lines of a file; none when it is not there."""
    if not file.is_file():
        return []
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.endswith("]")]


def ask(index: Index | Rival, queries: Sequence[Query]) -> tuple[list[str], set[str]]:
    """Return the ids found, best first, and those of all candidates."""
    if isinstance(index, NaiveIndex | UsualElasticsearch):
        ids = index.ids(queries[0])
        return ids, set(ids)
    found = gathered(index, queries, limit=10)
    return [one.document.id for one in rank(queries, found, limit=10)], {one.id for one in found}


def row(sort: str, found: Sequence[tuple[Asked, Answer]]) -> Row:
    """Count."""
    count = len(found)
    times = sorted(got.spent for _one, got in found)
    served = sorted(got.served for _one, got in found)
    places = [got.place for _one, got in found]
    damaged = [got.place for one, got in found if one.is_damaged]
    return Row(
        sort,
        sum(place == 1 for place in places) / count,
        sum(1 <= place <= 10 for place in places) / count,
        sum(1 <= place <= 10 for place in damaged) / max(1, len(damaged)),
        sum(got.among for _one, got in found) / count,
        times[count // 2],
        times[int(count * 0.95)],
        served[count // 2],
        served[int(count * 0.95)],
    )


def memory_mb(key: str) -> float:
    """Return VmRSS or VmHWM of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{key}:")[2].split()[0]) / 1024


@click.command()
@click.option("--records", default=100_000, show_default=True)
@click.option("--queries", default=300, show_default=True, help="Of each sort.")
@click.option("--backend", "backends", multiple=True, default=("sqlite",), show_default=True)
@click.option("--seed", default=1, show_default=True, help="Tune with another than this one.")
@click.option("--first-year", default=FIRST_YEAR, show_default=True, help="A later one: denser.")
@click.option("--work", type=click.Path(path_type=Path), help="Keep what was done here; go on.")
@click.option("--missed", default=0, help="Also print so many of the queries that failed.")
def main(
    records: int,
    queries: int,
    backends: Sequence[str],
    seed: int,
    first_year: int,
    work: Path | None,
    missed: int,
) -> None:
    """Print a table."""
    world = World(records, seed, first_year)
    told = asked(world, queries, seed + 2)
    print(f"{records:,} births, {len(told)} queries, seed {seed}")
    print("| back end | query | recall@1 | recall@10 | of the damaged | among the candidates "
          "| CPU ms p50 | p95 | server's p50 | p95 |\n" + "|---" * 10 + "|")  # fmt: skip
    notes = []
    for backend in backends:
        with folder_for(backend, world, work) as folder, served_by(backend) as server:
            note = folder / "built.json"
            if server or not note.is_file():
                for left in folder.glob("sohoa.db*"):
                    left.unlink()
                figures = alone(build, backend, folder, world, server)
                note.write_text(json.dumps([*figures, size_mb(folder, server)]), encoding="ascii")
            cpu, clock, peak, other_cpu, size = json.loads(note.read_text(encoding="ascii"))
            rows, resident, lost = alone(answer, backend, folder, told, server)
        for one in rows:
            print(f"| {backend} | {one.sort} | {one.at_1:.3f} | {one.at_10:.3f} "
                  f"| {one.damaged_at_10:.3f} | {one.among:.3f} | {one.p50:.0f} | {one.p95:.0f} "
                  f"| {one.server_p50:.0f} | {one.server_p95:.0f} |",
                  flush=True)  # fmt: skip
        notes.append(
            f"{backend}: built in {cpu:.0f} s of CPU (the server's: {other_cpu:.0f}), "
            f"{clock:.0f} s by the clock, "
            f"at most {peak:.0f} MB; file {size:.0f} MB; resident while searching {resident:.0f} MB"
        )
        notes += [f"  missed: {text} → {id_}, place {place}" for text, id_, place in lost[:missed]]
    print("\n".join(notes))


@contextmanager
def folder_for(backend: str, world: World, work: Path | None) -> Iterator[Path]:
    """Return where a back end's index lies: under `work` it stays."""
    if work is None:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
        return
    folder = work / f"{backend}-{world.records}-{world.first_year}-{world.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


def size_mb(folder: Path, server: Server | None) -> float:
    """Return the megabytes of an index on the disk."""
    if server:
        told = server.call("GET", "/_stats/store")["_all"]["total"]["store"]["size_in_bytes"]
        return float(told) / 1e6
    return sum(part.stat().st_size for part in folder.glob("sohoa.db*")) / 1e6


@contextmanager
def served_by(backend: str) -> Iterator[Server | None]:
    """Start the server that a back end needs, and stop it; None when it needs none."""
    if backend not in (SERVED, USUAL):
        yield None
        return
    server = start(lives_with=os.getpid())
    print(f"Elasticsearch {server.version}, edition {server.edition}", file=sys.stderr)
    try:
        yield server
    finally:
        stop(server.folder)


def alone(task: Callable[..., Any], *args: object) -> Any:
    """Run a task in a fresh process, so that its memory is its own."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(task, *args).result()


if __name__ == "__main__":
    main()
