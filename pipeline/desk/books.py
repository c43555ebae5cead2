"""Books come in: cards, forms, scans, what the scans are worth."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.answer import quality_answer, scan_answer
from pipeline.desk.archive import chosen_books
from pipeline.errors import ConflictError, FormError, UsageError
from pipeline.extract.form import Form, load_file
from pipeline.extract.schema_files import find_faults, read_document
from pipeline.flow.book import catch_up, judged_pages, tray_follower, working
from pipeline.flow.judging import glanced
from pipeline.flow.page import forms
from pipeline.ingest.intake import Intake, Manner, Progress, accession_for, take_in, view_file
from pipeline.letters import nfc
from pipeline.quality.profiles import Profile, profile_called
from pipeline.quality.sentences import grade_words, sentence
from pipeline.settings import Settings, shipped
from pipeline.store.arrangement import Arrangements
from pipeline.store.database import Database
from pipeline.store.durable import sha256_of
from pipeline.values import Book, Page
from pipeline.words import _

INTAKE_WAIT_S = 60.0  # for another scan to come into the same book


def written_form(file: Path, form: str) -> Form:
    """Return a form that is being written, out of a file of forms.

    Args:
        form: its id; may be empty where the file holds one form, or one that is not shipped.

    Raises:
        FormError: the file is wrong; the sentences name every place in it.
        UsageError: the file has no such form, or several.
    """
    faults = find_faults(read_document(file))
    if faults:
        places = "\n".join(f"   {place or '/'}: {reason}" for place, reason in faults)
        raise FormError(
            _("{file} không phải tệp mẫu sổ đúng:\n{places}").format(file=file, places=places)
        )
    written = load_file(file, shipped("schemas"))
    chosen = [form] if form else [name for name in written if name not in forms()] or [*written]
    if len(chosen) != 1 or chosen[0] not in written:
        raise UsageError(
            _("hãy chọn một mẫu của {file} bằng --form: {forms}").format(
                file=file, forms=", ".join(written)
            )
        )
    return written[chosen[0]]


def check_form(form: str) -> None:
    """Let an empty name pass, and the name of a form.

    Raises:
        UsageError: there is no such form; the sentence lists those that are.
    """
    if form and form not in forms():
        raise UsageError(
            _("không có mẫu sổ “{form}”; có thể chọn: {forms}").format(
                form=form, forms=", ".join(sorted(forms()))
            )
        )


def years_of(text: str) -> tuple[int, int]:
    """Return the first and the last year of a text: 1987, or 1987-1989.

    Raises:
        UsageError: it is neither.
    """
    first, _dash, last = text.replace("–", "-").partition("-")
    try:
        years = (int(first), int(last or first))
    except ValueError:
        years = (0, 0)
    if not 1800 <= years[0] <= years[1] <= 2200:
        raise UsageError(_("năm “{text}” không hợp lệ; viết 1987 hoặc 1987-1989").format(text=text))
    return years


def book_card(
    form: str,
    place: str,
    years: tuple[int, int],
    volume: str,
    *,
    pages: int | None = None,
    entries: int | None = None,
    shelf: str = "",
) -> Book:
    """Return the card of a book; the same form, place, years and volume are the same book.

    Raises:
        UsageError: there is no such form.
    """
    check_form(form)
    place, volume, shelf = (nfc(text.strip()) for text in (place, volume, shelf))
    accession = accession_for(form, place, years, volume)
    return Book(accession, form, place, years, volume, pages, entries, shelf)


def title_of(book: Book) -> str:
    """Return what people call a book: its form, place, years and volume."""
    first, last = book.years
    years = str(first) if first == last else f"{first}–{last}"
    form = forms()[book.form].title if book.form in forms() else _("Sổ")
    return _("{form}, {place}, {years}, quyển {volume}").format(
        form=form, place=book.place, years=years, volume=book.volume
    )


def intake(
    database: Database,
    settings: Settings,
    book: Book,
    paths: Sequence[Path],
    on_progress: Progress,
    manner: Manner | None = None,
) -> Intake:
    """Bring scans into the archive as masters of a book.

    Books may be read meanwhile, and scans may come into other books.

    Args:
        manner: where in the book they come to stand, and who brings them; None: at its end, and
            the person of the settings.

    Raises:
        ConflictError: the book is closed.
    """
    asked = manner or Manner(settings.person)
    profile = profile_called(settings.quality.profile)
    check_open(database, book.accession)

    def hold(accession: str) -> AbstractContextManager[None]:
        return working(settings.archive, f"intake-{accession}", INTAKE_WAIT_S)

    def may_enter(other: Book) -> bool:
        return asked.may_enter(other) and not Arrangements(database).is_closed(other.accession)

    follow = tray_follower(database, settings)
    kept = replace(asked, hold=hold, may_enter=may_enter, follow=follow)
    taken = take_in(
        database, settings.archive, book, paths, settings.ingest, profile, on_progress, kept
    )
    if asked.instead_of:
        catch_up(database, settings)
    return _glanced(database, settings, profile, taken)


class Pile:
    """Scans that come one after another: behind a separator sheet, the later ones are its book's.

    Attributes:
        book: whose the next scan is.
        is_lost: nobody knows; it is refused.
    """

    def __init__(self, book: Book) -> None:
        self.book, self.is_lost = book, False

    def follow(self, database: Database, taken: Intake) -> None:
        """Look where the scans that were taken in lead."""
        self.is_lost = taken.is_lost
        self.book = database.book(taken.leads_to) or self.book


def check_open(database: Database, accession: str) -> None:
    """Let a book pass to which pages may still come.

    Raises:
        ConflictError: it is closed.
    """
    if Arrangements(database).is_closed(accession):
        raise ConflictError(
            _("sổ {book} đã đóng; hãy mở lại sổ ở bàn quét rồi nạp tiếp").format(book=accession)
        )


def _glanced(database: Database, settings: Settings, profile: Profile, taken: Intake) -> Intake:
    """Judge what was taken in once more, by how it lies too; keep that."""
    numbers = frozenset(database.page_order(taken.accession))
    pages = tuple(
        glanced(_view(settings.archive, page), page, profile, numbers) for page in taken.taken
    )
    if pages:
        with database.write() as connection:
            database.keep_verdicts(connection, pages)
    onward = tuple(_glanced(database, settings, profile, one) for one in taken.onward)
    return replace(taken, taken=pages, onward=onward)


def _view(archive: Path, page: Page) -> bytes:
    file = view_file(archive, page.master, page.frame)
    return file.read_bytes() if file.exists() else b""


def books_quality(
    database: Database, accessions: Sequence[str], profile: Profile
) -> list[dict[str, Any]]:
    """Return what `quality --json` tells about the pages of books, in order."""
    told = []
    for accession in chosen_books(database, accessions):
        names = {master.sha256: master.name for master in database.masters(accession)}
        told += [
            {"book": accession, "number": page.number, **scan_answer(names[page.master], page)}
            for page in _judged_book(database, accession, profile)
        ]
    return told


def _judged_book(database: Database, accession: str, profile: Profile) -> list[Page]:
    """Return the pages of a book with a profile's verdicts: the kept ones, if they are its."""
    pages = database.pages(accession)
    book = database.book(accession)
    if book is None or all(page.verdict.profile == profile.name for page in pages):
        return pages
    readings = {page.number: database.readings(accession, page.number) for page in pages}
    return judged_pages(book, pages, readings, profile)


