"""Fit the weights of links on invented families, and measure them on others.

    .venv/bin/python scripts/fit_links.py                 fit, write schemas/links.json, measure
    .venv/bin/python scripts/fit_links.py --only-measure  measure what is in schemas/links.json

The families of fitting and of measuring have other seeds. m and u are counted on the pairs that
the index offers; half a pair is added to each count. Where hardly any pair of two people was
offered (recognitions), strangers are taken to agree as often as in the other kinds. A true pair
that the index does not offer counts as missed.
"""

import argparse
import json
import math
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any

from synthesis.families import World, families

from pipeline.flow.book import index_of
from pipeline.flow.links import commonness
from pipeline.index.documents import document
from pipeline.index.links.people import people
from pipeline.index.links.suggest import pairs, suggest
from pipeline.index.links.weights import LinkRules, read_rules
from pipeline.index.rules import search_rules
from pipeline.places.lookup import lies_today
from pipeline.places.tables import load_places
from pipeline.settings import Settings, shipped
from pipeline.store.database import Database, open_database
from pipeline.values import Book, Record

FILE = shipped("schemas") / "links.json"
CONFUSIONS = shipped("schemas") / "confusions.json"
FITTING, MEASURING = (11, 12, 13), (21, 22)
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99)
FEW = 100  # pairs of two people; a kind that saw fewer takes the rest from all kinds
TOP = 8.0  # bits; no level is trusted further than the pairs that were seen allow

Ends = tuple[str, str, str, str]  # record and role of one, of two


class Town:
    """An archive with the books of a world."""

    def __init__(self, folder: Path, couples: int, seed: int, confusions: Path) -> None:
        self.world: World = families(couples, seed, confusions)
        folder.mkdir()
        self.settings = Settings(folder, "x")
        self.database: Database = open_database(folder / "sohoa.db")
        self.index = index_of(self.database, self.settings)
        for accession, book in self.world.books.items():
            self.database.add_book(book)
            records = self.world.records[accession]
            with self.database.write() as connection:
                self.database.keep_records(connection, accession, records)
                self.index.put([document(one, book) for one in records], connection)
        self.commonness = commonness(self.database, self.database.books())
        self.numbers = {
            (record.id, person.role): self.world.truth[record.id, key]
            for record, book in self.all()
            for person in people(record, book)
            for key in [_key(record, person.role)]
        }

    def all(self) -> Iterator[tuple[Record, Book]]:
        """Yield all records with their books."""
        for accession, book in self.world.books.items():
            for record in self.world.records[accession]:
                yield record, book

    def true_pairs(self, rules: LinkRules) -> dict[str, set[Ends]]:
        """Return by kind of link the pairs that are one person."""
        by_number: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
        for record, book in self.all():
            kind = search_rules().kind_of(book.form)
            for person in people(record, book):
                number = self.numbers[record.id, person.role]
                by_number[number].append((kind, record.id, person.role))
        found: dict[str, set[Ends]] = {name: set() for name in rules.kinds}
        for name, kind in rules.kinds.items():
            for told in by_number.values():
                ones = [(id_, role) for book, id_, role in told if (book, role) in _ends(kind.one)]
                twos = [(id_, role) for book, id_, role in told if (book, role) in _ends(kind.two)]
                couples = (
                    combinations(sorted(ones), 2) if kind.one == kind.two else product(ones, twos)
                )
                found[name] |= {(*one, *two) for one, two in couples}
        return found


