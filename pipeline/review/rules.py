"""What the administrator says of reviewing, and what `schemas/review.json` says of fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import ConfigDict

from pipeline.settings import shipped

_USUAL = 1.0


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """What people look at; an administrator sets it.

    Attributes:
        sure: confidence from which on a field without a doubt is taken as it was read, 0 to 1.
        blind_share: share of the sure fields that people read without seeing what the machine
            read, 0 to 1; so that both are measured.
        twice: keys of the fields that two people read.
        seed: chooses those blind fields; another seed chooses others.
        lease_minutes: how long a record is kept for whoever has it open.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    sure: float = 0.95
    blind_share: float = 0.02
    twice: tuple[str, ...] = ()
    seed: str = "sohoa"
    lease_minutes: int = 10


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """What is the same for all books.

    Attributes:
        importance: by kind, how much a wrong field of that kind costs, from 1 on.
        names: surnames, middle and given names, often written ones; spellings as they are.
    """

    importance: Mapping[str, float]
    names: tuple[str, ...]

    def weight(self, kind: str) -> float:
        """Return how much a wrong field of a kind costs."""
        return self.importance.get(kind, _USUAL)


@cache
def field_facts() -> FieldFacts:
    """Load the facts that come with the program."""
    told = json.loads((shipped("schemas") / "review.json").read_text(encoding="utf-8"))
    return FieldFacts(told["importance"], tuple(dict.fromkeys(told["names"])))
