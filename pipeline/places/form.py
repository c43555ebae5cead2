"""The form in which people write down units and events: one row, one unit or one event.

The seed of `schemas/places/seed.tsv` and what an office adds have the same form. Rows are read in
order: what a row names is in the tables, or in a row above it.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pipeline.errors import StorageError
from pipeline.letters import nfc
from pipeline.places.history import Draft, Fault, Places
from pipeline.places.lookup import EXACT, agrees, may_name
from pipeline.places.units import (
    Event,
    EventKind,
    Share,
    Unit,
    When,
    both,
    may_meet,
    moved,
    read_when,
    tell_when,
)
from pipeline.places.written import FOLDER, MOST_TEXT, Part, marked_key, read_part
from pipeline.store.durable import durable_write
from pipeline.words import _

Told = TypeVar("Told")
WHAT, UNIT, BECAME, SHARE, SINCE, UNTIL, NOTE, SOURCE, TRUST = COLUMNS = (
    "việc",
    "đơn vị",
    "thành",
    "phần",
    "từ",
    "đến",
    "ghi chú",
    "nguồn",
    "độ tin",
)
PERSON, DAY = "người thêm", "ngày thêm"  # of the rows in an archive
_A_UNIT, _A_SPELLING = "đơn vị", "viết khác"
_KINDS: Mapping[str, EventKind] = {
    "nhập": "merge",
    "tách": "split",
    "đổi tên": "rename",
    "nâng cấp": "upgrade",
    "chuyển": "transfer",
}
_SHARES: Mapping[str, Share] = {"toàn bộ": "whole", "một phần": "part"}
_TRUST = {"": True, "đã kiểm": True, "chưa kiểm": False}
_MOST_BYTES, _MOST_ROWS = 5_000_000, 20_000
_OWN = "own.csv"
_EXAMPLES = (
    ("# Hàng bắt đầu bằng # không được đọc. Ví dụ:",),
    ("# đơn vị", "xã Hoàng Ninh, huyện Việt Yên, tỉnh Bắc Giang", "", "", "", "2019", "",
     "Nghị quyết số …", "đã kiểm"),
    ("# nhập", "xã Hoàng Ninh, huyện Việt Yên, tỉnh Bắc Giang",
     "thị trấn Nếnh, huyện Việt Yên, tỉnh Bắc Giang", "toàn bộ", "2020-01-01", "", "",
     "Nghị quyết số …", "đã kiểm"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the form.

    Attributes:
        number: in the file, counted from 1.
        cells: by column; text is NFC, without spaces around it.
    """

    number: int
    cells: Mapping[str, str]

    @property
    def told(self) -> tuple[str, ...]:
        """Return what the row says; two rows that say the same are one."""
        return tuple(self.cells[column] for column in COLUMNS)


class _FaultError(Exception):
    """A cell cannot be taken; leaves `apply` as a `Fault`."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(column, reason)
        self.column, self.reason = column, reason


# Files


def template() -> bytes:
    """Return an empty form with an example, as Excel opens it."""
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *_EXAMPLES])
    return text.getvalue().encode("utf-8-sig")


def read_form(data: bytes) -> tuple[list[Row], list[Fault]]:
    """Read a form: CSV or TSV in UTF-8, with or without a BOM; the order of columns is free."""
    if len(data) > _MOST_BYTES:
        return [], [Fault(0, "", _("tệp quá lớn (hơn {most} MB)").format(most=5))]
    try:
        text = nfc(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return [], [Fault(0, "", _("tệp không phải UTF-8; trong Excel hãy lưu kiểu “CSV UTF-8”"))]
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        return [], [Fault(0, "", _("tệp không phải CSV ({reason})").format(reason=error))]
    if len(rows) > _MOST_ROWS:
        return [], [Fault(0, "", _("tệp có hơn {most} hàng").format(most=_MOST_ROWS))]
    columns = [" ".join(cell.lower().split()) for cell in rows[0]] if rows else []
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        told = ", ".join(missing)
        return [], [Fault(1, "", _("hàng đầu thiếu cột: {columns}").format(columns=told))]
    return list(_read_rows(columns, rows[1:])), []


def _read_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Row]:
    for number, row in enumerate(rows, 2):
        cells = {column: "" for column in COLUMNS}
        cells |= {
            column: " ".join(cell.split()) for column, cell in zip(columns, row, strict=False)
        }
        if any(cells.values()) and not "".join(row).lstrip().startswith("#"):
            yield Row(number, cells)


def own_file(archive: Path) -> Path:
    """Return the file of what an office added; it need not exist."""
    return archive / FOLDER / _OWN


def read_own(archive: Path) -> list[Row]:
    """Return the rows that an office added to its archive.

    Raises:
        StorageError: they cannot be read.
    """
    file = own_file(archive)
    try:
        data = file.read_bytes() if file.exists() else b""
    except OSError as error:
        raise StorageError(
            _("không đọc được {file} ({reason})").format(file=file, reason=error.strerror)
        ) from error
    rows, faults = read_form(data) if data else ([], [])
    if faults:
        raise StorageError(
            _("{file} hỏng ({reason}); hãy lấy lại từ bản sao lưu").format(
                file=file, reason=faults[0].reason
            )
        )
    return rows


def write_own(archive: Path, rows: Sequence[Row]) -> None:
    """Write the rows of an office down, all of them, whole or not at all.

    Raises:
        StorageError: the disk is full, read-only or broken.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow((*COLUMNS, PERSON, DAY))
    for row in rows:
        writer.writerow((*row.told, row.cells.get(PERSON, ""), row.cells.get(DAY, "")))
    durable_write(own_file(archive), text.getvalue().encode("utf-8-sig"))


