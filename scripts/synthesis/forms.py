"""Bordered forms: printed labels, dotted leaders, tick boxes; an entry on a page or two."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import cv2
import numpy as np

from pipeline.extract.form import OR
from pipeline.values import Cell, Polygon, Side
from synthesis.books import Book
from synthesis.events import Event, write_field
from synthesis.hands import Hand
from synthesis.invent import Birth, Person, draw_surname, invent_person
from synthesis.marks import signature, stamp
from synthesis.odd import CANCELLED, NOTED, cancel, note, seal_writing
from synthesis.sheets import (
    Box,
    Sheet,
    SidePage,
    TrueField,
    TrueRecord,
    print_cell,
    to_field,
    union,
    write_cell,
)
from synthesis.writing import (
    KINDS,
    NOTHING,
    Written,
    date_in_words,
    write_date,
    write_home,
    write_name,
    write_people,
    write_sex,
    write_text,
)

TITLE = "Phó Chủ tịch"
BOLD = "*"
Slot = tuple[float, float, float]  # left and right end and baseline, mm


@dataclass
class Writer:
    """Puts one entry onto one page, remembering its fields."""

    sheet: Sheet
    book: Book
    page: SidePage
    written: dict[str, Written]
    fields: dict[str, TrueField]
    hand: Hand

    def label(self, text: str, x: float, y: float, *, bold: bool = False) -> float:
        """Print a label; return where it ends."""
        hand = self.book.bold if bold else self.book.label
        size = self.book.layout.label_mm
        self.sheet.write(self.page, hand, text, (x, y), size)
        return x + self.sheet.width_mm(hand, text, size)

    def leaders(self, slots: Sequence[Slot]) -> None:
        """Print the dotted leaders."""
        for left, right, y in slots:
            self.sheet.dots((left, y + 0.3), right)

    def fill(self, key: str, slots: Sequence[Slot]) -> None:
        """Print the leaders and write the field upon them."""
        self.leaders(slots)
        written = self.written.get(key, NOTHING)
        if not written.text:
            return
        size = 5.6 if self.hand.script == "handwriting" else 4.3
        for factor in (1, 0.9, 0.8, 0.72, 0.64, 0.56, 0.5):
            parts = self.break_into(written.text, slots, size * factor)
            if parts:
                break
        polygons = []
        for text, (left, _, y) in zip(parts or [written.text], slots, strict=False):
            rise = float(self.sheet.rng.uniform(-0.3, 0.6))
            at = (left + float(self.sheet.rng.uniform(0.3, 2.0)), y - rise)
            polygon = self.sheet.write(self.page, self.hand, text, at, size * factor)
            if polygon is not None:
                polygons.append(polygon)
        if polygons and not key.startswith("-"):
            self.fields[key] = to_field(written, union(polygons))

    def break_into(self, text: str, slots: Sequence[Slot], size: float) -> list[str] | None:
        """Share the words out among the slots; None when they do not fit."""
        parts: list[str] = []
        words = text.split(" ")
        for left, right, _ in slots:
            line: list[str] = []
            while (
                words
                and self.sheet.width_mm(self.hand, " ".join([*line, words[0]]), size)
                < right - left - 2
            ):
                line.append(words.pop(0))
            parts.append(" ".join(line))
        return [part for part in parts if part] if not words and parts[0] else None


def officer(rng: Random, book: Book) -> Person:
    """Return an official of the commune."""
    return invent_person(
        rng,
        "Kinh",
        draw_surname(rng, "Kinh"),
        female=rng.random() < 0.4,
        year=1972,
        writable=lambda text: all(h.face.can_write(text) for h in book.hands),
    )


def write_birth(
    birth: Birth, book: Book, number: int, officers: tuple[Person, Person], rng: Random
) -> dict[str, Written]:
    """Return everything that is written on the page of one birth."""
    area, habits = book.area, book.habits
    child, mother, father = birth.child, birth.mother, birth.father
    home = write_home(area, birth.hamlet, habits, full=True)
    name = write_name(rng, child, habits)
    if habits.caps:
        name = Written(name.raw.upper(), name.raw.upper())
    words = date_in_words(child.born)
    paper = f"{rng.randrange(100000000, 199999999)}"
    place = birth.birthplace.replace("tại nhà", home.raw)
    all_ = {
        "so": Written(birth.serial, birth.serial),
        "quyenSo": Written(book.volume, book.volume),
        "trangSo": Written(str(number), str(number)),
        "ngayDangKy": write_date(birth.registered, habits.date),
        "nksHoTen": name,
        "nksNgaySinh": write_date(child.born, habits.date),
        "nksNgaySinhBangChu": Written(words, child.born.isoformat()),
        "nksGioiTinh": write_sex(child, habits),
        "nksDanToc": write_people(child.people, habits),
        "nksQuocTich": Written("Việt Nam", "Việt Nam"),
        "nksNoiSinh": write_text(place if "," in place else f"{place}, tỉnh {area.province}"),
        "nksQueQuan": write_text(f"{area.place}, {area.upper}"),
        "meHoTen": write_name(rng, mother, habits),
        "meNgaySinh": Written(f"{mother.born.year}", f"{mother.born.year}"),
        "meDanToc": write_people(mother.people, habits),
        "meQuocTich": Written("Việt Nam", "Việt Nam"),
        "meNoiCuTru": home,
        "nycHoTen": write_name(rng, birth.declarant, habits),
        "nycSoGiayToTuyThan": Written(f"CMND số {paper}", paper),
        "nguoiKy": write_text(f"{officers[0].name}, {TITLE}"),
        "nguoiThucHien": write_text(officers[1].name),
        "ghiChu": write_text(birth.note),
        "loaiDangKy": Written(KINDS[birth.kind], birth.kind),
        "-ky_nyc": Written(birth.declarant.name),
        "-nghe_me": Written(mother.job),
        "-trich_luc": Written(f"{birth.serial}/TLKS-BS"),
        "-ky_ban_sao": Written(officers[0].name),
        "noiDangKy": write_text(f"UBND {area.place}, {area.upper}"),
        "nycQuanHe": write_text("mẹ" if birth.declarant == mother else "cha"),
    }
    if father:
        all_ |= {
            "-nghe_cha": Written(father.job),
            "chaHoTen": write_name(rng, father, habits),
            "chaNgaySinh": Written(f"{father.born.year}", f"{father.born.year}"),
            "chaDanToc": write_people(father.people, habits),
            "chaQuocTich": Written("Việt Nam", "Việt Nam"),
            "chaNoiCuTru": home,
        }
    return all_


def write_event(
    event: Event, book: Book, number: int, officers: tuple[Person, Person], rng: Random
) -> dict[str, Written]:
    """Return everything that is written on the page of one event."""
    layout = book.layout
    parts = [*layout.head, *(part for line in layout.lines for part in line), *layout.signs]
    keys = dict.fromkeys((*(part.key for part in parts), *(choice.key for choice in layout.ticks)))
    written = {key: write_field(key, event, book.area, book.habits, rng) for key in keys if key}
    return {
        **written,
        "ghiChu": write_text(event.note),
        "quyenSo": Written(book.volume, book.volume),
        "trangSo": Written(str(number), str(number)),
        "nguoiKy": write_text(f"{officers[0].name}, {TITLE}"),
        "nguoiThucHien": write_text(officers[1].name),
        "-ky_ban_sao": Written(officers[0].name),
    }


def draw_frame(writer: Writer, frame: Box, split: float, row: int) -> None:
    """Print the border and its two cells, or the one where nothing stands beside the lines."""
    sheet, layout = writer.sheet, writer.book.layout
    columns = [(frame.left, split), (split, frame.right)][: 1 if split >= frame.right else 2]
    for x in dict.fromkeys((frame.left, split, frame.right)):
        sheet.rule((x, frame.top), (x, frame.bottom), layout.rule_mm, layout.rule)
    for y in (frame.top, frame.bottom):
        sheet.rule((frame.left, y), (frame.right, y), layout.rule_mm, layout.rule)
    for column, (left, right) in enumerate(columns, 1):
        box = Box(left, frame.top, right, frame.bottom)
        writer.page.cells.append(Cell(sheet.polygon(box), row, column))


def draw_entry(writer: Writer, box: Box) -> None:
    """Print the left column and write upon it."""
    lines = writer.book.layout.lines
    top = box.top + 7
    pitch = (box.bottom - (36 if writer.book.layout.signs else 8) - top) / (len(lines) - 1)
    slots: dict[str, list[Slot]] = {}
    for index, line in enumerate(lines):
        y = top + index * pitch
        x = box.left + 2
        for label, key, share in line:
            text = label.removeprefix(BOLD)
            start = writer.label(text, x, y, bold=text != label) if text else x
            x += share * (box.width - 4)
            if key:
                slots.setdefault(key, []).append((start + 1, x - 1, y))
    for key, places in slots.items():
        writer.fill(key, places)
    signed = writer.fields.get("nguoiKy")
    if signed is None:
        return
    name = signed.raw.removesuffix(f", {TITLE}")
    writer.fields["nguoiKy"] = replace(signed, raw=name, value=name)
    writer.fields["chucVuNguoiKy"] = replace(signed, raw=TITLE, value=TITLE)


def draw_signatures(writer: Writer, box: Box) -> None:
    """Print where people sign; they do, and write their names below."""
    y = box.bottom - 28
    signs = writer.book.layout.signs
    room = box.width / max(len(signs), 1)
    for index, (text, key, _share) in enumerate(signs):
        centre = box.left + room / 2 * (1 + 2 * index)
        width = writer.sheet.width_mm(writer.book.bold, text, writer.book.layout.label_mm)
        writer.label(text, centre - width / 2, y, bold=True)
        signature(writer.sheet, (centre, y + 9), (24, 11), writer.hand.colour)
        name = writer.written[key]
        if key == "nguoiKy":
            name = write_text(name.raw.removesuffix(f", {TITLE}"))
        size = 5 * min(1.0, room / max(writer.sheet.width_mm(writer.hand, name.raw, 5), 1))
        length = writer.sheet.width_mm(writer.hand, name.raw, size)
        polygon = writer.sheet.write(
            writer.page, writer.hand, name.raw, (centre - length / 2, y + 21), size
        )
        if polygon is not None and not key.startswith("-"):
            writer.fields[key] = to_field(name, polygon)


def tick(sheet: Sheet, hand: Hand, box: Box) -> Polygon:
    """Cross a box by hand; return the box."""
    rng = sheet.rng
    side = round(sheet.px(box.width))
    alpha = np.zeros((side * 2, side * 2), np.uint8)
    mark = [((0.35, 0.4), (1.5, 1.6)), ((1.6, 0.3), (0.4, 1.55))]
    if rng.random() < 0.35:
        mark = [((0.4, 0.9), (0.8, 1.5)), ((0.8, 1.5), (1.8, 0.2))]
    for start, end in mark:
        ends = [
            tuple(int(side * (v + rng.normal(0, 0.07))) for v in point) for point in (start, end)
        ]
        cv2.line(alpha, ends[0], ends[1], 230, max(round(sheet.px(0.4)), 1), cv2.LINE_AA)
    corner = (round(sheet.px(box.left) - side / 2), round(sheet.px(box.top) - side / 2))
    sheet.blend(alpha, corner, hand.colour)
    return sheet.polygon(box)


def draw_ticks(writer: Writer, box: Box) -> None:
    """Print the boxes of the right column, and cross those that hold."""
    sheet, layout = writer.sheet, writer.book.layout
    y = box.top + 5
    side = 3.8
    for text, key, code in layout.ticks:
        square = Box(box.left + 2.5, y, box.left + 2.5 + side, y + side)
        for x in (square.left, square.right):
            sheet.rule((x, square.top), (x, square.bottom), 0.25, layout.rule)
        for edge in (square.top, square.bottom):
            sheet.rule((square.left, edge), (square.right, edge), 0.25, layout.rule)
        text_box = Box(square.right + 1.5, y - 2.5, box.right - 1, y + side + 2.5)
        hand = writer.book.label
        print_cell(sheet, writer.page, hand, text, text_box, layout.label_mm * 0.95, "left")
        if writer.written.get(key, NOTHING).value == code:
            polygon = tick(sheet, writer.hand, square)
            writer.fields[key] = TrueField(text, "" if OR in code else code, polygon)
        y += 11
    heading = Box(box.left, y, box.right, y + 7)
    print_cell(sheet, writer.page, writer.book.bold, "Ghi chú", heading, layout.label_mm)
    note = writer.written["ghiChu"]
    place = Box(box.left + 2, y + 8, box.right - 2, y + 34)
    where = write_cell(sheet, writer.page, writer.book.note_hand, note, place, 5.4)
    if where is not None:
        writer.fields["ghiChu"] = to_field(note, where)


def draw_head(writer: Writer, frame: Box) -> None:
    """Print and write the line above the frame; the last of several stands in the right half."""
    y = frame.top - 4
    x = frame.left + 1
    head = writer.book.layout.head
    for label, key, room in (*head[:1], *head[1:-1]):
        x = writer.label(label, x, y)
        writer.fill(key, [(x + 1, x + room, y)])
        x += room + 2
    for label, key, _room in head[1:][-1:]:
        x = writer.label(label, frame.left + frame.width * 0.5, y)
        writer.fill(key, [(x + 1, frame.right - 1, y)])


def draw_title(writer: Writer, frame: Box) -> None:
    """Print what stands over a paper without a frame."""
    for index, text in enumerate(writer.book.layout.title):
        size = 6.5 if index == 0 else 4.5
        x = (frame.left + frame.right - writer.sheet.width_mm(writer.book.bold, text, size)) / 2
        y = frame.top - 18 + 6.5 * index
        writer.sheet.write(writer.page, writer.book.bold, text, (x, y), size)


def draw_form_page(
    sheet: Sheet,
    book: Book,
    entries: Sequence[Birth | Event],
    number: int,
    place: Box,
    side: Side | None,
    officers: tuple[Person, Person],
    rng: Random,
) -> SidePage:
    """Print one page of the book and write its entries on it, one under the other."""
    page = SidePage(side, book.form, place)
    step = place.height / book.layout.entries
    for index, entry in enumerate(entries):
        part = Box(
            place.left, place.top + step * index, place.right, place.top + step * (index + 1)
        )
        page.records.append(
            draw_record(sheet, book, page, entry, number, index, part, officers, rng)
        )
    return page


def draw_record(
    sheet: Sheet,
    book: Book,
    page: SidePage,
    entry: Birth | Event,
    number: int,
    index: int,
    place: Box,
    officers: tuple[Person, Person],
    rng: Random,
) -> TrueRecord:
    """Print one frame with what stands around it, and write the entry there."""
    write = write_birth if isinstance(entry, Birth) else write_event
    written = write(entry, book, number, officers, rng)  # type: ignore[operator]
    hand = rng.choice(book.hands)
    writer = Writer(sheet, book, page, written, {}, hand)
    above = 24 if book.layout.frame else 36
    frame = Box(place.left + 14, place.top + above, place.right - 10, place.bottom - 20)
    split = frame.left + frame.width * book.layout.left_share
    draw_head(writer, frame)
    if book.layout.frame:
        draw_frame(writer, frame, split, 1 + index)
    else:
        split = frame.right
        draw_title(writer, frame)
    left = Box(frame.left, frame.top, split, frame.bottom)
    draw_entry(writer, left)
    draw_signatures(writer, left)
    if book.layout.frame:
        if split < frame.right:
            draw_ticks(writer, Box(split, frame.top, frame.right, frame.bottom))
        x = writer.label("Trang số:", frame.right - 38, frame.bottom + 8)
        writer.fill("trangSo", [(x + 1, frame.right - 2, frame.bottom + 8)])
    if rng.random() < 0.3:
        spot = (
            rng.uniform(split - 20, split + 15),
            rng.uniform(frame.bottom - 25, frame.bottom - 8),
        )
        stamp(
            sheet,
            book.label,
            f"UBND {book.area.place}",
            f"{book.area.district} {book.area.province}",
            spot,
            rng.uniform(32, 36),
        )
    whole = Box(frame.left, frame.top - 10, frame.right, frame.bottom + 11)
    record = TrueRecord(1 + index, sheet.polygon(whole), writer.fields)
    befall(writer, record, left, whole, Random(f"odd {number} {index} {book.volume}"))
    return record


def befall(writer: Writer, record: TrueRecord, left: Box, whole: Box, chance: Random) -> None:
    """Seal, note or cancel an entry, where the book is so and chance will."""
    sheet, book = writer.sheet, writer.book
    if "sealed" in book.odd:
        parent = f"{book.area.district} {book.area.province}"
        seal_writing(sheet, book.label, f"UBND {book.area.place}", parent, left, chance)
    if "noted" in book.odd and chance.random() < 3 * NOTED:
        room = Box(left.left, left.top + 20, left.right, left.bottom - 40)
        note(sheet, writer.page, book.note_hand, room, book.years[1], chance)
        record.doubts.append("other_ink")
    if "cancelled" in book.odd and chance.random() < 3 * CANCELLED:
        cancel(sheet, writer.page, writer.hand, [whole], chance)
        record.doubts.append("cancelled")


def draw_forms(
    book: Book, entries: Sequence[Birth | Event], number: int, dpi: float, seed: int
) -> Sheet:
    """Return one sheet: a page, or the two pages of a spread."""
    rng = Random(seed)
    sheet = Sheet(book.layout.sheet_mm, dpi, seed)
    officers = (officer(Random(book.volume), book), officer(Random(book.area.id), book))
    width, height = book.layout.sheet_mm
    sides: tuple[Side | None, ...] = ("left", "right") if book.layout.spread else (None,)
    step, each = width / len(sides), book.layout.entries
    for index, side in enumerate(sides):
        here = entries[index * each : (index + 1) * each]
        if here:
            place = Box(step * index, 0, step * (index + 1), height)
            page = draw_form_page(sheet, book, here, number + index, place, side, officers, rng)
            sheet.pages.append(page)
    return sheet
