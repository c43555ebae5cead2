"""What an account may do, and where: the one place that decides.

A role says what a person does; a grant says in which places. What no grant opens is closed, and
what is closed looks like what does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pipeline.values import Asker, Rights

Role = Literal["clerk", "reviewer", "officer", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in some places.

    Attributes:
        places: the books' places as their cards write them (NFC); None is every place.
        sensitive: also opens fields that the law calls sensitive (ethnic origin, cause of death).
    """

    role: Role
    places: frozenset[str] | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account, as signed in.

    Attributes:
        name: the account's name; it stands in logs and decisions.
        shown: the person's own name, for the screen.
    """

    name: str
    shown: str
    grants: tuple[Grant, ...]


def has_role(person: Person, *roles: Role) -> bool:
    """Say whether the person has one of these roles anywhere."""
    return any(grant.role in roles for grant in person.grants)


def rights_of(person: Person, *roles: Role) -> Rights:
    """Return what these roles of the person open: the union of their places.

    Sensitive fields are open only if every grant that counts opens them: where two differ, the
    union of their places would open more than either.
    """
    grants = [grant for grant in person.grants if grant.role in roles]
    return Rights(
        places=_union([grant.places for grant in grants]),
        sensitive=bool(grants) and all(grant.sensitive for grant in grants),
    )


def asker(person: Person, *roles: Role, purpose: str = "") -> Asker:
    """Return the person as one who asks, with what these roles open."""
    return Asker(person.name, purpose, rights_of(person, *roles))


def _union(places: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    named = [one for one in places if one is not None]
    return frozenset().union(*named) if len(named) == len(places) else None
