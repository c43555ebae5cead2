"""Sheets of paper for the scanning desk, as PDF: separator sheets, the sheet of a closed book."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import segno
from fpdf import FPDF

from pipeline.desk.books import title_of
from pipeline.ingest.separators import codes_of
from pipeline.values import Book
from pipeline.words import _

_MARGIN_MM, _WIDTH_MM = 20.0, 170.0
_CODE_MM = 70.0  # at 200 dpi a module of it is some 12 px
_FACE = "sans"
_FONT = Path(str(files("ocrmypdf.data") / "NotoSans-Regular.ttf"))  # has all Vietnamese letters


@dataclass(frozen=True, slots=True)
class Completeness:
    """What the sheet of a closed book tells.

    Attributes:
        counted: scans of the book, without the rejected ones.
        missing, rejected, flags: sentences, one a line.
        sums: of each master, its stored name and its SHA-256, in the order they came.
        person, time: who closed the book, and when (UTC, ISO 8601).
    """

    book: Book
    counted: int
    missing: tuple[str, ...]
    rejected: tuple[str, ...]
    flags: tuple[str, ...]
    sums: tuple[tuple[str, str], ...]
    person: str
    time: str


def separator_sheet(book: Book, key: str) -> bytes:
    """Return the separator sheet of a book: its card in large letters, and two codes.

    Args:
        key: the archive's own, see `ingest.separators`.
    """
    page = _Paper()
    page.say(_("TỜ NGĂN — quét tờ này trước trang đầu của sổ"), 12)
    page.say(title_of(book), 26)
    page.rows(_card(book), 14)
    left, right = codes_of(book.accession, key)
    # At two corners: a sheet that was torn or folded must not pass by half.
    page.code(left, _MARGIN_MM, 190.0)
    page.code(right, 210.0 - _MARGIN_MM - _CODE_MM, 190.0)
    page.set_y(262.0)
    page.say(book.accession, 10)
    return page.done(book.accession)


def completeness_sheet(told: Completeness) -> bytes:
    """Return the sheet that is signed when a book is closed."""
    book = told.book
    page = _Paper()
    page.say(_("PHIẾU KIỂM ĐỦ KHI ĐÓNG SỔ"), 18)
    page.say(title_of(book), 14)
    page.rows(
        [
            *_card(book),
            (_("Số bản quét"), str(told.counted)),
            (_("Mã sổ"), book.accession),
            (_("Người đóng sổ"), told.person),
            (_("Lúc"), told.time),
        ],
        11,
    )
    for head, sentences in (
        (_("Thiếu"), told.missing),
        (_("Bị loại (bản gốc vẫn giữ)"), told.rejected),
        (_("Cần xem lại"), told.flags),
    ):
        page.say(head, 13)
        for sentence in sentences or (_("không có"),):
            page.say(sentence, 10)
    page.signatures([_("Người quét"), _("Người kiểm"), _("Thủ trưởng")])
    page.say(_("Mã SHA-256 của từng bản gốc"), 13)
    for name, sha256 in told.sums:
        page.say(f"{name}  {sha256}", 8)
    return page.done(book.accession)


def _card(book: Book) -> list[tuple[str, str]]:
    first, last = book.years
    told = [
        (_("Nơi đăng ký"), book.place),
        (_("Năm"), str(first) if first == last else f"{first}–{last}"),
        (_("Quyển"), book.volume),
        (_("Số trang trên bìa"), "" if book.pages is None else str(book.pages)),
        (_("Số trường hợp"), "" if book.entries is None else str(book.entries)),
        (_("Nơi cất"), book.shelf),
    ]
    return [(name, value) for name, value in told if value]


class _Paper(FPDF):
    """A4 sheets of text, with a footer that numbers them."""

    def __init__(self) -> None:
        super().__init__(format="A4")
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM)
        self.add_font(_FACE, fname=_FONT)
        self.add_page()

    def footer(self) -> None:
        """Write the number of the sheet."""
        self.set_y(-12)
        self.set_font(_FACE, size=8)
        self.cell(0, 5, f"{self.page_no()}/{{nb}}", align="R")

    def say(self, text: str, points: float) -> None:
        """Write a paragraph over the whole width."""
        self.set_x(_MARGIN_MM)
        self.set_font(_FACE, size=points)
        self.multi_cell(_WIDTH_MM, points * 0.5, text, new_x="LMARGIN", new_y="NEXT", align="L")

    def rows(self, rows: Sequence[tuple[str, str]], points: float) -> None:
        """Write rows of two columns."""
        self.set_font(_FACE, size=points)
        for name, value in rows:
            self.set_x(_MARGIN_MM)
            top = self.get_y()
            self.cell(60, points * 0.55, name)
            self.set_xy(_MARGIN_MM + 60, top)
            self.multi_cell(
                _WIDTH_MM - 60, points * 0.55, value, new_x="LMARGIN", new_y="NEXT", align="L"
            )
        self.ln(3)

    def code(self, text: str, x_mm: float, y_mm: float) -> None:
        """Draw a QR code with its left top corner there."""
        stream = io.BytesIO()
        segno.make(text, error="q", micro=False).save(stream, kind="png", scale=12, border=4)
        stream.seek(0)
        self.image(stream, x=x_mm, y=y_mm, w=_CODE_MM)

    def signatures(self, names: Sequence[str]) -> None:
        """Leave room for signatures side by side."""
        if self.get_y() > 240:
            self.add_page()
        self.ln(4)
        self.set_font(_FACE, size=11)
        width = _WIDTH_MM / len(names)
        top = self.get_y()
        for at, name in enumerate(names):
            self.set_xy(_MARGIN_MM + at * width, top)
            self.cell(width, 6, name, align="C")
        self.set_y(top + 32)

    def done(self, title: str) -> bytes:
        """Return the file."""
        self.set_title(title)
        return bytes(self.output())