def _ends(end: tuple[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    return {(end[0], role) for role in end[1]}


def _key(record: Record, role: str) -> str:
    rules = search_rules()
    return next(one.key for one in record.fields if rules.names.get(one.key) == role)


@cache
def today() -> Callable[[str], tuple[str, ...]]:
    places = load_places()
    return cache(lambda written: lies_today(places, written))


def fit(told: dict[str, Any], towns: list[Town]) -> None:
    """Put prior and weights into what the file says."""
    rules = read_rules(told)
    counts: dict[str, dict[bool, dict[str, Counter[str]]]] = {
        name: {same: defaultdict(Counter) for same in (True, False)} for name in rules.kinds
    }
    seen: dict[str, Counter[bool]] = {name: Counter() for name in rules.kinds}
    for town in towns:
        for record, book in town.all():
            for pair in pairs(
                record,
                book,
                town.index,
                town.database.find_records,
                rules,
                town.commonness,
                today(),
            ):
                same = (
                    town.numbers[pair.one.record, pair.one.role]
                    == town.numbers[pair.two.record, pair.two.role]
                )
                seen[pair.kind.name][same] += 1
                for feature, level in pair.levels.items():
                    counts[pair.kind.name][same][feature][level] += 1
    strangers: dict[str, Counter[str]] = defaultdict(Counter)
    for count in counts.values():
        for feature, seen_levels in count[False].items():
            strangers[feature].update(seen_levels)
    for name, kind in told["kinds"].items():
        odds = (seen[name][True] + 0.5) / (seen[name][False] + 0.5)
        # a larger archive than these towns offers more people who are others
        kind["prior"] = min(0.0, round(math.log2(odds), 2))
        kind["weights"] = _weights(counts[name], strangers)
        print(f"{name}: {seen[name][True]} pairs of one person, {seen[name][False]} others")


def _weights(
    counts: Mapping[bool, Mapping[str, Counter[str]]], strangers: Mapping[str, Counter[str]]
) -> dict[str, dict[str, float]]:
    """Return the bits by feature and level; `strangers` are those of all kinds together."""
    found: dict[str, dict[str, float]] = {}
    for feature in sorted({*counts[True], *counts[False]}):
        same, other = counts[True][feature], counts[False][feature]
        lent = strangers[feature]
        share = max(0, FEW - other.total()) / max(1, lent.total())
        levels = sorted({*same, *other, *(lent if share else ())})
        found[feature] = {}
        for level in levels:
            seen = other[level] + share * lent[level]
            whole = other.total() + share * lent.total()
            m = (same[level] + 0.5) / (same.total() + 0.5 * len(levels))
            u = (seen + 0.5) / (whole + 0.5 * len(levels))
            bits = max(-TOP, min(TOP, math.log2(m / u)))
            found[feature][level] = round(bits, 2)
    return found


def measure(rules: LinkRules, towns: list[Town]) -> None:
    """Print precision and recall by kind and threshold."""
    truth: Counter[str] = Counter()
    hits: dict[tuple[str, float], Counter[bool]] = defaultdict(Counter)
    count = 0
    start = time.process_time()
    for town in towns:
        true = town.true_pairs(rules)
        truth.update({name: len(own) for name, own in true.items()})
        told = {}
        for record, book in town.all():
            count += 1
            for one in suggest(
                record,
                book,
                town.index,
                town.database.find_records,
                rules,
                town.commonness,
                today(),
            ):
                told[one.kind, one.one, one.two, one.roles] = one
        for one in told.values():
            ends = (one.one, one.roles[0], one.two, one.roles[1])
            for threshold in THRESHOLDS:
                if one.score >= threshold:
                    hits[one.kind, threshold][ends in true[one.kind]] += 1
    spent = (time.process_time() - start) / count
    print(f"{count} records, {spent * 1000:.0f} CPU ms a record")
    print("| kind | true pairs | " + " | ".join(f"≥ {one}" for one in THRESHOLDS) + " |")
    print("|---|---|" + "---|" * len(THRESHOLDS))
    for name in rules.kinds:
        cells = []
        for threshold in THRESHOLDS:
            right, wrong = hits[name, threshold][True], hits[name, threshold][False]
            precision = right / (right + wrong) if right + wrong else 1.0
            cells.append(f"{precision:.3f} / {right / max(1, truth[name]):.3f}")
        print(f"| {name} | {truth[name]} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--couples", type=int, default=40, help="with which each world begins")
    parser.add_argument("--only-measure", action="store_true")
    parser.add_argument("--confusions", type=Path, default=CONFUSIONS)
    chosen = parser.parse_args()
    told = json.loads(FILE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="sohoa-") as folder:

        def towns(seeds: tuple[int, ...]) -> list[Town]:
            return [
                Town(Path(folder) / str(seed), chosen.couples, seed, chosen.confusions)
                for seed in seeds
            ]

        if not chosen.only_measure:
            fit(told, towns(FITTING))
            told["card"] = {
                "made_by": "scripts/fit_links.py",
                "data": "invented families (scripts/synthesis/families.py), nobody exists",
                "seeds": list(FITTING),
                "couples": chosen.couples,
                "misread": "half of the records, by schemas/confusions.json",
                "date": datetime.now(UTC).date().isoformat(),
            }
            text = json.dumps(told, ensure_ascii=False, indent=1)
            FILE.write_text(text + "\n", encoding="utf-8")
        measure(read_rules(told), towns(MEASURING))


if __name__ == "__main__":
    main()
