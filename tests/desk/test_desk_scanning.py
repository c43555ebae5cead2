"""The scanning desk: what a clerk does with a book and its pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from desk_books import (
    EVERYWHERE,
    VAN_TRUNG,
    birth_book,
    elsewhere,
    office,
    scan,
)
from PIL import Image
from pypdfium2 import PdfDocument

from pipeline.desk import scanning
from pipeline.desk.arriving import Sources
from pipeline.desk.books import Pile, book_card
from pipeline.desk.seeing import seen_book
from pipeline.errors import ConflictError, MissingError, RightsError
from pipeline.settings import Settings
from pipeline.store import chain
from pipeline.store.arrangement import PageAct
from pipeline.store.database import Database
from pipeline.values import Asker, Book, Gutter

XA_KHAC = book_card("", "Xã Khác", (1987, 1987), "1")


@dataclass
class Desk:
    database: Database
    settings: Settings
    lan: Asker
    book: Book
    sources: Sources
    folder: Path

    def take(self, *seeds: int, **where: int) -> list[int]:
        files = [scan(self.folder, seed) for seed in seeds]
        taken = self.sources.take(self.lan, self.book, files, **where)  # type: ignore[arg-type]
        assert not taken.refused
        return [page.number for page in taken.taken]

    def order(self) -> list[int]:
        pages = scanning.strip(self.database, self.lan, self.book.accession)
        assert [page.place for page in pages] == list(range(1, len(pages) + 1))
        return [page.page.number for page in pages]

    def do(self, act: PageAct) -> int:
        return scanning.act(self.database, self.settings, self.lan, self.book.accession, act)

    def standing(self) -> scanning.Standing:
        return scanning.standing(self.database, self.lan, self.book.accession)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database, settings, lan = office(tmp_path / "archive")
    sources = Sources(database, settings)
    book = birth_book(database, settings, lan)
    yield Desk(database, settings, lan, book, sources, tmp_path / "in")
    sources.close()
    database.close()


def test_a_card_is_put_down_once_and_its_counts_can_be_corrected(desk: Desk) -> None:
    card = book_card("birth_table", f" {VAN_TRUNG}", (1987, 1987), "2", pages=5, shelf="Kho 1 ")
    again = scanning.add_book(desk.database, desk.settings, desk.lan, card)
    assert again.accession == desk.book.accession
    assert (again.volume, again.pages, again.shelf) == ("02", 5, "Kho 1")
    assert desk.database.books() == [again]


def test_a_clerk_opens_books_of_the_granted_places_alone_also_by_todays_name(
    desk: Desk,
) -> None:
    with pytest.raises(RightsError):
        scanning.add_book(desk.database, desk.settings, desk.lan, XA_KHAC)
    other = scanning.add_book(desk.database, desk.settings, EVERYWHERE, XA_KHAC)
    assert [book for book, *_told in scanning.books(desk.database, desk.lan)] == [desk.book]
    with pytest.raises(MissingError):
        seen_book(desk.database, desk.lan, other.accession)
    with pytest.raises(MissingError):
        scanning.strip(desk.database, elsewhere(desk.lan), desk.book.accession)


def test_scans_are_inserted_moved_rejected_scanned_again_and_all_of_it_undone(desk: Desk) -> None:
    desk.take(1, 2, 3)
    assert desk.take(4, 5, behind=1) == [4, 5]
    assert desk.order() == [1, 4, 5, 2, 3]
    assert desk.take(6, behind=0) == [6]
    assert desk.order() == [6, 1, 4, 5, 2, 3]
    desk.take(7, instead_of=5)
    assert desk.order() == [6, 1, 4, 7, 2, 3]
    desk.do(PageAct("reject", 6))
    desk.do(PageAct("move", 3, 0))
    assert desk.order() == [3, 1, 4, 7, 2]
    told = scanning.tray(desk.database, desk.lan, desk.book.accession)
    assert [page.page.number for page in told] == [6, 5]
    assert desk.standing().in_tray == 2
    scanning.bring_back(desk.database, desk.settings, desk.lan, desk.book.accession, 6)
    assert desk.order() == [3, 6, 1, 4, 7, 2]
    with pytest.raises(ConflictError):
        scanning.bring_back(desk.database, desk.settings, desk.lan, desk.book.accession, 6)
    while scanning.undo(desk.database, desk.settings, desk.lan, desk.book.accession):
        pass
    assert desk.order() == [1, 2, 3, 4, 5, 6]  # and the rescan of 5 lies in the tray
    assert len(desk.database.masters(desk.book.accession)) == 7


def test_a_better_scan_is_no_double_of_the_bad_one_and_a_double_is_told(desk: Desk) -> None:
    desk.take(1)
    page = scan(desk.folder, 1)
    Image.open(page).save(desk.folder / "again.png", dpi=(50, 50))
    sources, file = desk.sources, desk.folder / "again.png"
    (again,) = sources.take(desk.lan, desk.book, [file], instead_of=1).taken
    assert again.quality.double_of == 0
    scanning.undo(desk.database, desk.settings, desk.lan, desk.book.accession)
    Image.open(page).save(desk.folder / "third.bmp.png", dpi=(51, 51))
    (third,) = sources.take(desk.lan, desk.book, [desk.folder / "third.bmp.png"]).taken
    assert third.quality.double_of == 1
    strip = scanning.strip(desk.database, desk.lan, desk.book.accession)
    assert "duplicate" in {flag.name for flag in strip[-1].flags}
    desk.do(PageAct("reject", 1))
    strip = scanning.strip(desk.database, desk.lan, desk.book.accession)
    assert "duplicate" not in {flag.name for flag in strip[-1].flags}


def test_what_seems_to_be_missing_or_out_of_order_is_told(desk: Desk) -> None:
    desk.take(1, 2, 5)
    assert desk.standing().missing == (
        "bìa ghi 4 trang, còn thiếu 1",
        "trong tên tệp “scan …” không thấy số 3, 4",
    )
    desk.take(3)
    flags = {
        page.name: {flag.name for flag in page.flags}
        for page in scanning.strip(desk.database, desk.lan, desk.book.accession)
    }
    assert [name for name in flags if "order" in flags[name]] == ["scan 3.jpg"]
    desk.do(PageAct("move", 4, 2))
    strip = scanning.strip(desk.database, desk.lan, desk.book.accession)
    assert not [page for page in strip if "order" in {flag.name for flag in page.flags}]


def test_a_page_that_lies_askew_is_told_at_once(desk: Desk) -> None:
    page = Image.open(scan(desk.folder, 1)).resize((827, 1170))
    page.rotate(9, expand=True, fillcolor=232).save(desk.folder / "askew.jpg", dpi=(100, 100))
    (taken,) = desk.sources.take(desk.lan, desk.book, [desk.folder / "askew.jpg"]).taken
    assert "skewed" in {reason.name for reason in taken.verdict.reasons}


def test_a_closed_book_takes_no_more_and_is_opened_again_by_undoing(desk: Desk) -> None:
    desk.take(1, 2)
    closing = scanning.close(desk.database, desk.settings, desk.lan, desk.book.accession)
    assert desk.standing().is_closed
    for forbidden in (
        lambda: desk.take(3),
        lambda: desk.do(PageAct("reject", 1)),
        lambda: scanning.close(desk.database, desk.settings, desk.lan, desk.book.accession),
    ):
        with pytest.raises(ConflictError):
            forbidden()
    desk.do(PageAct("undo", other=closing))
    assert desk.take(3) == [3]


def text_of(pdf: bytes) -> str:
    with PdfDocument(pdf) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_the_sheet_of_a_closed_book_tells_counts_tray_flags_and_sums(desk: Desk) -> None:
    desk.take(1, 2, 3)
    desk.do(PageAct("reject", 2))
    scanning.close(desk.database, desk.settings, desk.lan, desk.book.accession)
    text = text_of(
        scanning.closing_sheet(desk.database, desk.settings, desk.lan, desk.book.accession)
    )
    for told in (
        VAN_TRUNG,
        desk.book.accession,
        "bìa ghi 4 trang, còn thiếu 2",
        "bản gốc 0002.jpg, tệp scan 2.jpg",
        "tờ 2: chỉ có 50 dpi",
        "Người quét",
        "lan",
        *(master.sha256 for master in desk.database.masters(desk.book.accession)),
    ):
        assert "".join(told.split()) in "".join(text.split()), told  # lines are broken


def test_a_separator_sheet_sends_what_follows_to_its_book(desk: Desk, tmp_path: Path) -> None:
    other = birth_book(desk.database, desk.settings, desk.lan, "03")
    sheet = printed(desk, other, tmp_path / "in", "scan 2.png")
    files = [scan(desk.folder, 1), sheet, scan(desk.folder, 3), scan(desk.folder, 4)]
    taken = desk.sources.take(desk.lan, desk.book, files)
    assert [page.number for page in taken.taken] == [1]
    (onward,) = taken.onward
    assert (onward.accession, [page.number for page in onward.taken]) == (other.accession, [1, 2])
    assert len(desk.database.masters(other.accession)) == 2  # the sheet is no page
    assert not taken.refused


def test_behind_a_separator_that_cannot_be_trusted_nothing_is_taken(
    desk: Desk, tmp_path: Path
) -> None:
    elsewhere = scanning.add_book(desk.database, desk.settings, EVERYWHERE, XA_KHAC)
    closed = birth_book(desk.database, desk.settings, desk.lan, "04")
    scanning.close(desk.database, desk.settings, desk.lan, closed.accession)
    half = Image.open(printed(desk, desk.book, tmp_path / "in", "half.png"))
    half.crop((0, 0, half.width // 2, half.height)).save(tmp_path / "in" / "half.png")
    for sheet in (
        tmp_path / "in" / "half.png",
        printed(desk, elsewhere, tmp_path / "in", "elsewhere.png"),
        printed(desk, closed, tmp_path / "in", "closed.png"),
    ):
        files = [sheet, scan(desk.folder, 8)]
        taken = desk.sources.take(desk.lan, desk.book, files)
        assert [file for file, _error in taken.refused] == files, sheet
        assert not taken.taken
    assert not desk.database.masters(elsewhere.accession)


def test_a_separator_leads_also_what_comes_later_from_the_same_pile(
    desk: Desk, tmp_path: Path
) -> None:
    other = birth_book(desk.database, desk.settings, desk.lan, "03")
    sheet = printed(desk, other, tmp_path / "in", "sheet.png")
    half = tmp_path / "in" / "half.png"
    with Image.open(sheet) as whole:
        whole.crop((0, 0, whole.width // 2, whole.height)).save(half)
    pile = Pile(desk.book)
    files = [scan(desk.folder, 1), sheet, scan(desk.folder, 2), half, scan(desk.folder, 3)]
    refused = []
    for file in files:
        taken = desk.sources.take(desk.lan, pile.book, [file], is_lost=pile.is_lost)
        pile.follow(desk.database, taken)
        refused += [file for file, _error in taken.refused]
    assert desk.order() == [1]
    assert len(desk.database.pages(other.accession)) == 1
    assert refused == files[3:]


def test_what_a_kill_left_behind_takes_nobodys_place(desk: Desk) -> None:
    desk.take(1, 2)
    masters = desk.settings.archive / "books" / desk.book.accession / "data" / "masters"
    left = scan(desk.folder, 8)
    (masters / "0003.jpg").write_bytes(left.read_bytes())  # copied, but without a row
    taken = desk.take(9, instead_of=1)
    assert taken == [3, 4]  # what was left came first, and stands at the end
    assert desk.order() == [4, 2, 3]


def test_a_better_scan_of_a_page_that_is_rejected_already_stands_where_it_stood(
    desk: Desk,
) -> None:
    desk.take(1, 2, 3)
    desk.do(PageAct("reject", 2))
    desk.take(9, instead_of=2)
    assert desk.order() == [1, 4, 3]


def printed(desk: Desk, book: Book, folder: Path, name: str) -> Path:
    """Return a book's separator sheet, printed and scanned askew."""
    folder.mkdir(exist_ok=True)
    with PdfDocument(scanning.separator(desk.database, EVERYWHERE, book.accession)) as pdf:
        sheet = pdf[0].render(scale=150 / 72, grayscale=True).to_pil()
    sheet.rotate(2, fillcolor=240).save(folder / name, dpi=(150, 150))
    return folder / name