def signed(row: Row, person: str, day: str) -> Row:
    """Return the row with who added it, and when."""
    return Row(row.number, {**row.cells, PERSON: person, DAY: day})


# Units and events


def apply(rows: Sequence[Row], places: Places) -> Draft:
    """Return the places with what the rows say; rows that do not fit are its `faults`."""
    draft = Draft(places)
    faults = []
    for row in rows:
        try:
            _apply(row, draft)
        except _FaultError as fault:
            faults.append(Fault(row.number, fault.column, fault.reason))
    draft.faults = tuple(faults)
    return draft


def _apply(row: Row, draft: Draft) -> None:
    for column in COLUMNS:
        if len(row.cells[column]) > MOST_TEXT:
            raise _FaultError(column, _("dài hơn {most} chữ").format(most=MOST_TEXT))
    if not row.cells[SOURCE]:
        raise _FaultError(SOURCE, _("thiếu nguồn: văn bản hoặc người cho biết"))
    checked = _one_of(row, TRUST, _TRUST)
    what = row.cells[WHAT].lower()
    if what == _A_UNIT:
        _apply_unit(row, draft, checked=checked)
    elif what == _A_SPELLING:
        _apply_spelling(row, draft)
    elif what in _KINDS:
        _apply_event(row, draft, _KINDS[what], checked=checked)
    else:
        raise _FaultError(WHAT, _choices([_A_UNIT, _A_SPELLING, *_KINDS]))


def _apply_unit(row: Row, draft: Draft, *, checked: bool) -> None:
    for column in (BECAME, SHARE):
        if row.cells[column]:
            raise _FaultError(column, _("để trống khi việc là “{what}”").format(what=_A_UNIT))
    since, until = _when(row, SINCE), _when(row, UNTIL)
    if since.first and until.last and since.first > until.last:
        raise _FaultError(UNTIL, _("trước ngày bắt đầu"))
    parts = _parts(row, UNIT)
    level, name = parts[0].readings[0]
    unit = Unit(0, level, name, -1, since, until, source=row.cells[SOURCE], checked=checked)
    parents = _all_that_fit(draft, parts[1:], until) if parts[1:] else []
    within = [parent.id for parent in parents] or [-1]
    named = [one for one in draft.named(name) if one.level == level and one.parent in within]
    known = [one for one in named if may_meet(one, unit)]
    if known:
        one = _the_one(row, UNIT, draft, parts, known)
        if not draft.narrow(one, since, until, unit.source):
            told = f"{tell_when(one.since)} – {tell_when(one.until)}"
            raise _FaultError(UNIT, _("đã có trong bảng ({days})").format(days=told))
        return
    if parts[1:]:
        unit = replace(unit, parent=_the_one(row, UNIT, draft, parts[1:], parents).id)
    draft.put_unit(unit)


def _apply_spelling(row: Row, draft: Draft) -> None:
    since, until = _when(row, SINCE), _when(row, UNTIL)
    name = read_part(row.cells[BECAME]).readings[0].name
    if not marked_key(name):
        raise _FaultError(BECAME, _("để trống"))
    parts = _parts(row, UNIT)
    meant = Unit(0, "", "", -1, since, until)
    found = [one for one in _recorded(draft, parts) if may_meet(one, meant)]
    if not draft.put_spelling(_the_one(row, UNIT, draft, parts, found), name):
        raise _FaultError(BECAME, _("đã có trong bảng ({days})").format(days=name))


