"""One cell of the Ministry's table: its value, or why it is wrong.

The rules are those that digitisation projects check before they hand a file to the Ministry:
dates as 09.01.2017 or a year alone, numbers with their year, codes of the lists. Nothing is mended
here: whoever typed it can look at the paper, the program cannot.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from pipeline.extract import reasons
from pipeline.extract.codes import exact
from pipeline.extract.form import FormField
from pipeline.extract.kinds.dates import FIRST_YEAR, LAST_YEAR, MAX_AGE
from pipeline.extract.kinds.registry import KINDS
from pipeline.extract.kinds.result import Clues
from pipeline.letters import nfc
from pipeline.values import SheetCell
from pipeline.words import _

_FULL = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_YEAR = re.compile(r"\d{4}")
_AGE = re.compile(r"(\d{1,3})\s*t(?:uổi|uoi)?\.?", re.IGNORECASE)
_SERIAL = re.compile(r"\d+\s*(?:bis|[A-Da-d])?/\d{4}")
_VOLUME = re.compile(r"\d+[A-Za-z]?/\d{4}")
_LETTERS = re.compile(r"[^\W\d_]")
_SUBGROUP = re.compile(r"\s*\(.*\)\s*$")
_NO_CODE = "0"  # what import programs write where nothing is known


class CellRead(NamedTuple):
    """What a cell says.

    Attributes:
        raw: as typed.
        value: normalised, as of a field that was read; empty when nothing can be made of it.
        doubts: reasons, ids of `extract/reasons.py`.
        fault: a sentence on why the cell is wrong; empty when it is not.
    """

    raw: str
    value: str = ""
    doubts: tuple[str, ...] = ()
    fault: str = ""


NOTHING = CellRead("")


def read_cell(field: FormField, cell: SheetCell) -> CellRead:
    """Return what a cell of a field's column says; one that is empty says `NOTHING`."""
    fault = _unfit(cell)
    if fault:
        return CellRead(cell.text, fault=fault)
    text = " ".join(nfc(cell.text).split())
    if not text:
        return NOTHING
    return _KINDS.get(field.kind, _as_written)(field, cell._replace(text=text))


def _unfit(cell: SheetCell) -> str:
    match cell.kind:
        case "formula":
            return _("ô là công thức; hãy dán lại thành giá trị")
        case "error":
            return _("ô báo lỗi của Excel")
        case "merged":
            return _("ô bị gộp với ô khác; hãy bỏ gộp và điền từng ô")
        case "long":
            return _("dài quá mức; hãy rút gọn")
        case "odd_date":
            return _("ô kiểu ngày nhưng giá trị giống một năm hoặc có giờ; hãy gõ lại thành chữ")
        case _:
            return ""


def _wrong(cell: SheetCell, fault: str) -> CellRead:
    return CellRead(cell.text, fault=fault)


def _date(_field: FormField, cell: SheetCell) -> CellRead:
    return _full_date(cell) or _wrong(
        cell, _("ngày phải đủ ngày, tháng, năm và viết như 09.01.2017")
    )


def _partial_date(_field: FormField, cell: SheetCell) -> CellRead:
    return (
        _full_date(cell)
        or _year(cell)
        or _wrong(cell, _("ngày phải viết như 09.01.2017, hoặc chỉ năm: 2017"))
    )


def _date_or_age(_field: FormField, cell: SheetCell) -> CellRead:
    age = _AGE.fullmatch(cell.text) if cell.kind == "text" else None
    if age and int(age[1]) <= MAX_AGE:
        return CellRead(cell.text, f"{int(age[1])} tuổi")
    return (
        _full_date(cell)
        or _year(cell)
        or _wrong(cell, _("phải là ngày (09.01.1962), năm (1962) hoặc tuổi (32 tuổi)"))
    )


