"""Read `schemas/quality.toml`: which measures of a scan are good enough for which paper."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import ConfigDict, TypeAdapter

from pipeline.errors import UsageError
from pipeline.settings import shipped
from pipeline.values import Grade
from pipeline.words import _

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Limit:
    """From which number on a measure asks for something; None: it never does.

    Attributes:
        source: who asks for it.
    """

    __pydantic_config__ = _STRICT
    source: str
    look: float | None = None
    rescan: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What something that is there or not asks for."""

    __pydantic_config__ = _STRICT
    grade: Grade


@dataclass(frozen=True, slots=True)
class Profile:
    """What is asked of the scans of one kind of paper; what is not named is not judged."""

    __pydantic_config__ = _STRICT
    title: str
    title_en: str
    limits: Mapping[str, Limit]
    findings: Mapping[str, Finding]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """Keys of fields that are printed on pages and stand on the book's card too."""

    __pydantic_config__ = _STRICT
    volume: tuple[str, ...]
    registered: tuple[str, ...]
    place: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """All of the file."""

    __pydantic_config__ = _STRICT
    card: Card
    profiles: Mapping[str, Profile]


@cache
def load_rules() -> Rules:
    """Return what the file says."""
    text = (shipped("schemas") / "quality.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)
    told["profiles"] = {
        name: {**profile, "name": name} for name, profile in told["profiles"].items()
    }
    return TypeAdapter(Rules).validate_python(told)


def profile_called(name: str) -> Profile:
    """Return a profile.

    Raises:
        UsageError: there is none such; the sentence lists those that are.
    """
    profiles = load_rules().profiles
    if name not in profiles:
        raise UsageError(
            _("không có mức chất lượng “{name}”; có thể chọn: {names}").format(
                name=name, names=", ".join(profiles)
            )
        )
    return profiles[name]
