"""Ruled books: tables over one page or two, a row an entry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from pipeline.values import Cell, Polygon, Side
from synthesis.books import Book, Column, kind_of_book, page_key, required_keys
from synthesis.events import LAND, Event, write_field
from synthesis.hands import Hand
from synthesis.invent import Birth, Parcel
from synthesis.marks import signature, stamp
from synthesis.odd import CANCELLED, CORRECTED, NOTED, cancel, note, seal_writing, write_corrected
from synthesis.sheets import (
    Box,
    Rest,
    Sheet,
    SidePage,
    TrueField,
    TrueRecord,
    print_cell,
    to_field,
    write_cell,
)
from synthesis.writing import NOTHING, Written, ditto, write_area, write_table_field, write_text

CENTRED = frozenset(
    {
        "so",
        "nksGioiTinh",
        "chaNgaySinh",
        "meNgaySinh",
        "nksDanToc",
        "to_ban_do_so",
        "thua_dat_so",
        "ma_doi_tuong",
        "hien_trang_loai_dat",
        "phap_ly_loai_dat",
        "hien_trang_dien_tich",
        "phap_ly_dien_tich",
        "stt",
        "so_thu_tu",
        "so_thu_tu_thua",
        "loai_doi_tuong",
        "dien_tich",
        "loai_dat",
        "hang_dat",
        "mdsd_cap_gcn",
        "mdsd_quy_hoach",
        "mdsd_kiem_ke",
        "muc_dich",
        "hinh_thuc_su_dung",
        "dien_tich_rieng",
        "dien_tich_chung",
    }
)
ABOVE_MM = 8.0  # between two lines above a table
CENTRED_ENDS = ("GioiTinh", "DanToc", "NgaySinh")  # of the keys of other books
AND = "+"  # between the keys of a column that holds several fields
PARCEL_DITTO = frozenset({"to_ban_do_so", "ma_doi_tuong"})
Entry = Birth | Parcel | Event
LONG = 4  # words from which the end of a text may stand on the next page


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the rules of one page run, mm.

    Attributes:
        xs: edges of the columns.
        heads: edges of the header's rows, from the top.
        ys: edges of the body's rows, from the last edge of the header.
    """

    columns: tuple[Column, ...]
    xs: tuple[float, ...]
    heads: tuple[float, ...]
    ys: tuple[float, ...]

    def cell(self, row: int, column: int) -> Box:
        """Return a body cell, both counted from 0."""
        return Box(self.xs[column], self.ys[row], self.xs[column + 1], self.ys[row + 1])


def is_land(book: Book) -> bool:
    """Say whether the book is a ledger of land."""
    return kind_of_book(book.form) in LAND


def lay_grid(columns: Sequence[Column], box: Box, heads: Sequence[float], rows: int) -> Grid:
    """Stretch the columns to the box and share its height among the rows."""
    total = sum(column.width for column in columns)
    xs = [box.left]
    for column in columns:
        xs.append(xs[-1] + column.width * box.width / total)
    edges = [box.top]
    for height in heads:
        edges.append(edges[-1] + height)
    pitch = (box.bottom - edges[-1]) / rows
    ys = [edges[-1] + pitch * index for index in range(rows + 1)]
    return Grid(tuple(columns), tuple(xs), tuple(edges), tuple(ys))


def heads_of(book: Book, columns: Sequence[Column]) -> list[float]:
    """Return the heights of the header's rows: two where blocks stand over columns."""
    upper, lower = book.layout.head_mm
    rows = [upper, lower] if any(column.block for column in columns) else [upper + lower]
    return [*rows, 5.5] if book.layout.numbered else rows


def draw_rules(sheet: Sheet, book: Book, grid: Grid) -> None:
    """Print the rules; the frame is heavier, blocks have no rules through their heading."""
    thin, colour = book.layout.rule_mm, book.layout.rule
    top, bottom = grid.heads[0], grid.ys[-1]
    left, right = grid.xs[0], grid.xs[-1]
    runs = _runs(grid.columns)
    for y in (*grid.heads[2 if runs else 1 :], *grid.ys[1:-1]):
        sheet.rule((left, y), (right, y), thin, colour)
    for y in (top, bottom):
        sheet.rule((left, y), (right, y), thin * 2, colour)
    within = {index for first, last in runs for index in range(first + 1, last)}
    for index, x in enumerate(grid.xs):
        start = grid.heads[1] if index in within else top
        outer = index in (0, len(grid.columns))
        sheet.rule((x, start), (x, bottom), thin * 2 if outer else thin, colour)
    for first, last in runs:
        sheet.rule((grid.xs[first], grid.heads[1]), (grid.xs[last], grid.heads[1]), thin, colour)


