"""What `schemas/search.json` says: which field plays which part, and the words of the box."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pipeline import words
from pipeline.settings import shipped


@dataclass(frozen=True, slots=True)
class Role:
    """A person's part in a record.

    Attributes:
        is_principal: the record is about this person.
        near: roles in other kinds of book that the same person may have there.
        words: what announces the role in the search box.
    """

    is_principal: bool
    near: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of book.

    Attributes:
        forms: how the ids of its forms begin.
        words: what announces it in the search box.
    """

    forms: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchRules:
    """How fields are searched; keys are the Ministry's.

    Attributes:
        names: field key to role; likewise `years` to event (birth, registration, or a role) and
            `numbers` to part (number, volume, page, sheet, parcel).
        number_words: part to the words that announce it; likewise the other `_words`.
        name_words: announcements that, typed without marks, may as well be part of a name.
        variants: syllables that regions and clerks write for one another.
        abbreviations: what a shortened syllable may stand for.
        spoken_initials: beginnings of syllables that are spoken, and so written, alike somewhere;
            likewise `spoken_finals`.
        labels: role, event or part to its name, by language.
        confusable: classes of bare letters that our reader takes for one another, as measured.
        common_syllables: too frequent to tell people apart.
    """

    roles: Mapping[str, Role]
    names: Mapping[str, str]
    years: Mapping[str, str]
    numbers: Mapping[str, str]
    places: frozenset[str]
    kinds: Mapping[str, Kind]
    number_words: Mapping[str, tuple[str, ...]]
    place_words: tuple[str, ...]
    year_words: tuple[str, ...]
    about_words: tuple[str, ...]
    range_words: tuple[str, ...]
    age_words: tuple[str, ...]
    title_words: tuple[str, ...]
    name_words: frozenset[str]
    labels: Mapping[str, Mapping[str, str]]
    variants: tuple[tuple[str, ...], ...]
    abbreviations: Mapping[str, tuple[str, ...]]
    spoken_initials: tuple[tuple[str, ...], ...]
    spoken_finals: tuple[tuple[str, ...], ...]
    confusable: tuple[str, ...]
    common_syllables: frozenset[str]

    def is_principal(self, role: str) -> bool:
        """Say whether a record is about the person in this role."""
        return role in self.roles and self.roles[role].is_principal

    def kind_of(self, form: str) -> str:
        """Return the kind of book that a form belongs to; empty when none is known."""
        fitting = (name for name, kind in self.kinds.items() if form.startswith(kind.forms))
        return next(fitting, "")

    def label(self, name: str) -> str:
        """Return what a role, event or part is called on the screen."""
        spoken = self.labels.get(name, {})
        return spoken.get(words.language(), name)


@cache
def search_rules() -> SearchRules:
    """Load the rules that come with the program."""
    told, confusions = (
        json.loads((shipped("schemas") / name).read_text(encoding="utf-8"))
        for name in ("search.json", "confusions.json")
    )
    return SearchRules(
        roles={
            name: Role(role["principal"], tuple(role["near"]), tuple(role["words"]))
            for name, role in told["roles"].items()
        },
        names=told["names"],
        years=told["years"],
        numbers=told["numbers"],
        places=frozenset(told["places"]),
        kinds={
            name: Kind(tuple(kind["forms"]), tuple(kind["words"]))
            for name, kind in told["kinds"].items()
        },
        number_words={part: tuple(said) for part, said in told["number_words"].items()},
        place_words=tuple(told["place_words"]),
        year_words=tuple(told["year_words"]),
        about_words=tuple(told["about_words"]),
        range_words=tuple(told["range_words"]),
        age_words=tuple(told["age_words"]),
        title_words=tuple(told["title_words"]),
        name_words=frozenset(told["name_words"]),
        labels=told["labels"],
        variants=tuple(map(tuple, told["variants"])),
        abbreviations={short: tuple(full) for short, full in told["abbreviations"].items()},
        spoken_initials=tuple(map(tuple, told["spoken_initials"])),
        spoken_finals=tuple(map(tuple, told["spoken_finals"])),
        confusable=tuple(confusions["classes"]),
        common_syllables=frozenset(told["common_syllables"]),
    )
