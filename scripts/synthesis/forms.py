"""The bordered form of Circular 15/2015: one birth on a page, printed labels, dotted leaders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import cv2
import numpy as np

from pipeline.values import Cell, Polygon, Side
from synthesis.books import Book
from synthesis.hands import Hand
from synthesis.invent import Birth, Person, draw_surname, invent_person
from synthesis.marks import signature, stamp
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

TICKS = (
    "Đúng hạn",
    "Quá hạn",
    "Đăng ký lại",
    "Trẻ chưa xác định được cha mẹ",
    "Trẻ bị bỏ rơi",
    "Ghi vào sổ hộ tịch việc khai sinh",
)
TITLE = "Phó Chủ tịch"
Part = tuple[str, str, float]
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


def write_all(
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
        "nksQueQuan": write_text(f"{area.place}, huyện {area.district}, tỉnh {area.province}"),
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
    }
    if father:
        all_ |= {
            "chaHoTen": write_name(rng, father, habits),
            "chaNgaySinh": Written(f"{father.born.year}", f"{father.born.year}"),
            "chaDanToc": write_people(father.people, habits),
            "chaQuocTich": Written("Việt Nam", "Việt Nam"),
            "chaNoiCuTru": home,
        }
    return all_


def draw_frame(writer: Writer, frame: Box, split: float) -> None:
    """Print the border and its two cells."""
    sheet, layout = writer.sheet, writer.book.layout
    for x in (frame.left, split, frame.right):
        sheet.rule((x, frame.top), (x, frame.bottom), layout.rule_mm, layout.rule)
    for y in (frame.top, frame.bottom):
        sheet.rule((frame.left, y), (frame.right, y), layout.rule_mm, layout.rule)
    left = Box(frame.left, frame.top, split, frame.bottom)
    right = Box(split, frame.top, frame.right, frame.bottom)
    for column, box in enumerate((left, right), 1):
        writer.page.cells.append(Cell(sheet.polygon(box), 1, column))


def entry_rows(who: str) -> list[list[Part]]:
    """Return the printed lines: (label, key, share of the line); an empty label continues."""
    rows: list[list[Part]] = [
        [("Họ, chữ đệm, tên:", "nksHoTen", 1.0)],
        [("Ngày, tháng, năm sinh:", "nksNgaySinh", 1.0)],
        [("ghi bằng chữ:", "nksNgaySinhBangChu", 1.0)],
        [("", "nksNgaySinhBangChu", 1.0)],
        three_parts("nks", "Giới tính:", "GioiTinh"),
        [("Nơi sinh:", "nksNoiSinh", 1.0)],
        [("", "nksNoiSinh", 1.0)],
        [("Quê quán:", "nksQueQuan", 1.0)],
        [("Số định danh cá nhân:", "-dinh_danh", 1.0)],
    ]
    for prefix, word in (("me", "mẹ"), ("cha", "cha")):
        rows += [
            [(f"Họ, chữ đệm, tên {who}{word}:", f"{prefix}HoTen", 1.0)],
            three_parts(prefix, "Năm sinh:", "NgaySinh"),
            [("Nơi cư trú:", f"{prefix}NoiCuTru", 1.0)],
            [("", f"{prefix}NoiCuTru", 1.0)],
        ]
    return [
        *rows,
        [("Họ, chữ đệm, tên người đi khai sinh:", "nycHoTen", 1.0)],
        [("Giấy tờ tùy thân:", "nycSoGiayToTuyThan", 1.0)],
        [("Họ, chữ đệm, tên, chức vụ người ký Giấy khai sinh:", "-", 1.0)],
        [("", "nguoiKy", 1.0)],
    ]


def three_parts(prefix: str, label: str, key: str) -> list[Part]:
    """Return the line with sex or year of birth, ethnic group and nationality."""
    return [
        (label, f"{prefix}{key}", 0.28),
        ("Dân tộc:", f"{prefix}DanToc", 0.32),
        ("Quốc tịch:", f"{prefix}QuocTich", 0.4),
    ]


def draw_entry(writer: Writer, box: Box) -> None:
    """Print the left column and write upon it."""
    rows = entry_rows(writer.book.layout.who)
    top = box.top + 7
    writer.label("Người được đăng ký khai sinh", box.left + 2, top, bold=True)
    pitch = (box.bottom - 36 - top) / len(rows)
    slots: dict[str, list[Slot]] = {}
    for index, row in enumerate(rows, 1):
        y = top + index * pitch
        x = box.left + 2
        for label, key, share in row:
            bold = key in ("meHoTen", "chaHoTen", "nycHoTen")
            start = writer.label(label, x, y, bold=bold) if label else x
            x += share * (box.width - 4)
            slots.setdefault(key, []).append((start + 1, x - 1, y))
    for key, places in slots.items():
        writer.fill(key, places)
    signed = writer.fields["nguoiKy"]
    name = signed.raw.removesuffix(f", {TITLE}")
    writer.fields["nguoiKy"] = replace(signed, raw=name, value=name)
    writer.fields["chucVuNguoiKy"] = replace(signed, raw=TITLE, value=TITLE)


def draw_signatures(writer: Writer, box: Box, birth: Birth) -> None:
    """Print where the declarant and the clerk sign; they do."""
    y = box.bottom - 28
    quarter = box.width / 4
    for index, text in enumerate(("Người đi khai sinh", "Người thực hiện")):
        centre = box.left + quarter * (1 + 2 * index)
        width = writer.sheet.width_mm(writer.book.bold, text, writer.book.layout.label_mm)
        writer.label(text, centre - width / 2, y, bold=True)
        signature(writer.sheet, (centre, y + 9), (24, 11), writer.hand.colour)
        name = birth.declarant.name if index == 0 else writer.written["nguoiThucHien"].raw
        length = writer.sheet.width_mm(writer.hand, name, 5)
        polygon = writer.sheet.write(
            writer.page, writer.hand, name, (centre - length / 2, y + 21), 5
        )
        if index and polygon is not None:
            writer.fields["nguoiThucHien"] = to_field(writer.written["nguoiThucHien"], polygon)


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


def draw_ticks(writer: Writer, box: Box, birth: Birth) -> None:
    """Print the boxes of the right column, and cross the one that holds."""
    sheet, layout = writer.sheet, writer.book.layout
    y = box.top + 5
    side = 3.8
    chosen = KINDS[birth.kind]
    for text in TICKS:
        square = Box(box.left + 2.5, y, box.left + 2.5 + side, y + side)
        for x in (square.left, square.right):
            sheet.rule((x, square.top), (x, square.bottom), 0.25, layout.rule)
        for edge in (square.top, square.bottom):
            sheet.rule((square.left, edge), (square.right, edge), 0.25, layout.rule)
        text_box = Box(square.right + 1.5, y - 2.5, box.right - 1, y + side + 2.5)
        hand = writer.book.label
        print_cell(sheet, writer.page, hand, text, text_box, layout.label_mm * 0.95, "left")
        if text == chosen:
            polygon = tick(sheet, writer.hand, square)
            writer.fields["loaiDangKy"] = TrueField(text, birth.kind, polygon)
        y += 11
    heading = Box(box.left, y, box.right, y + 7)
    print_cell(sheet, writer.page, writer.book.bold, "Ghi chú", heading, layout.label_mm)
    note = writer.written["ghiChu"]
    place = Box(box.left + 2, y + 8, box.right - 2, y + 34)
    where = write_cell(sheet, writer.page, writer.book.note_hand, note, place, 5.4)
    if where is not None:
        writer.fields["ghiChu"] = to_field(note, where)


def draw_form_page(
    sheet: Sheet,
    book: Book,
    birth: Birth,
    number: int,
    place: Box,
    side: Side | None,
    officers: tuple[Person, Person],
    rng: Random,
) -> SidePage:
    """Print one page of the book and write one birth on it."""
    page = SidePage(side, book.form, place)
    written = write_all(birth, book, number, officers, rng)
    hand = rng.choice(book.hands)
    writer = Writer(sheet, book, page, written, {}, hand)
    frame = Box(place.left + 14, place.top + 24, place.right - 10, place.bottom - 20)
    split = frame.left + frame.width * book.layout.left_share
    x = writer.label("Số:", frame.left + 1, frame.top - 4)
    writer.fill("so", [(x + 1, x + 24, frame.top - 4)])
    x = writer.label("Quyển:", x + 26, frame.top - 4)
    writer.fill("quyenSo", [(x + 1, x + 16, frame.top - 4)])
    x = writer.label("Ngày, tháng, năm đăng ký:", frame.left + frame.width * 0.5, frame.top - 4)
    writer.fill("ngayDangKy", [(x + 1, frame.right - 1, frame.top - 4)])
    draw_frame(writer, frame, split)
    left = Box(frame.left, frame.top, split, frame.bottom)
    draw_entry(writer, left)
    draw_signatures(writer, left, birth)
    draw_ticks(writer, Box(split, frame.top, frame.right, frame.bottom), birth)
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
    page.records.append(TrueRecord(1, sheet.polygon(whole), writer.fields))
    return page


def draw_forms(book: Book, births: Sequence[Birth], number: int, dpi: float, seed: int) -> Sheet:
    """Return one sheet: one birth, or two on the pages of a spread."""
    rng = Random(seed)
    sheet = Sheet(book.layout.sheet_mm, dpi, seed)
    officers = (officer(Random(book.volume), book), officer(Random(book.area.id), book))
    width, height = book.layout.sheet_mm
    sides: tuple[Side | None, ...] = ("left", "right") if book.layout.spread else (None,)
    step = width / len(sides)
    for index, (side, birth) in enumerate(zip(sides, births, strict=False)):
        place = Box(step * index, 0, step * (index + 1), height)
        page = draw_form_page(sheet, book, birth, number + index, place, side, officers, rng)
        sheet.pages.append(page)
    return sheet
