"""One entry as somebody typed it, wherever it stood."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.values import Doubt, FieldValue, RowFault

At = tuple[int, int]  # where reading goes on: (sheet, row), or (line, bytes) of JSON lines


@dataclass(frozen=True, slots=True)
class TypedEntry:
    """A typed entry, or why there is none.

    Attributes:
        at: where reading goes on after it.
        sheet, row: see `RowFault`.
        form: id of a form; likewise `place`, `years` and `volume` of the book it belongs to.
        fields, doubts: see `Record`; the fields stand on no page.
        scan: file name of its scan; empty when none is named.
        id: what the file itself calls the record; empty when it does not.
        faults: what is to be told of it; when one is `wrong`, the rest means nothing.
    """

    at: At
    sheet: str
    row: int
    form: str = ""
    place: str = ""
    years: tuple[int, int] = (0, 0)
    volume: str = ""
    fields: tuple[FieldValue, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    scan: str = ""
    id: str = ""
    faults: tuple[RowFault, ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Say whether it cannot be taken."""
        return any(fault.kind == "wrong" for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Choices:
    """What whoever imports says of all rows.

    Attributes:
        form: id of the form that they become records of; empty: as the file says.
        place: where the books were kept, for rows that do not say.
    """

    form: str = ""
    place: str = ""


def record_id(accession: str, form: str, fields: Iterable[FieldValue]) -> str:
    """Return the id of an entry's record: the same for the same fields of the same book."""
    told = sorted((one.key, one.raw, one.value) for one in fields if one.raw or one.value)
    packed = json.dumps([form, told], ensure_ascii=False).encode("utf-8", "replace")
    return f"{accession}/0/-/{hashlib.sha256(packed).hexdigest()[:16]}"
