"""Workbooks from outside: rows come as they are, what is hostile is refused with a sentence."""

import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from pipeline.errors import HugeFileError, UnreadableFileError
from pipeline.ingest.files import sheet_rows
from pipeline.ingest.lines import MAX_LINE, file_lines
from pipeline.settings import IngestSettings
from pipeline.values import SheetCell, SheetRow


def written(tmp_path: Path, fill: Callable[[Any, Any], None]) -> Path:
    book = Workbook()
    fill(book, book.worksheets[0])
    file = tmp_path / "sổ.xlsx"
    book.save(file)
    return file


def rows(file: Path, start: tuple[int, int] = (0, 0)) -> list[SheetRow]:
    return list(sheet_rows(file, start, IngestSettings()))


def changed(file: Path, name: str, old: bytes, new: bytes) -> Path:
    """Write the workbook again with one of its parts changed."""
    target = file.with_name("đổi.xlsx")
    with zipfile.ZipFile(file) as packed, zipfile.ZipFile(target, "w") as out:
        for entry in packed.namelist():
            data = packed.read(entry)
            if entry == name:
                assert old in data
                data = data.replace(old, new)
            out.writestr(entry, data)
    return target


def test_cells_come_with_what_excel_holds_them_for(tmp_path: Path) -> None:
    file = written(tmp_path, lambda _book, sheet: _fill(sheet))
    first, third = rows(file)
    assert first == SheetRow(
        1,
        "Sheet",
        1,
        (
            SheetCell("Nguyễn"),
            SheetCell("45", "number"),
            SheetCell("4.5", "number"),
            SheetCell("1987-03-08", "date"),
            SheetCell("1", "yes_no"),
            SheetCell("", "formula"),
            SheetCell("07:05", "time"),
        ),
    )
    assert third.row == 3
    assert [cell.kind for cell in third.cells] == ["odd_date", "odd_date", "long", "error"]
    assert len(third.cells[2].text) == 2000


def _fill(sheet: Any) -> None:
    sheet.append(["Nguyễn", 45, 4.5, date(1987, 3, 8), True, "=A1", time(7, 5), None])
    sheet.append([])
    sheet.append([datetime(1905, 6, 9), datetime(1987, 3, 8, 7), "x" * 3000, "#N/A"])
    sheet["D3"].data_type = "e"


def test_dates_of_the_macintosh_are_the_same_days(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        book.epoch = CALENDAR_MAC_1904
        sheet.append([date(1987, 3, 8)])

    file = written(tmp_path, fill)
    with zipfile.ZipFile(file) as packed:
        assert b"date1904" in packed.read("xl/workbook.xml")
    assert rows(file)[0].cells == (SheetCell("1987-03-08", "date"),)


def test_cells_that_are_merged_are_told_where_they_are(tmp_path: Path) -> None:
    def fill(_book: Any, sheet: Any) -> None:
        for _row in range(4):
            sheet.append(["a", "b", "c"])
        sheet.merge_cells("B2:B3")
        sheet.merge_cells("A4:B4")

    kinds = [[cell.kind for cell in row.cells] for row in rows(written(tmp_path, fill))]
    assert kinds == [
        ["text", "text", "text"],
        ["text", "merged", "text"],
        ["text", "merged", "text"],
        ["merged", "merged", "text"],
    ]


def test_a_sheet_is_read_to_its_end_whatever_it_says_of_its_size(tmp_path: Path) -> None:
    file = written(tmp_path, lambda _book, sheet: [sheet.append(["a"]) for _row in range(5)])
    lying = changed(file, "xl/worksheets/sheet1.xml", b'ref="A1:A5"', b'ref="A1:A1"')
    assert len(rows(lying)) == 5


def test_reading_goes_on_behind_a_row_and_tells_the_head_again(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        for number in range(100):
            sheet.append([number])
        book.create_sheet("B").append(["b"])

    found = rows(written(tmp_path, fill), (1, 90))
    assert [row.row for row in found if row.sheet == 1] == [*range(1, 31), *range(91, 101)]
    assert [row.name for row in found if row.sheet == 2] == ["B"]


@pytest.mark.parametrize(
    "data, part",
    [
        (b"", "Excel"),
        (b"PK\x03\x04 not a zip", "Excel"),
        (b"\xd0\xcf\x11\xe0 an old workbook, or one with a password", "mật khẩu"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, data: bytes, part: str) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(data)
    with pytest.raises(UnreadableFileError, match=part):
        rows(file)


def test_a_zip_without_a_workbook_in_it_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("a.txt", "a")
    with pytest.raises(UnreadableFileError):
        rows(file)


def test_a_workbook_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, lambda _book, sheet: sheet.append(["a"]))
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(UnreadableFileError):
        rows(cut)


def test_a_zip_bomb_is_refused_unopened(tmp_path: Path) -> None:
    file = written(tmp_path, lambda _book, sheet: sheet.append(["a"]))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/a.bin", bytes(20 << 20))
    with pytest.raises(HugeFileError, match="bom"):
        rows(file)


def test_entities_are_not_resolved(tmp_path: Path) -> None:
    file = written(tmp_path, lambda _book, sheet: sheet.append(["a"]))
    secret = tmp_path / "secret"
    secret.write_text("bí mật", encoding="utf-8")
    with zipfile.ZipFile(file) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml")
    hostile = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'.encode() + sheet
    with pytest.raises(UnreadableFileError):
        rows(changed(file, "xl/worksheets/sheet1.xml", sheet, hostile))


def test_a_cell_far_to_the_right_costs_nothing(tmp_path: Path) -> None:
    def fill(_book: Any, sheet: Any) -> None:
        sheet["A1"], sheet["XFD1"] = "a", "z"

    assert rows(written(tmp_path, fill))[0].cells == (SheetCell("a"),)


def test_lines_are_numbered_and_long_ones_cut(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"\xef\xbb\xbfa\r\n" + b"x" * (2 * MAX_LINE + 5) + b"\nlast")
    found = list(file_lines(file))
    assert [(number, line[:4], len(line)) for number, _end, line in found] == [
        (1, b"a\r\n", 3),
        (2, b"xxxx", MAX_LINE),
        (3, b"last", 4),
    ]
    assert list(file_lines(file, (2, found[1][1]))) == found[2:]


def test_a_file_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="gone"):
        list(file_lines(tmp_path / "gone"))
    with pytest.raises(UnreadableFileError, match="gone"):
        rows(tmp_path / "gone")
