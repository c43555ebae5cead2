"""The Ministry's table as `schemas/ministry.json` says it: which column is which field."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from pipeline.extract.codes import bare
from pipeline.extract.form import Form, FormField, load_forms
from pipeline.extract.schema_files import check, read_document, wrong
from pipeline.settings import shipped
from pipeline.values import SheetRow
from pipeline.words import _

_FILE = "ministry.json"
_NUMBER = re.compile(r"\(?(\d{1,2})\)?")
_FEW = 3  # columns; a row with fewer is told by nothing


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a book's table.

    Attributes:
        headers: other ways to write its heading, besides its key and the field's title.
        kind: of what may stand in it, where the Ministry allows more than the printed form asks
            for (an age in place of a year); else empty.
    """

    key: str
    required: bool
    headers: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """The table of one kind of book.

    Attributes:
        name: birth, death, marriage, recognition or confirmation.
        title: for people.
        code: the Ministry's short name of the book: KS.
        form: id of the form whose fields the columns are.
        place: key of the column that says where the book was kept.
        columns: in the Ministry's order.
    """

    name: str
    title: str
    code: str
    form: str
    place: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Ministry:
    """All tables, and what they have in common.

    Attributes:
        guide: name of a template's sheet that explains and holds no entries.
        scan: headings of the column that names an entry's scan, letters alone.
        ignored: headings of columns that say nothing, letters alone.
        headings: by layout, letters of a heading to the key.
    """

    guide: str
    scan: frozenset[str]
    ignored: frozenset[str]
    layouts: Mapping[str, Layout]
    headings: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Heading:
    """The headings of a sheet.

    Attributes:
        keys: index of a column to the field's key.
        scan: index of the column that names the scan; None without one.
        unknown: texts of headings that are no field of the book.
        missing: keys of required columns that are not there.
        repeated: keys that two columns claim.
    """

    layout: Layout
    keys: Mapping[int, str]
    scan: int | None
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    repeated: tuple[str, ...]


@cache
def known_forms() -> Mapping[str, Form]:
    """Return the forms that come with the program."""
    return load_forms(shipped("schemas"))


@cache
def ministry() -> Ministry:
    """Load the tables that come with the program.

    Raises:
        FormError: the file is wrong.
    """
    file = shipped("schemas") / _FILE
    told = read_document(file)
    check(file, told, "ministry")
    layouts = {
        name: Layout(
            name,
            book["title"],
            book["code"],
            book["form"],
            book["place"],
            tuple(
                Column(
                    one["key"],
                    one.get("required", False),
                    tuple(one.get("headers", ())),
                    one.get("kind", ""),
                )
                for one in book["columns"]
            ),
        )
        for name, book in told["books"].items()
    }
    return Ministry(
        told["guide"],
        frozenset(map(bare, told["scan"])),
        frozenset(map(bare, told["ignored"])),
        layouts,
        {name: _headings(layout) for name, layout in layouts.items()},
    )


def _headings(layout: Layout) -> dict[str, str]:
    titles = {field.key: field.title for field in known_forms()[layout.form].fields}
    found: dict[str, str] = {}
    for column in layout.columns:
        if column.key not in titles:
            place = f"{layout.name}/{column.key}"
            raise wrong(shipped("schemas") / _FILE, place, _("không có trong mẫu sổ"))
        for text in (column.key, titles[column.key], *column.headers):
            if found.setdefault(bare(text), column.key) != column.key:
                place = f"{layout.name}/{column.key}"
                raise wrong(shipped("schemas") / _FILE, place, _("hai cột cùng tên"))
    return found


def column_fields(layout: Layout, form: Form) -> dict[str, FormField]:
    """Return the fields of a form by key, with the kinds that the Ministry's columns have."""
    kinds = {column.key: column.kind for column in layout.columns if column.kind}
    return {
        field.key: replace(field, kind=kinds.get(field.key, field.kind)) for field in form.fields
    }


def find_heading(rows: Sequence[SheetRow]) -> tuple[int, Heading] | None:
    """Return which of the first rows of a sheet is its heading, and what it says; None if none.

    The row and the book with the most columns of their own are taken, the first of equals.
    """
    best: tuple[int, Heading] | None = None
    for index, row in enumerate(rows):
        for layout in ministry().layouts.values():
            heading = _heading(row, layout)
            if best is None or len(heading.keys) > len(best[1].keys):
                best = index, heading
    return best if best and len(best[1].keys) >= _FEW else None


def _heading(row: SheetRow, layout: Layout) -> Heading:
    known = ministry()
    keys: dict[int, str] = {}
    repeated, unknown, scan = [], [], None
    for index, cell in enumerate(row.cells):
        letters = bare(cell.text)
        key = known.headings[layout.name].get(letters)
        if key in keys.values():
            repeated.append(str(key))
        elif key:
            keys[index] = key
        elif letters in known.scan:
            scan = index
        elif letters and letters not in known.ignored:
            unknown.append(cell.text)
    missing = [one.key for one in layout.columns if one.required and one.key not in keys.values()]
    return Heading(layout, keys, scan, tuple(unknown), tuple(missing), tuple(repeated))


def is_heading_again(row: SheetRow, heading: Heading) -> bool:
    """Say whether a row below the heading is its titles, or numbers the columns: (1) (2) (3)."""
    own = ministry().headings[heading.layout.name]
    filled = [(at, cell.text) for at, cell in enumerate(row.cells) if cell.text]
    titles = sum(own.get(bare(text)) == heading.keys.get(at, "") for at, text in filled)
    if titles >= max(_FEW, len(filled) / 2):
        return True
    counted = [int(hit[1]) for _at, text in filled if (hit := _NUMBER.fullmatch(text))]
    return len(counted) == len(filled) >= _FEW and all(
        later == earlier + 1 for earlier, later in pairwise(counted)
    )
