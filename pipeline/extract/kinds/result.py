"""What a kind answers, and what it may know about the book."""

from typing import NamedTuple

from pipeline.extract.codes import Codes


class Read(NamedTuple):
    """What a kind made of a text.

    Attributes:
        value: normalised; empty when nothing could be made of it.
        doubts: reasons, ids of `extract/reasons.py`.
        trust: 0 to 1, how plausible the text is for this kind; 1 for a plain clean reading.
        others: values that the text may stand for as well.
    """

    value: str
    doubts: tuple[str, ...] = ()
    trust: float = 1.0
    others: tuple[str, ...] = ()


class Clues(NamedTuple):
    """What a kind may know besides the text.

    Attributes:
        years: first and last year of the book's entries; zeros when unknown.
        codes: the field's code list, if it has one.
    """

    years: tuple[int, int] = (0, 0)
    codes: Codes | None = None


NOTHING = Read("")
