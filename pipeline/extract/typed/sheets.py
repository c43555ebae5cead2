"""Rows of a workbook in the Ministry's layout become entries; what is wrong is told by cell."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby

from pipeline.extract.form import Form, FormField
from pipeline.extract.rules import rule_doubts
from pipeline.extract.typed.cells import NOTHING, CellRead, read_cell
from pipeline.extract.typed.entry import Choices, TypedEntry
from pipeline.extract.typed.layout import (
    Heading,
    column_fields,
    find_heading,
    is_heading_again,
    known_forms,
    ministry,
)
from pipeline.letters import nfc
from pipeline.values import Doubt, FieldValue, RowFault, SheetCell, SheetRow
from pipeline.words import _

HEAD = 30  # rows of a sheet in which its headings may stand
_EMPTY = SheetCell("")
_MAX_TOLD = 5  # headings without a field, in one sentence

PlaceOf = Callable[[str], str]  # a statistics code → the unit's name; empty when there is none


@dataclass(frozen=True, slots=True)
class _Table:
    """A sheet whose headings are known."""

    heading: Heading
    form: Form
    fields: dict[str, FormField]


def sheet_entries(
    rows: Iterable[SheetRow], choices: Choices, place_of: PlaceOf
) -> Iterator[TypedEntry]:
    """Yield the entries of a workbook's rows; a sheet without headings gives one that is wrong."""
    for (number, name), own in groupby(rows, lambda row: (row.sheet, row.name)):
        if name == ministry().guide:
            continue
        yield from _sheet(number, nfc(name), iter(own), choices, place_of)


def _sheet(
    number: int, name: str, rows: Iterator[SheetRow], choices: Choices, place_of: PlaceOf
) -> Iterator[TypedEntry]:
    head: list[SheetRow] = []
    for row in rows:
        head.append(row)
        if row.row >= HEAD:
            break
    found = find_heading(head)
    fault = _unusable(found[1] if found else None, choices)
    if fault or found is None:
        at = head[found[0] if found else 0].row
        yield TypedEntry((number, at), name, at, faults=(RowFault("wrong", name, at, "", fault),))
        for _row in rows:  # the rest of the sheet says nothing
            pass
        return
    index, heading = found
    yield from _notes(number, name, head[index].row, heading)
    form = known_forms()[choices.form or heading.layout.form]
    below = head[index + 1 :]
    while below and is_heading_again(below[0], heading):
        below.pop(0)
    table = _Table(heading, form, column_fields(heading.layout, form))
    for row in chain(below, rows):  # a sheet may have a million: they are not gathered
        entry = _entry(row, name, table, choices, place_of)
        if entry is not None:
            yield entry


def _unusable(heading: Heading | None, choices: Choices) -> str:
    """Return why no row of a sheet can be taken; empty when they can."""
    if heading is None:
        return _("trang tính không có hàng tiêu đề theo mẫu của Bộ; xem “sohoa import --template”")
    needless = {heading.layout.place} if choices.place else set()
    missing = [key for key in heading.missing if key not in needless]
    if missing:
        return _("thiếu cột bắt buộc: {columns}").format(columns=", ".join(missing))
    if heading.repeated:
        return _("hai cột cùng tên: {columns}").format(columns=", ".join(heading.repeated))
    if choices.form and not set(heading.keys.values()) <= {
        field.key for field in known_forms()[choices.form].fields
    }:
        return _("các cột không phải của mẫu sổ {form}").format(form=choices.form)
    return ""


def _notes(number: int, name: str, at: int, heading: Heading) -> Iterator[TypedEntry]:
    if heading.unknown:
        told = ", ".join(f"“{text[:40]}”" for text in heading.unknown[:_MAX_TOLD])
        more = "…" if len(heading.unknown) > _MAX_TOLD else ""
        reason = _("cột không có trong mẫu của Bộ, được bỏ qua: {columns}").format(
            columns=told + more
        )
        fault = RowFault("note", name, at, "", reason)
        yield TypedEntry((number, at), name, at, faults=(fault,))


def _entry(
    row: SheetRow, name: str, table: _Table, choices: Choices, place_of: PlaceOf
) -> TypedEntry | None:
    """Return what a row says; None when no column of the book has anything in it."""
    cells = {
        key: row.cells[index] if index < len(row.cells) else _EMPTY
        for index, key in table.heading.keys.items()
    }
    if all(not cell.text and cell.kind == "text" for cell in cells.values()):
        return None
    read = {key: read_cell(table.fields[key], cell) for key, cell in cells.items()}
    layout = table.heading.layout
    if layout.place in read:
        read[layout.place] = _place(read[layout.place], place_of)
    wrong = {key: one.fault for key, one in read.items() if one.fault}
    needless = {layout.place} if choices.place else set()
    wrong |= {
        column.key: _("không được để trống")
        for column in layout.columns
        if column.required and column.key not in needless | wrong.keys()
        if not read.get(column.key, NOTHING).raw
    }
    wrong |= {} if wrong else _years_differ(read)
    faults = tuple(
        RowFault("wrong", name, row.row, _column(table.heading, key), fault)
        for key, fault in wrong.items()
    )
    at = (row.sheet, row.row)
    if faults:
        return TypedEntry(at, name, row.row, faults=faults)
    fields = {
        field.key: FieldValue(field.key, one.raw, one.value, 1.0, 0, ())
        for field in table.form.fields
        if (one := read.get(field.key)) is not None and one.raw
    }
    doubts = [Doubt(key, reason) for key in fields for reason in read[key].doubts]
    doubts += rule_doubts(table.form, fields)
    volume, year = read["quyenSo"].value.split("/")
    scan = table.heading.scan
    return TypedEntry(
        at,
        name,
        row.row,
        table.form.id,
        (read[layout.place].value if layout.place in read else "") or choices.place,
        (int(year), int(year)),
        volume,
        tuple(fields.values()),
        tuple(dict.fromkeys(doubts)),
        row.cells[scan].text if scan is not None and scan < len(row.cells) else "",
    )


def _place(read: CellRead, place_of: PlaceOf) -> CellRead:
    """Say a statistics code's unit by its name; another number is wrong."""
    if read.fault or not read.raw.isdigit():
        return read
    name = place_of(read.raw)
    if name:
        return CellRead(read.raw, name)
    return read._replace(fault=_("mã đơn vị hành chính không có trong danh mục"))


def _years_differ(read: dict[str, CellRead]) -> dict[str, str]:
    """Return what is wrong with a row whose numbers and date of registration disagree."""
    registered = read["ngayDangKy"].value[:4]
    if read["so"].raw.rpartition("/")[2] != registered:
        return {"so": _("năm của số khác năm của ngày đăng ký")}
    if read["quyenSo"].value.rpartition("/")[2] > registered:
        return {"quyenSo": _("quyển mở sau ngày đăng ký")}
    return {}


def _column(heading: Heading, key: str) -> str:
    index = next((at for at, one in heading.keys.items() if one == key), None)
    return key if index is None else f"{_letters(index)} ({key})"


def _letters(index: int) -> str:
    """Return what Excel calls a column: 0 is A, 26 is AA."""
    first, last = divmod(index, 26)
    return (_letters(first - 1) if first else "") + chr(ord("A") + last)