def _runs(columns: Sequence[Column]) -> list[tuple[int, int]]:
    """Return first and past-the-last column of each block."""
    runs: list[tuple[int, int]] = []
    for index, column in enumerate(columns):
        if (
            column.block
            and runs
            and runs[-1][1] == index
            and columns[index - 1].block == column.block
        ):
            runs[-1] = (runs[-1][0], index + 1)
        elif column.block:
            runs.append((index, index + 1))
    return runs


def draw_head(sheet: Sheet, book: Book, page: SidePage, grid: Grid, first_number: int) -> None:
    """Print the headings and note their cells."""
    blocked = bool(_runs(grid.columns))
    labels_end = 2 if blocked else 1
    size = 3.9

    def head(text: str, row: int, column: int, rows: int, columns: int, hand: Hand) -> None:
        box = Box(
            grid.xs[column], grid.heads[row], grid.xs[column + columns], grid.heads[row + rows]
        )
        polygon = sheet.polygon(box)
        page.cells.append(Cell(polygon, row + 1, column + 1, rows, columns, is_header=True))
        print_cell(sheet, page, hand, text, box.inset(0.7, 0.5), size)

    for first, last in _runs(grid.columns):
        head(grid.columns[first].block, 0, first, 1, last - first, book.bold)
    for index, column in enumerate(grid.columns):
        label = column.label.upper() if book.layout.caps else column.label
        if column.block:
            head(label, 1, index, 1, 1, book.label)
        else:
            head(label, 0, index, labels_end, 1, book.bold if book.layout.caps else book.label)
        if book.layout.numbered:
            number = f"({first_number + index})" if is_land(book) else f"{first_number + index}"
            head(number, labels_end, index, 1, 1, book.label)


def write_parcel_field(key: str, parcel: Parcel) -> Written:
    """Write one cell of the parcel index."""
    match key:
        case "to_ban_do_so":
            return Written(str(parcel.sheet), str(parcel.sheet))
        case "thua_dat_so":
            return Written(parcel.number, parcel.number)
        case "ten_nguoi_su_dung":
            name = " ".join(parcel.users)
            return Written(name, name)
        case "ma_doi_tuong":
            return Written(parcel.user_code, parcel.user_code)
        case "hien_trang_dien_tich":
            return write_area(parcel.area, comma=True)
        case "phap_ly_dien_tich":
            return write_area(parcel.legal_area, comma=True) if parcel.legal_area else NOTHING
        case "hien_trang_loai_dat":
            return Written(parcel.code, parcel.code)
        case "phap_ly_loai_dat":
            return Written(parcel.legal_code, parcel.legal_code)
    return Written(parcel.note, parcel.note)


def write_entry_field(
    key: str, entry: Entry, book: Book, above: Written, rng: Random, room_mm: float
) -> Written:
    """Write one field of an entry, with a ditto mark where the clerk would."""
    if isinstance(entry, Parcel):
        written = write_parcel_field(key, entry)
        mark = book.habits.ditto if book.hands[0].script != "print" else ""
        if mark and key in PARCEL_DITTO and written.raw == above.raw:
            return Written(written.raw, written.value, mark)
        return written
    if isinstance(entry, Event):
        written = write_field(key, entry, book.area, book.habits, rng, room_mm)
    else:
        written = write_table_field(key, entry, book.area, book.habits, rng, room_mm)
    return ditto(rng, key, written, above, book.habits)


def in_one_cell(parts: Sequence[Written]) -> Written:
    """Return what a cell holds that several fields share, as it is written."""
    if len(parts) == 1:
        return parts[0]
    return write_text(", ".join(part.raw for part in parts if part.raw))


def hand_for(book: Book, key: str, row: int, rows: int) -> Hand:
    """Return who writes: the second clerk takes over in the middle, notes are another's."""
    if key in ("ghiChu", "ghi_chu"):
        return book.note_hand if book.hands[0].script == "handwriting" else book.hands[0]
    return book.hands[-1] if row > rows * 0.6 else book.hands[0]