def _full_date(cell: SheetCell) -> CellRead | None:
    if cell.kind == "date":
        hit = _ISO.fullmatch(cell.text)
        year, month, day = (hit[1], hit[2], hit[3]) if hit else ("0", "0", "0")
    else:
        hit = _FULL.fullmatch(cell.text)
        day, month, year = (hit[1], hit[2], hit[3]) if hit else ("0", "0", "0")
    if hit is None:
        return None
    raw = f"{day}.{month}.{year}"
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return CellRead(raw, fault=_("ngày không có trong lịch"))
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        return CellRead(raw, fault=_("năm không thể có"))
    return CellRead(raw, found.isoformat())


def _year(cell: SheetCell) -> CellRead | None:
    if cell.kind in ("text", "number") and _YEAR.fullmatch(cell.text):
        if FIRST_YEAR <= int(cell.text) <= LAST_YEAR:
            return CellRead(cell.text, cell.text)
        return _wrong(cell, _("năm không thể có"))
    return None


def _serial(field: FormField, cell: SheetCell) -> CellRead:
    return _numbered(field, cell, _SERIAL, _("phải viết số/năm, như 45/1987"))


def _volume(field: FormField, cell: SheetCell) -> CellRead:
    return _numbered(field, cell, _VOLUME, _("phải viết quyển/năm, như 01/1987"))


def _numbered(field: FormField, cell: SheetCell, shape: re.Pattern[str], fault: str) -> CellRead:
    if cell.kind == "date":
        return _wrong(cell, _("Excel đã đổi thành ngày; hãy để cột kiểu chữ rồi gõ lại"))
    if cell.kind != "text" or not shape.fullmatch(cell.text):
        return _wrong(cell, fault)
    return _as_written(field, cell)


def _digits(field: FormField, cell: SheetCell) -> CellRead:
    if cell.kind in ("text", "number") and cell.text.isascii() and cell.text.isdigit():
        return CellRead(cell.text, cell.text)
    return _wrong(cell, _("chỉ được ghi chữ số"))


def _flag(_field: FormField, cell: SheetCell) -> CellRead:
    if cell.text in ("0", "1"):
        return CellRead(cell.text, cell.text)
    return _wrong(cell, _("phải là 0 hoặc 1"))


def _code(field: FormField, cell: SheetCell) -> CellRead:
    codes = field.codes
    assert codes is not None  # a field of this kind has a list; the form's loader sees to it
    found = exact(codes, cell.text) or exact(codes, _SUBGROUP.sub("", cell.text))
    if len(found) == 1:
        return CellRead(cell.text, found[0].value)
    if found:
        return CellRead(cell.text, "", (reasons.AMBIGUOUS,))
    if cell.text == _NO_CODE:
        return NOTHING
    if codes.is_open and _LETTERS.search(cell.text):
        return CellRead(cell.text, cell.text, (reasons.NOT_IN_LIST,))
    known = ", ".join(code.value for code in codes.codes[:10])
    more = "…" if len(codes.codes) > 10 else ""
    return _wrong(cell, _("không có trong danh mục: {known}").format(known=known + more))


def _person(field: FormField, cell: SheetCell) -> CellRead:
    if cell.kind != "text" or not _LETTERS.search(cell.text):
        return _wrong(cell, _("không phải tên người"))
    return _as_written(field, cell)


def _id_number(field: FormField, cell: SheetCell) -> CellRead:
    if cell.kind == "number" and len(cell.text) not in (9, 12):
        return _wrong(cell, _("ô kiểu số làm mất số 0 ở đầu; hãy gõ lại thành chữ"))
    return _as_written(field, cell)


def _as_written(field: FormField, cell: SheetCell) -> CellRead:
    """Take the text; what cannot be understood stays raw, with a doubt."""
    text = cell.text
    if cell.kind == "date":
        text = ".".join(reversed(text.split("-")))
    read = KINDS[field.kind](text, Clues(codes=field.codes))
    return CellRead(text, read.value, read.doubts)


_KINDS: Mapping[str, Callable[[FormField, SheetCell], CellRead]] = {
    "date": _date,
    "partial_date": _partial_date,
    "partial_date_or_age": _date_or_age,
    "serial": _serial,
    "volume": _volume,
    "page": _digits,
    "int": _flag,
    "enum": _code,
    "person_name": _person,
    "id_number": _id_number,
}