def size_of(file: Path) -> tuple[int, int]:
    with Image.open(file) as opened:
        return opened.size


def test_pictures_are_ours_small_and_a_readable_one_is_logged(desk: Desk) -> None:
    desk.take(1)
    told = (desk.database, desk.settings, desk.lan, desk.book.accession, 1)
    for _round in range(2):
        thumb, view = scanning.picture(*told, "thumb"), scanning.picture(*told, "view")
        assert max(size_of(thumb)) == scanning.THUMB_PX
        assert size_of(view) == (413, 585)
        view.unlink()  # it is made anew
    with desk.database.read() as connection:
        looks = chain.events(connection, kind="look.scan")
    assert [look.told["records"] for look in looks] == [[f"{desk.book.accession}/1"]] * 2
    with pytest.raises(MissingError):
        scanning.picture(*told[:4], 9, "thumb")


def test_a_gutter_is_told_for_the_book_and_for_one_page(desk: Desk) -> None:
    desk.take(1, 2)
    desk.do(PageAct("split", 0, gutter=Gutter(0.5, 0.52)))
    desk.do(PageAct("split", 2, gutter=Gutter(0.4, 0.4)))
    assert desk.database.gutters(desk.book.accession) == {
        0: Gutter(0.5, 0.52),
        2: Gutter(0.4, 0.4),
    }
    desk.do(PageAct("split", 2, gutter=None))
    assert desk.database.gutters(desk.book.accession) == {0: Gutter(0.5, 0.52)}