def intake_summary(taken: Intake) -> dict[str, Any]:
    """Return what `ingest --json` prints."""
    return {
        "accession": taken.accession,
        "taken": [{"page": page.number, "quality": quality_answer(page)} for page in taken.taken],
        "adopted": list(taken.adopted),
        "already": [
            {"file": str(file), "accession": accession, "master": number}
            for file, accession, number in taken.already
        ],
        "refused": [
            {"file": str(file), "error": type(error).__name__, "message": str(error)}
            for file, error in taken.refused
        ],
        "notes": [{"file": str(file), "message": sentence} for file, sentence in taken.notes],
        "pages": taken.counted,
        "declared": taken.declared,
        **({"onward": [intake_summary(one) for one in taken.onward]} if taken.onward else {}),
    }


def intake_sentences(taken: Intake) -> list[str]:
    """Return what a clerk is told after an intake, except for the refused files."""
    told = [_("{book}: nạp {count} trang").format(book=taken.accession, count=len(taken.taken))]
    if taken.adopted:
        told.append(
            _("nhận lại {count} bản gốc của lần nạp bị ngắt").format(count=len(taken.adopted))
        )
    told += [
        _("{file} đã có trong kho: sổ {book}, bản gốc {number}; không lưu lần nữa").format(
            file=file, book=accession, number=number
        )
        for file, accession, number in taken.already
    ]
    told += [
        _("trang {number}, {grade}: {reason}").format(
            number=page.number, grade=grade_words(reason.grade), reason=sentence(reason)
        )
        for page in taken.taken
        for reason in page.verdict.reasons
    ]
    told += [f"{file}: {sentence}" for file, sentence in taken.notes]
    if taken.declared is None:
        told.append(_("sổ có {counted} trang").format(counted=taken.counted))
    elif taken.declared == taken.counted:
        told.append(_("đủ {counted} trang như bìa sổ ghi").format(counted=taken.counted))
    elif taken.counted < taken.declared <= 2 * taken.counted:
        told.append(
            _(
                "bìa sổ ghi {declared} trang, có {counted} bản quét: nếu là trang đôi, số trang sẽ "
                "được đối chiếu khi đọc"
            ).format(declared=taken.declared, counted=taken.counted)
        )
    else:
        told.append(
            _(
                "sổ ghi {declared} trang, mới có {counted}: hãy kiểm tra trang thiếu hoặc thừa"
            ).format(declared=taken.declared, counted=taken.counted)
        )
    return [*told, *(sentence for one in taken.onward for sentence in intake_sentences(one))]


def clear_taken(database: Database, folder: Path) -> None:
    """Remove the sheets of a scanner's folder that are safe as masters; the others stay."""
    for sheet in folder.iterdir():
        if sheet.is_file() and database.find_master(sha256_of(sheet)):
            sheet.unlink()
