#!/usr/bin/env python3
"""Measure how well the search box is understood, on invented lines as officers type them.

    scripts/bench_query.py --queries 3000

Each line has a name and, by chance, a kind of book, a year, a range or an age, a parent or a
spouse, a place of the office's own under its name of then or now (announced or not), volume and
number. Right is a line whose every field is as it was meant; `either` counts the second reading
too.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click
from bench_search import person

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from pipeline.index.query import readings  # noqa: E402
from pipeline.index.wanted import Query  # noqa: E402
from pipeline.letters import fold  # noqa: E402
from pipeline.places.spellings import Spellings  # noqa: E402
from pipeline.places.tables import shipped_places  # noqa: E402

BOOKS = (
    "xã Vân Trung, huyện Việt Yên",
    "xã Tăng Tiến, huyện Việt Yên",
    "thị trấn Nếnh, huyện Việt Yên",
)
PLACES = ("Vân Trung", "Tăng Tiến", "Nếnh", "Quang Châu", "Việt Yên", "Bắc Giang")
KINDS = {"khai sinh": "birth", "khai tử": "death", "kết hôn": "marriage"}
COMPANIONS = {"mẹ": "mother", "cha": "father", "bố": "father", "vợ": "wife", "chồng": "husband"}
Meant = dict[str, object]


def line(dice: random.Random) -> tuple[str, Meant]:
    """Return a line and what it means."""
    meant: Meant = {"kind": "", "years": (), "age": None, "place": "", "numbers": {}}
    name = person(dice, dice.choice("mf"))
    people = {"": name}
    parts = [name]
    if dice.random() < 0.7:
        year = dice.randrange(1940, 2015)
        said, years = dice.choice(
            [
                (f"{year}", (year,)),
                (f"sinh {year}", (year,)),
                (f"sinh năm {year}", (year,)),
                (f"{year}-{year + 2}", (year, year + 1, year + 2)),
                (f"khoảng {year}", tuple(range(year - 3, year + 4))),
            ]
        )
        parts.append(said)
        meant["years"] = years
    elif dice.random() < 0.2:
        age = dice.randrange(20, 90)
        parts.append(f"{age} tuổi")
        meant["age"] = age
    if dice.random() < 0.45:
        word, role = dice.choice(list(COMPANIONS.items()))
        people[role] = person(dice, "f" if role in ("mother", "wife") else "m")
        parts.append(f"{word} {people[role]}")
    if dice.random() < 0.5:
        place = dice.choice(PLACES)
        parts.append(f"{dice.choice(['', '', 'xã ', 'ở ', 'phường '])}{place}")
        meant["place"] = fold(place)
    if dice.random() < 0.2:
        volume, number = dice.randrange(1, 12), dice.randrange(1, 300)
        parts.append(f"quyển {volume} số {number}")
        meant["numbers"] = {"volume": str(volume), "number": str(number)}
    if dice.random() < 0.3:
        said, kind = dice.choice(list(KINDS.items()))
        parts.insert(0, said)
        meant["kind"] = kind
    meant["names"] = {role: fold(one) for role, one in people.items()}
    text = " ".join(parts)
    return (text if dice.random() < 0.3 else fold(text)), meant


def understood(query: Query) -> Meant:
    """Return what a reading says, in the form of `line`."""
    return {
        "kind": query.kind,
        "years": query.years,
        "age": next((name.age for name in query.names if name.age is not None), None),
        "place": fold(" ".join(query.places[0].said)) if query.places else "",
        "numbers": dict(query.numbers),
        "names": {name.role: fold(" ".join(name.said)) for name in query.names},
    }


@click.command()
@click.option("--queries", default=3000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--wrong", default=0, help="Also print so many of the lines that were misunderstood.")
def main(queries: int, seed: int, wrong: int) -> None:
    """Print shares of fields that are right."""
    dice, right, lost = random.Random(seed), Counter[str](), []
    gazetteer = Spellings(shipped_places(), BOOKS)
    lines = [line(dice) for _ in range(queries)]
    start = time.process_time()
    read = [readings(text, gazetteer) for text, _meant in lines]
    spent = time.process_time() - start
    same: Callable[[Query, Meant], bool] = lambda query, meant: understood(query) == meant  # noqa: E731
    for (text, meant), found in zip(lines, read, strict=True):
        first = understood(found[0])
        right.update(key for key, value in meant.items() if first[key] == value)
        right["all fields"] += same(found[0], meant)
        right["all fields, either reading"] += any(same(query, meant) for query in found)
        if not same(found[0], meant):
            lost.append((text, first))
    for key, count in right.items():
        print(f"{key}: {count / queries:.3f}")
    print(f"{1000 * spent / queries:.2f} CPU ms a line")
    for text, first in lost[:wrong]:
        print(f"  {text} → {first}")


if __name__ == "__main__":
    main()