def _apply_event(row: Row, draft: Draft, kind: EventKind, *, checked: bool) -> None:
    if row.cells[UNTIL]:
        raise _FaultError(UNTIL, _("để trống: một việc chỉ có ngày bắt đầu (cột “từ”)"))
    date = _when(row, SINCE)
    if not (date.first or date.last):
        raise _FaultError(SINCE, _("thiếu ngày; chưa rõ thì ghi khoảng, như 1962..1963"))
    usual: Share = "part" if kind == "split" else "whole"
    share = _one_of(row, SHARE, {"": usual, **_SHARES})
    ended = moved(date, -1)
    olds = _all_that_fit(draft, _parts(row, UNIT), ended)
    if share == "whole":
        olds = [one for one in olds if both(one.until, ended)] or olds
    news = _all_that_fit(draft, _parts(row, BECAME), date)
    if kind != "merge":
        news = [one for one in news if both(one.since, date)] or news
    old = _the_one(row, UNIT, draft, _parts(row, UNIT), olds)
    new = _the_one(row, BECAME, draft, _parts(row, BECAME), [one for one in news if one != old])
    for known in draft.after(old):
        if (known.kind, known.new, known.share) == (kind, new.id, share):
            if not draft.date_event(known, date, row.cells[SOURCE]):
                raise _FaultError(WHAT, _("việc này đã có trong bảng"))
            return
    event = Event(kind, date, old.id, new.id, share, row.cells[NOTE], row.cells[SOURCE], checked)
    if not draft.put_event(event):
        raise _FaultError(SINCE, _("ngày này trái với thời gian của hai đơn vị trong bảng"))


def _parts(row: Row, column: str) -> list[Part]:
    """Return the unit that a cell names and those it lies in, each with its level.

    Raises:
        _FaultError: one of them has no level.
    """
    parts = [read_part(text.strip()) for text in row.cells[column].split(",") if text.strip()]
    if not parts:
        raise _FaultError(column, _("để trống"))
    for part in parts:
        if not part.readings[0].level:
            raise _FaultError(
                column,
                _("“{unit}” thiếu cấp (xã, huyện, tỉnh, …)").format(unit=part.text),
            )
    return parts


def _recorded(draft: Draft, parts: Sequence[Part]) -> list[Unit]:
    """Return the units of that level and name that lay in those units at their end."""
    level, name = parts[0].readings[0]
    above = [may_name(draft, part) for part in parts[1:]]
    return [
        unit
        for unit in draft.named(name)
        if unit.level == level and agrees(draft.chains(unit, None)[0][1:], above) == EXACT
    ]


def _all_that_fit(draft: Draft, parts: Sequence[Part], when: When) -> list[Unit]:
    """Return the units that may be meant, in what they lay in at that time."""
    part, *above = parts
    level, name = part.readings[0]
    meant = [may_name(draft, one) for one in above]
    known = [int(day[:4]) for day in when if day]
    years: list[int | None] = [*known] or [None]
    return [
        unit
        for unit in draft.named(name)
        if unit.level == level
        and any(
            unit.may_stand_in(year) and agrees(chain[1:], meant) == EXACT
            for year in years
            for chain in draft.chains(unit, year)
        )
    ]


def _the_one(
    row: Row, column: str, draft: Draft, parts: Sequence[Part], found: Sequence[Unit]
) -> Unit:
    told = ", ".join(part.text for part in parts)
    if not found:
        raise _FaultError(
            column,
            _("chưa biết “{unit}” vào thời ấy; hãy thêm một hàng “đơn vị” ở trên").format(
                unit=told
            ),
        )
    recorded = [one for one in _recorded(draft, parts) if one in found]
    if len(recorded) == 1:
        return recorded[0]
    if len(found) > 1:
        known = "; ".join(
            f"{', '.join(one.title for one in draft.chains(unit, None)[0])} "
            f"({tell_when(unit.since)} – {tell_when(unit.until)})"
            for unit in found
        )
        raise _FaultError(
            column,
            _("“{unit}” có thể là: {known}; hãy ghi rõ hơn đơn vị cấp trên và ngày").format(
                unit=told, known=known
            ),
        )
    return found[0]


def _when(row: Row, column: str) -> When:
    try:
        return read_when(row.cells[column])
    except ValueError as error:
        raise _FaultError(
            column,
            _(
                "“{day}” không phải ngày; viết 1997-01-01, 1/1/1997, 1997, 1962..1963 hoặc nay"
            ).format(day=row.cells[column]),
        ) from error


def _one_of(row: Row, column: str, words: Mapping[str, Told]) -> Told:
    said = row.cells[column].lower()
    if said not in words:
        raise _FaultError(column, _choices([word for word in words if word]))
    return words[said]


def _choices(words: Sequence[str]) -> str:
    return _("phải là một trong: {words}").format(words=", ".join(words))