def write_rows(
    sheet: Sheet,
    book: Book,
    pages: Sequence[tuple[SidePage, Grid]],
    entries: Sequence[Entry],
    rng: Random,
    chance: Random,
    rest: Rest | None = None,
    *,
    goes_on: bool = False,
) -> None:
    """Fill in the entries; a record stands on the first page and reaches over the spread.

    What is odd about the book comes by `chance`.

    Args:
        rest: of the entry before, which takes the first row.
        goes_on: the last entry does not end on this sheet: its rest is left on it.
    """
    above: dict[str, Written] = {}
    must = required_keys(book.form)
    home, home_grid = pages[0]
    if rest:
        page, grid = pages[rest.part]
        box, key = grid.cell(0, rest.column), grid.columns[rest.column].key
        fill_cell(sheet, book, page, key, write_text(rest.text), box, 0, len(entries))
    for row, entry in enumerate(entries, 1 if rest else 0):
        fields: dict[str, TrueField] = {}
        for part, (page, grid) in enumerate(pages):
            for index, column in enumerate(grid.columns):
                box = grid.cell(row, index)
                if column.key.startswith("-ky"):
                    if rng.random() < 0.8:
                        centre = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
                        signature(
                            sheet,
                            centre,
                            (box.width * 1.05, box.height * 0.8),
                            book.hands[0].colour,
                        )
                    continue
                told = {
                    key: write_entry_field(
                        key, entry, book, above.get(key, NOTHING), rng, box.width
                    )
                    for key in column.key.split(AND)
                }
                above |= told
                written = in_one_cell(list(told.values()))
                polygon, doubts = None, ()
                words = written.text.split()
                may_go_on = goes_on and entry is entries[-1] and not sheet.rest and not written.ink
                if may_go_on and column.key not in must and len(words) >= LONG:
                    sheet.rest = Rest(part, index, " ".join(words[len(words) // 2 :]))
                    written = write_text(" ".join(words[: len(words) // 2]))
                    doubts = ("continued",)
                if "corrected" in book.odd and not written.ink and chance.random() < CORRECTED:
                    hand = hand_for(book, column.key, row, len(entries))
                    size = size_in(box, hand)
                    polygon = write_corrected(sheet, page, hand, written.raw, box, size, chance)
                    doubts = ("struck_out",) if polygon else ()
                if polygon is None:
                    polygon = fill_cell(
                        sheet, book, page, column.key, written, box, row, len(entries)
                    )
                if polygon is not None:
                    fields |= {
                        key: replace(made, doubts=(*made.doubts, *doubts))
                        for key, one in told.items()
                        if one.raw and not key.startswith("-")
                        for made in [to_field(one, polygon)]
                    }
        strip = Box(home_grid.xs[0], home_grid.ys[row], home_grid.xs[-1], home_grid.ys[row + 1])
        home.records.append(TrueRecord(row + 1, sheet.polygon(strip), fields))
        befall(sheet, book, pages, row, home.records[-1], chance)


def befall(
    sheet: Sheet,
    book: Book,
    pages: Sequence[tuple[SidePage, Grid]],
    row: int,
    record: TrueRecord,
    chance: Random,
) -> None:
    """Note something later across a row, or cancel it, where the book is so and chance will."""
    strips = [Box(grid.xs[0], grid.ys[row], grid.xs[-1], grid.ys[row + 1]) for _page, grid in pages]
    if "noted" in book.odd and chance.random() < NOTED:
        note(sheet, pages[0][0], book.note_hand, strips[0], book.years[1], chance)
        record.doubts.append("other_ink")
    if "cancelled" in book.odd and chance.random() < CANCELLED:
        cancel(sheet, pages[-1][0], book.hands[0], strips, chance)
        record.doubts.append("cancelled")


def is_centred(key: str) -> bool:
    """Say whether the column's short words and numbers stand in its middle."""
    of_birth = key.startswith(("nks", "cha", "me"))
    return key in CENTRED or (key.endswith(CENTRED_ENDS) and not of_birth)


def write_above(
    sheet: Sheet,
    book: Book,
    page: SidePage,
    entry: Entry,
    grid: Grid,
    rng: Random,
) -> dict[str, TrueField]:
    """Print the lines above the table and write on them; return the fields."""
    fields: dict[str, TrueField] = {}
    for index, line in enumerate(book.layout.above):
        y = grid.heads[0] - ABOVE_MM * (len(book.layout.above) - index) + 3
        x = grid.xs[0]
        for label, key, share in line:
            sheet.write(page, book.label, label, (x, y), 4.2)
            start = x + sheet.width_mm(book.label, label, 4.2) + 1.5
            x += share * (grid.xs[-1] - grid.xs[0])
            if not key or not isinstance(entry, Event):
                continue
            written = write_field(key, entry, book.area, book.habits, rng)
            if not written.text:
                continue
            polygon = sheet.write(page, book.hands[0], written.text, (start, y), 5.2)
            if polygon is not None and not key.startswith("-"):
                fields[key] = to_field(written, polygon)
    return fields


def size_in(box: Box, hand: Hand) -> float:
    """Return how large a hand writes in a cell, mm."""
    most = 5.6 if hand.script == "handwriting" else 4.2
    return min(box.height * (0.52 if box.height > 8 else 0.68), most)


def fill_cell(
    sheet: Sheet,
    book: Book,
    page: SidePage,
    key: str,
    written: Written,
    box: Box,
    row: int,
    rows: int,
) -> Polygon | None:
    """Write into one cell; a hand may touch the rules, a machine keeps clear of them."""
    hand = hand_for(book, key, row, rows)
    by_hand = hand.script == "handwriting"
    size = size_in(box, hand)
    inner = box.inset(0.8, -0.4 if by_hand else 0.5)
    align = "centre" if is_centred(key) or written.ink else "left"
    return write_cell(sheet, page, hand, written, inner, size, align)


def note_body(sheet: Sheet, page: SidePage, grid: Grid) -> None:
    """Note all body cells, written or not."""
    first = len(grid.heads)
    for row in range(len(grid.ys) - 1):
        for column in range(len(grid.columns)):
            page.cells.append(Cell(sheet.polygon(grid.cell(row, column)), first + row, column + 1))


def print_titles(
    sheet: Sheet, book: Book, page: SidePage, box: Box, number: int, index: int
) -> Polygon | None:
    """Print what stands above the table; return where the page number is written, if it is."""
    middle = (box.left + box.right) / 2
    title = book.layout.title[index] if index < len(book.layout.title) else ""
    if title:
        width = sheet.width_mm(book.bold, title, 6.5)
        sheet.write(page, book.bold, title, (middle - width / 2, box.top - 9.5), 6.5)
    if index == 0:
        place = f"{book.area.level.capitalize()}: {book.area.commune}"
        sheet.write(page, book.label, place, (box.left, box.top - 9), 4.2)
        year = f"Huyện: {book.area.district}" if is_land(book) else f"Năm {book.years[0]}"
        sheet.write(page, book.label, year, (box.left, box.top - 3), 4.2)
    if index == len(book.layout.pages) - 1:
        label = "Trang số:" if is_land(book) else "Trang"
        x = box.right - 26
        sheet.write(page, book.label, label, (x, box.top - 4), 4.2)
        start = x + sheet.width_mm(book.label, label, 4.2) + 1.5
        return sheet.write(page, book.hands[0], str(number), (start, box.top - 4), 5.2)
    return None


def draw_table(
    book: Book,
    entries: Sequence[Entry],
    number: int,
    rows: int,
    dpi: float,
    seed: int,
    rest: Rest | None = None,
    *,
    goes_on: bool = False,
) -> Sheet:
    """Return one sheet of the book with these entries.

    `number` is its page number; for `rest` and `goes_on` see `write_rows`.
    """
    rng = Random(seed)
    sheet = Sheet(book.layout.sheet_mm, dpi, seed)
    width, height = book.layout.sheet_mm
    parts = len(book.layout.pages)
    pages: list[tuple[SidePage, Grid]] = []
    for index, columns in enumerate(book.layout.pages):
        left = width / parts * index + (9 if index == 0 else 11)
        right = width / parts * (index + 1) - (9 if index == parts - 1 else 11)
        box = Box(left, 27 + rng.uniform(-3, 4), right, height - rng.uniform(9, 16))
        box = replace(box, top=box.top + ABOVE_MM * len(book.layout.above))
        if index:
            box = Box(left, pages[0][1].heads[0], right, pages[0][1].ys[-1])
        heads = heads_of(book, columns)
        side: Side | None = None if parts == 1 else "right" if index else "left"
        page = SidePage(side, book.form, box)
        grid = lay_grid(columns, box, heads, rows)
        room = ABOVE_MM * len(book.layout.above)
        where = print_titles(sheet, book, page, replace(box, top=box.top - room), number, index)
        draw_rules(sheet, book, grid)
        first = 1 + sum(len(earlier) for earlier in book.layout.pages[:index])
        draw_head(sheet, book, page, grid, first)
        note_body(sheet, page, grid)
        pages.append((page, grid))
    shared = write_above(sheet, book, pages[0][0], entries[0], pages[0][1], rng)
    if page_key(book.form) and where is not None:
        shared[page_key(book.form)] = TrueField(str(number), str(number), where)
    chance = Random(f"odd {seed}")
    write_rows(sheet, book, pages, entries, rng, chance, rest, goes_on=goes_on)
    for record in pages[0][0].records:
        record.fields.update(shared)
    if "sealed" in book.odd:
        for _page, grid in pages:
            body = Box(grid.xs[0], grid.ys[0], grid.xs[-1], grid.ys[-1])
            office = f"UBND {book.area.place}"
            parent = f"{book.area.district} {book.area.province}"
            seal_writing(sheet, book.label, office, parent, body, Random(f"seal {seed}"))
    if rng.random() < 0.35:
        last = pages[-1][1]
        spot = (rng.uniform(last.xs[0] + 30, last.xs[-1] - 20), last.ys[-1] - rng.uniform(2, 20))
        stamp(
            sheet,
            book.label,
            f"UBND {book.area.place}",
            f"{book.area.district} {book.area.province}",
            spot,
            rng.uniform(32, 37),
        )
    sheet.pages = [page for page, _ in pages]
    return sheet
