"""The rows of an Excel workbook, one after the other: runs in the child of `decode.py`.

Nothing is unpacked to the disk, no formula is worked out, no outside reference is followed.
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, cast
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError

from defusedxml.common import DefusedXmlException
from lxml.etree import XMLSyntaxError
from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries

from pipeline.errors import HugeFileError, UnreadableFileError
from pipeline.words import _

MAX_COLUMNS = 100  # the Ministry's widest book has 60
MAX_TEXT = 2000  # letters in a cell
_MAX_ENTRIES = 1000
_MAX_BYTES = 4 << 30  # unpacked; a million rows of forty filled cells are about two
_MAX_RATIO = 100  # unpacked to packed; real sheets stay below forty
_SMALL_BYTES = 1 << 20
_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"
_YEARS = range(1800, 2101)
_CHUNK = 1 << 20
_MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"'
)
_MERGED_HEAD = re.compile(rb"<(?:\w+:)?mergeCells\b")
_MAX_MERGED = 100_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BROKEN = (
    AttributeError,
    BadZipFile,
    DefusedXmlException,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OverflowError,
    ParseError,
    TypeError,
    ValueError,
    XMLSyntaxError,
    ZlibError,
)

Cell = tuple[str, str]  # what the cell says, and its kind: see `values.SheetCell`


def workbook_rows(file: Path, first: int) -> Iterator[dict[str, Any]]:
    """Yield the rows that hold anything, as `values.SheetRow` has them.

    Args:
        first: number of the sheet to begin with, counted from 1.

    Raises:
        UnreadableFileError: it is no workbook, or damaged.
        HugeFileError: it unpacks to more than the limits allow.
    """
    _refuse_unfit(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like, which are not read
            book: Any = load_workbook(file, read_only=True, data_only=False, keep_links=False)
            for number, sheet in enumerate(book.worksheets, 1):
                if number >= first:
                    merged = _merged_rows(file, sheet._worksheet_path)
                    yield from _sheet_rows(sheet, number, merged, book.epoch)
    except _BROKEN as error:
        raise UnreadableFileError(str(file), _("không phải tệp Excel .xlsx lành lặn")) from error


def _refuse_unfit(file: Path) -> None:
    with file.open("rb") as stream:
        if stream.read(4) == _OLD_OR_LOCKED:
            reason = _("kiểu .xls cũ hoặc có mật khẩu; hãy lưu lại thành .xlsx không mật khẩu")
            raise UnreadableFileError(str(file), reason)
    try:
        with ZipFile(file) as packed:
            entries = packed.infolist()
    except _BROKEN as error:
        raise UnreadableFileError(str(file), _("không phải tệp Excel .xlsx lành lặn")) from error
    if len(entries) > _MAX_ENTRIES:
        raise HugeFileError(str(file), _("hơn {most} tệp bên trong").format(most=_MAX_ENTRIES))
    if sum(entry.file_size for entry in entries) > _MAX_BYTES:
        raise HugeFileError(str(file), _("giải nén ra hơn {most} MB").format(most=_MAX_BYTES >> 20))
    if any(map(_is_bomb, entries)):
        raise HugeFileError(
            str(file), _("một phần nén hơn {most} lần, như bom nén").format(most=_MAX_RATIO)
        )


def _is_bomb(entry: ZipInfo) -> bool:
    is_small = entry.file_size <= _SMALL_BYTES
    return not is_small and entry.file_size > _MAX_RATIO * max(1, entry.compress_size)


def _merged_rows(file: Path, path: str) -> Mapping[int, Sequence[tuple[int, int]]]:
    """Return, by row, the columns (first, last) of cells that are merged with others.

    They are listed behind all rows, so the sheet's text is looked through once beforehand.
    """
    rows: dict[int, list[tuple[int, int]]] = {}
    count, found, rest = 0, False, b""
    with ZipFile(file) as packed, packed.open(path) as stream:
        while chunk := stream.read(_CHUNK):
            text = rest + chunk
            found = found or _MERGED_HEAD.search(text) is not None
            rest = text[-200:]
            for hit in _MERGED.finditer(text) if found else ():
                rest = text[max(hit.end(), len(text) - 200) :]
                bounds = range_boundaries(hit[1].decode("ascii"))
                left, top, right, bottom = cast(tuple[int, int, int, int], bounds)
                count += bottom - top + 1
                if count > _MAX_MERGED:
                    raise HugeFileError(str(file), _("hơn {most} ô gộp").format(most=_MAX_MERGED))
                for row in range(top, bottom + 1):
                    rows.setdefault(row, []).append((left, right))
    return rows


def _sheet_rows(
    sheet: Any,
    number: int,
    merged: Mapping[int, Sequence[tuple[int, int]]],
    epoch: datetime,
) -> Iterator[dict[str, Any]]:
    sheet.reset_dimensions()  # what a sheet says of its size need not be true
    for row, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
        told = [_cell(cell, epoch) for cell in cells]
        for left, right in merged.get(row, ()):
            for at in range(left - 1, min(right, len(told))):
                told[at] = (told[at][0], "merged")
        while told and told[-1] == ("", "text"):
            told.pop()
        if told:
            yield {"sheet": number, "name": sheet.title, "row": row, "cells": told}


def _cell(cell: Any, epoch: datetime) -> Cell:
    value, kind = cell.value, cell.data_type
    if value is None:
        return "", "text"
    if kind == "f":
        return "", "formula"
    if kind == "e":
        return "", "error"
    if isinstance(value, bool):
        return str(int(value)), "yes_no"
    if isinstance(value, (int, float)):
        return (str(int(value)) if value == int(value) else repr(value)), "number"
    if isinstance(value, (datetime, date)):
        return _day(value, epoch)
    if isinstance(value, time):
        return value.strftime("%H:%M"), "time"
    text = _CONTROL.sub(" ", str(value)).strip()
    return (text, "text") if len(text) <= MAX_TEXT else (text[:MAX_TEXT], "long")


def _day(value: datetime | date, epoch: datetime) -> Cell:
    day = value.date() if isinstance(value, datetime) else value
    if isinstance(value, datetime) and value.time() != time():
        return value.isoformat(), "odd_date"
    is_year = (day - epoch.date()).days in _YEARS
    return day.isoformat(), "odd_date" if is_year else "date"
