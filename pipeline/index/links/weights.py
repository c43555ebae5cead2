"""What `schemas/links.json` says: which people may be one, and what their agreement weighs.

Weights are those of Fellegi and Sunter (1969): log2 of m/u, m being how often pairs of one person
agree so, u how often other pairs do that the index offers. `scripts/fit_links.py` makes them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pipeline import words
from pipeline.settings import shipped


@dataclass(frozen=True, slots=True)
class LinkKind:
    """One kind of link.

    Attributes:
        titles: its name by language.
        one: kind of book and roles that are looked from; likewise `two`, where they are looked
            for.
        most: how many are suggested for one person.
        prior: log2 of the odds that an offered pair is one person.
        weights: feature and level to log2 of m/u.
    """

    name: str
    titles: Mapping[str, str]
    one: tuple[str, tuple[str, ...]]
    two: tuple[str, tuple[str, ...]]
    most: int
    prior: float
    weights: Mapping[str, Mapping[str, float]]

    @property
    def title(self) -> str:
        """Return its name in the language of the screen."""
        return self.titles.get(words.language(), self.name)

    def probability(self, weight: float) -> float:
        """Return how likely a pair of that weight is one person, 0 to 1."""
        bits = max(-60.0, min(60.0, weight + self.prior))
        return float(1.0 / (1.0 + 2.0**-bits))


@dataclass(frozen=True, slots=True)
class LinkRules:
    """All kinds of links by name, and from which probability on a pair is suggested."""

    kinds: Mapping[str, LinkKind]
    threshold: float


@cache
def link_rules() -> LinkRules:
    """Load the rules that come with the program."""
    told = json.loads((shipped("schemas") / "links.json").read_text(encoding="utf-8"))
    return read_rules(told)


def read_rules(told: Mapping[str, object]) -> LinkRules:
    """Return the rules of a file's content."""
    kinds: dict[str, LinkKind] = {}
    for name, one in told["kinds"].items():  # type: ignore[attr-defined]
        kinds[name] = LinkKind(
            name,
            {"vi": one["title"], "en": one["x-title-en"]},
            (one["one"]["book"], tuple(one["one"]["roles"])),
            (one["two"]["book"], tuple(one["two"]["roles"])),
            one["most"],
            one["prior"],
            one["weights"],
        )
    return LinkRules(kinds, float(told["threshold"]))  # type: ignore[arg-type]
