"""Read what stands in a slot again, now that its kind is known and the book has said something."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from pipeline.extract import reasons
from pipeline.extract.form import Form, FormField
from pipeline.extract.kinds.registry import SAID_KINDS
from pipeline.extract.pieces import Piece, confidence_of, cut, is_struck, span_of, whole
from pipeline.values import FieldValue, Record, Reread

Said = Mapping[str, tuple[str, ...]]

CLEAR = 0.97  # an engine this sure of a piece would read it the same again
SAID = 0.9  # confidence from which a field speaks for others of its kind
MOST_SAID = 200  # texts of one kind that are leant to
DIGITS = "digits"  # the kind with which nothing but a number is read
NUMERIC = frozenset({"serial", "page", "int", "parcel", "decimal", "partial_date_or_age"})
_NOBODY: Said = MappingProxyType({})


class Hearing(NamedTuple):
    """How lines are read again.

    Attributes:
        reread: the engine's way to do so; None when lines are only what they were read as.
        said: by kind, what fields of the book have said.
    """

    reread: Reread | None = None
    said: Said = _NOBODY


AS_READ = Hearing()  # lines are what they were read as


def heard_again(field: FormField, pieces: Sequence[Piece], hearing: Hearing) -> tuple[Piece, ...]:
    """Return the pieces read as the field's kind, by what the book said in such fields.

    Numbers are not held to digits here: a word in their column must stay to be seen.
    """
    if all(confidence_of([piece]) >= CLEAR for piece in pieces):
        return tuple(pieces)
    said = hearing.said.get(field.kind, ())
    if field.codes is not None:
        said = (*said, *(text for c in field.codes.codes for text in (c.name, *c.variants)))
    kind = "number" if field.kind in NUMERIC else field.kind
    return tuple(
        piece if confidence_of([piece]) >= CLEAR else _heard_as(piece, kind, said, hearing) or piece
        for piece in pieces
    )


def heard_as_number(piece: Piece, hearing: Hearing) -> Piece | None:
    """Return the piece read as digits alone; None when it is hardly a number."""
    return _heard_as(piece, DIGITS, (), hearing)


def _heard_as(piece: Piece, kind: str, said: tuple[str, ...], hearing: Hearing) -> Piece | None:
    """Return the piece read again as that kind; None where that gives nothing."""
    if hearing.reread is None:
        return None
    line = hearing.reread(piece.line, span_of(piece), kind, said)
    if line is None or not line.text:
        return None
    struck = ((0.0, 1.0),) if is_struck(piece) else ()
    return whole(replace(line, polygon=cut(piece), struck=struck))


def said_by(
    form: Form, records: Iterable[Record], said: Said = _NOBODY
) -> dict[str, tuple[str, ...]]:
    """Return by kind what sure fields say, the most frequent first, after what was said before.

    Fields inherited by a ditto mark only repeat another.
    """
    kinds = {field.key: field.kind for field in form.fields}
    heard: dict[str, Counter[str]] = {}
    for record in records:
        repeated = {doubt.key for doubt in record.doubts if doubt.reason == reasons.DITTO}
        for field in record.fields:
            kind = kinds.get(field.key, "")
            if kind in SAID_KINDS and field.key not in repeated and _is_sure(field):
                heard.setdefault(kind, Counter())[field.raw] += 1
    told = {kind: [text for text, _times in texts.most_common()] for kind, texts in heard.items()}
    return {
        kind: tuple(dict.fromkeys((*said.get(kind, ()), *told.get(kind, ()))))[:MOST_SAID]
        for kind in {*said, *told}
    }


def _is_sure(field: FieldValue) -> bool:
    return field.confidence >= SAID and bool(field.value)
