#!/usr/bin/env python3
"""Measure what agreement and disagreement weigh in search: `schemas/evidence.json`.

    scripts/fit_evidence.py --records 12300 --first-year 2010 --queries 60

Births are invented and misread as in `bench_search.py` (another seed than its table's), all in one
year, as dense as a province's. Each kind of agreement is counted between queries and the entry
that is meant (m), and between queries and the other candidates of the index (u); the weight is
log(m / u), each a share of its kind. What no query asks for here (dates, numbers, kinds of book,
what a record does not have) keeps the weight that it has, which was set by hand.
"""

import json
import math
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import click
from bench_search import World, alone, asked, build, opened

from pipeline.index.query import readings
from pipeline.index.rank import agreements
from pipeline.index.search import CANDIDATES

FILE = Path(__file__).resolve().parent.parent / "schemas" / "evidence.json"
SMALL = 0.5  # added to each count
MOST = 6.0  # no weight is larger: counts are few
SURE = 20  # entries that are meant and must have been seen in a way, or its weight stays

Counts = dict[str, Counter[str]]


def count(folder: Path, world: World, queries: int) -> tuple[Counts, Counts, int]:
    """Return m and u by what is compared and how it agrees, and how many entries were meant."""
    index, database = opened("sqlite", folder)
    meant: Counts = defaultdict(Counter)
    others: Counts = defaultdict(Counter)
    found = 0
    for one in asked(world, queries, world.seed + 2):
        query = readings(one.text)[0]
        for item in index.candidates(query, CANDIDATES):
            counts = meant if item.id == one.id else others
            found += item.id == one.id
            for what, how in agreements(query, item):
                counts[what][how] += 1
    database.close()
    return meant, others, found


def fitted(
    meant: Counts, others: Counts, old: dict[str, dict[str, float]]
) -> dict[str, dict[str, float]]:
    """Return the weights; of what was seen too seldom the old ones."""
    new = {what: dict(ways) for what, ways in old.items()}
    for what, ways in old.items():
        if meant[what].total() < SURE:
            continue
        # Of syllables too many or too few, only their number among all names can be counted.
        compared = "role" if what == "syllable" else what
        for how in ways:
            m = (meant[what][how] + SMALL) / (meant[compared].total() + SMALL * len(ways))
            u = (others[what][how] + SMALL) / (others[compared].total() + SMALL * len(ways))
            if meant[what][how] + others[what][how] >= SURE:
                new[what][how] = round(max(-MOST, min(MOST, math.log(m / u))), 2)
    return new


@click.command()
@click.option("--records", default=12_300, show_default=True)
@click.option("--first-year", default=2010, show_default=True)
@click.option("--queries", default=60, show_default=True, help="Of each sort.")
@click.option("--seed", default=7, show_default=True)
def main(records: int, first_year: int, queries: int, seed: int) -> None:
    """Count and write."""
    world = World(records, seed, first_year)
    told = json.loads(FILE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        alone(build, "sqlite", Path(name), world)
        meant, others, found = count(Path(name), world, queries)
    told["weights"] = fitted(meant, others, told["weights"])
    told["made_by"] = (
        f"scripts/fit_evidence.py --records {records} --first-year {first_year} "
        f"--queries {queries} --seed {seed}"
    )
    told["entries_meant"] = found
    FILE.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for what, ways in told["weights"].items():
        print(what, ways)


if __name__ == "__main__":
    main()
