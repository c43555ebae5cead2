"""Whether a lot is good enough: a sample by ISO 2859-1, drawn so that anyone can draw it again.

The tables were compared with those of MIL-STD-105E (1989), which are the same and public. Table I,
all levels: the chart at pdfcoffee.com/aql-sampling-chart-pdf-free.html. Table II-A: for limits from
0.65 to 15 and level II the extract at nibs.org/FMOC/DPW_AC/AC-TABLE.ASC; for smaller limits each
letter's row of numbers in scribd.com/document/563507790, which does not tell under which limit they
stand. The extract has an arrow up beside A at 10, where no plan is above; here it points down.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from pipeline.settings import shipped

LEVEL, AQL = "II", "1.0"  # what a lot is looked at by when nobody says otherwise


class Plan(NamedTuple):
    """How many of a lot are looked at, and how many of these may be wrong.

    Attributes:
        letter: code letter of the plan.
        size: of the sample; the whole lot where the plan asks for as many or more.
        accept: the most wrong ones with which the lot is accepted.
    """

    letter: str
    size: int
    accept: int


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of the standard.

    Attributes:
        levels: inspection levels, the special ones first.
        lots: the largest lot of each row, None for the last, and its code letter by level.
        limits: acceptance quality limits in percent, as the standard writes them.
        plans: code letter, sample size, and by limit the acceptance number, `^` or `v`.
    """

    levels: tuple[str, ...]
    lots: tuple[tuple[int | None, str], ...]
    limits: tuple[str, ...]
    plans: tuple[tuple[str, int, tuple[int | str, ...]], ...]


@cache
def tables() -> Tables:
    """Load the tables, `schemas/sampling.json`."""
    told = json.loads((shipped("schemas") / "sampling.json").read_text(encoding="utf-8"))
    return Tables(
        tuple(told["levels"]),
        tuple((row["most"], row["letters"]) for row in told["lots"]),
        tuple(told["aql"]),
        tuple((row["letter"], row["size"], tuple(row["accept"])) for row in told["plans"]),
    )


def plan_for(lot: int, level: str = LEVEL, aql: str = AQL) -> Plan:
    """Return the single sampling plan for normal inspection of a lot.

    Args:
        lot: how many records it has, at least 1.
        level: one of `tables().levels`; `aql` one of `tables().limits`, percent of wrong ones.
        aql: likewise.
    """
    known = tables()
    letters = next(row for most, row in known.lots if most is None or lot <= most)
    letter = letters[known.levels.index(level)]
    at = next(place for place, plan in enumerate(known.plans) if plan[0] == letter)
    column = known.limits.index(aql)
    while isinstance(arrow := known.plans[at][2][column], str):
        at += 1 if arrow == "v" else -1
    letter, size, _row = known.plans[at]
    return Plan(letter, min(size, lot), int(arrow))


def draw(ids: Sequence[str], size: int, seed: str) -> list[str]:
    """Return a sample; the same ids and seed give the same one, on any machine."""
    # Python keeps what `sample` draws for a seed of text; the order of the ids must not matter.
    return random.Random(seed).sample(sorted(ids), size)
