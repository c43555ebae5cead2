"""Where the fields of an entry stand, before anything is made of their text."""

from dataclasses import dataclass

from pipeline.extract.kinds.result import Read
from pipeline.extract.pieces import Piece
from pipeline.values import Polygon, Side

ASSUMED = 0.6  # trust in a place that only its neighbours tell


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one field with what is written there.

    Attributes:
        keys: the fields that share it.
        pieces: parts of lines, in order; none where nothing is written.
        polygon: px of the page image of `side`.
        read: what marks beside printed choices say; None where the pieces are to be read.
        trust: 0 to 1, how sure it is that this is the field's place.
        is_assumed: the heading was not read; the place follows from the form's order.
        doubts: reasons to doubt that what stands here belongs to this entry.
    """

    keys: tuple[str, ...]
    pieces: tuple[Piece, ...]
    polygon: Polygon
    side: Side | None
    read: Read | None = None
    trust: float = 1.0
    is_assumed: bool = False
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a book on its page.

    Attributes:
        row: its place on the page, counted from 1.
        doubts: reasons to doubt the whole of it.
    """

    row: int
    side: Side | None
    polygon: Polygon
    slots: tuple[Slot, ...]
    doubts: tuple[str, ...] = ()
