"""A small archive to review: invented births in two books, with a page that can be cut."""

from dataclasses import replace

import cv2
import numpy as np

from pipeline.desk.archive import open_archive
from pipeline.flow.book import reindex
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.values import (
    Alternative,
    Book,
    Doubt,
    FieldValue,
    Master,
    Page,
    Polygon,
    Quality,
    Record,
)

BOOK = Book("ks-1987", "birth_table", "xã Vân Trung, huyện Việt Yên", (1987, 1987), "02")
OTHER = Book("ks-1988", "birth_table", "xã Nếnh, huyện Việt Yên", (1988, 1988), "01")
KEYS = ("so", "nksHoTen", "nksNgaySinh", "nksGioiTinh", "nksDanToc", "meHoTen", "chaHoTen")
WIDTH, HEIGHT, ROW = 1400, 900, 60
Cells = dict[str, tuple[str, float]]  # by key: value and confidence


def box(column: int, row: int, columns: int = 1) -> Polygon:
    left, top = 40.0 + 180 * column, 60.0 + ROW * row
    right = left + 180 * columns
    return ((left, top), (right, top), (right, top + ROW), (left, top + ROW))


def entry(
    book: Book, row: int, doubts: tuple[Doubt, ...] = (), **cells: tuple[str, float]
) -> Record:
    """Return an entry; what is not told of a field is sure and plain."""
    usual: Cells = {
        "so": (str(row), 0.99),
        "nksHoTen": (f"Nguyễn Văn {'ABCDEĐGHIK'[row % 10]}n", 0.99),
        "nksNgaySinh": (f"1987-03-{row % 28 + 1:02}", 0.99),
        "nksGioiTinh": ("1", 0.99),
        "nksDanToc": ("01", 0.99),
        "meHoTen": ("Trần Thị Hòa", 0.99),
        "chaHoTen": ("Nguyễn Đình Bảo", 0.99),
    }
    usual |= cells
    fields = tuple(
        FieldValue(
            key,
            value,
            value,
            sure,
            1,
            box(column, row),
            alternatives=(Alternative(value[:-1] + "n", 0.2),) if "HoTen" in key else (),
        )
        for column, (key, (value, sure)) in enumerate(usual.items())
    )
    return Record(
        f"{book.accession}/1/-/{row}",
        book.form,
        1,
        None,
        row,
        box(0, row, len(KEYS)),
        fields,
        doubts,
    )


def picture() -> np.ndarray:
    pixels = np.full((HEIGHT, WIDTH), 235, np.uint8)
    for row in range(12):
        for column in range(len(KEYS)):
            left, top = int(40 + 180 * column), int(60 + ROW * row)
            cv2.rectangle(pixels, (left, top), (left + 180, top + ROW), 120, 1)
            cv2.putText(pixels, f"{row}.{column}", (left + 30, top + 42), 0, 1.0, 30, 2)
    return pixels


def make_archive(settings: Settings, books: dict[Book, list[Record]]) -> Database:
    database = open_archive(settings, make=True)
    for number, (book, records) in enumerate(books.items(), 1):
        database.add_book(book)
        _done, coded = cv2.imencode(".png", picture() + np.uint8(number))
        file = settings.archive / "books" / book.accession / "data" / "masters" / "0001.png"
        file.parent.mkdir(parents=True)
        file.write_bytes(coded.tobytes())
        master = Master(
            f"{number:064}", 1, "data/masters/0001.png", "0001.png", "image/png", len(coded), 1
        )
        page = Page(
            book.accession,
            1,
            master.sha256,
            1,
            WIDTH,
            HEIGHT,
            300.0,
            Quality(3.0, dpi_assumed=True),
        )
        database.add_master(book.accession, master, [page])
        with database.write() as connection:
            database.keep_records(connection, book.accession, records)
    reindex(database, settings)
    return database


def doubtful(book: Book, count: int) -> list[Record]:
    """Return entries of which every second one has a doubtful name."""
    rows = [entry(book, row) for row in range(1, count + 1)]
    return [
        replace(row, fields=tuple(
            replace(one, confidence=0.5) if one.key == "nksHoTen" and row.row % 2 else one
            for one in row.fields
        ))
        for row in rows
    ]  # fmt: skip
