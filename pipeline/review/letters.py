"""Letters that a person cannot read: `_` for one, `[AE]` for one of these."""

import re

from pipeline.letters import nfc

_CHOICE = re.compile(r"\[[^\[\]_\s]{2,8}\]")
_MARKS = frozenset("_[]")


def is_uncertain(text: str) -> bool:
    """Say whether a text holds letters that could not be read."""
    return not _MARKS.isdisjoint(text)


def is_well_formed(text: str) -> bool:
    """Say whether the brackets of a text hold choices of two to eight letters each."""
    rest = _CHOICE.sub("", nfc(text))
    return "[" not in rest and "]" not in rest
