"""How scans come to the desk: files sent over a line that may break, scanners, a watched folder.

Whatever brings them, they are taken in by `books.intake`, one after the other, and judged at once.
"""

import hmac
import logging
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pipeline.desk.books import Pile, check_open, clear_taken, intake
from pipeline.desk.scanning import is_granted, may_scan
from pipeline.desk.seeing import seen_book
from pipeline.errors import (
    ConflictError,
    MissingError,
    RightsError,
    SohoaError,
    StorageError,
    UsageError,
)
from pipeline.ingest.files import Looker, expand
from pipeline.ingest.intake import Intake, Manner
from pipeline.ingest.scanner import scan
from pipeline.ingest.watch import watch
from pipeline.letters import nfc
from pipeline.quality.sentences import sentence
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.store.durable import sha256_of
from pipeline.store.phones import Phone, Phones
from pipeline.store.uploads import Upload, Uploads
from pipeline.values import Asker, Book, Rights
from pipeline.words import _

Source = Literal["scanner", "folder"]
_LONGEST_NAME = 200
_MB = 1 << 20
_SPARE_BYTES = 1 << 30  # of the disk, left for decisions and the log
log = logging.getLogger("sohoa.desk")


@dataclass(slots=True)
class Run:
    """A scanner or a folder at work for a book; it goes on until it ends or is stopped.

    Attributes:
        counted: scans that came so far.
        refused: sentences on files that could not be used.
        error: why it ended; empty when it did not, or as it should.
    """

    source: Source
    accession: str
    person: str
    counted: int = 0
    refused: list[str] = field(default_factory=list)
    error: str = ""
    is_over: bool = False
    stop: threading.Event = field(default_factory=threading.Event)


class Sources:
    """What brings scans in while the app runs, and the child that looks at them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self.settings = database, settings
        self.looker = Looker(settings.ingest)
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Stop all of it; what was taken in is safe, the rest lies where it lay."""
        for run in self._runs.values():
            run.stop.set()
        self.looker.close()

    def take(
        self,
        asker: Asker,
        book: Book,
        files: Sequence[Path],
        *,
        behind: int | None = None,
        instead_of: int = 0,
        names: dict[Path, str] | None = None,
        is_lost: bool = False,
    ) -> Intake:
        """Take files into a book; see `intake.Manner`.

        Raises:
            ConflictError: it is closed.
        """

        def may_enter(other: Book) -> bool:
            return may_scan(self._database, self.settings, asker, other)

        manner = Manner(
            asker.person,
            behind,
            instead_of,
            self.looker.survey,
            may_enter=may_enter,
            names=names or {},
            is_lost=is_lost,
        )
        return intake(self._database, self.settings, book, files, _unseen, manner)

    def run(self, accession: str) -> Run | None:
        """Return the scanner or folder that works for a book, or did last; None: none did."""
        return self._runs.get(accession)

    def stop(self, asker: Asker, accession: str) -> None:
        """Stop what works for a book; the sheet that is under way still comes."""
        seen_book(self._database, asker, accession)
        if run := self._runs.get(accession):
            run.stop.set()

    def scan(
        self,
        asker: Asker,
        accession: str,
        *,
        device: str = "",
        source: str = "",
        dpi: int = 300,
        mode: str = "Color",
        behind: int | None = None,
        instead_of: int = 0,
        options: Sequence[str] = (),
    ) -> Run:
        """Let a scanner scan into a book, sheet after sheet until its feeder is empty.

        Raises:
            ConflictError: the book is closed, or something works for it already.
        """
        book = seen_book(self._database, asker, accession)
        folder = self.settings.archive / "work" / "scanner" / accession

        def work(run: Run) -> None:
            self._take_left(run, asker, book, folder)  # of a run that was killed
            pile, place, bad = Pile(book), behind, instead_of
            for sheet in scan(folder, device or None, source or None, dpi, mode, options):
                taken = self.take(
                    asker,
                    pile.book,
                    [sheet],
                    behind=place,
                    instead_of=bad,
                    is_lost=pile.is_lost,
                )
                pile.follow(self._database, taken)
                if taken.onward:  # another book's: there they come to stand at the end
                    place, bad = None, 0
                elif taken.taken and (place is not None or bad):
                    place, bad = taken.taken[-1].number, 0
                _count(run, taken)
                clear_taken(self._database, folder)
                if run.stop.is_set():
                    return

        return self._start(Run("scanner", accession, asker.person), work)

    def watch(self, asker: Asker, accession: str) -> Run:
        """Take what comes into the watched folder of the settings into a book, until stopped.

        The files stay in the folder.

        Raises:
            UsageError: there is no such folder.
            ConflictError: the book is closed, or something works for it, or the folder for another.
        """
        book = seen_book(self._database, asker, accession)
        told = self.settings.scanning.watched
        if not told or not Path(told).is_dir():
            raise UsageError(
                _("chưa có thư mục để trông; quản trị đặt `watched` ở [scanning] trong sohoa.toml")
            )
        with self._lock:
            others = [run for run in self._runs.values() if run.source == "folder"]
        if any(not run.is_over and run.accession != accession for run in others):
            raise ConflictError(_("thư mục ấy đang nhận cho sổ khác; hãy dừng ở sổ ấy trước"))

        def work(run: Run) -> None:
            pile = Pile(book)

            def take(files: list[Path]) -> None:
                for file in files:
                    taken = self.take(asker, pile.book, [file], is_lost=pile.is_lost)
                    pile.follow(self._database, taken)
                    _count(run, taken)

            watch(
                Path(told),
                take,
                stop=run.stop.is_set,
                settle_s=1.0,
                output=self.settings.archive,
            )

        return self._start(Run("folder", accession, asker.person), work)

    def _take_left(self, run: Run, asker: Asker, book: Book, folder: Path) -> None:
        left = expand([folder]) if folder.is_dir() else []
        if left:
            _count(run, self.take(asker, book, left))
            clear_taken(self._database, folder)

    def _start(self, run: Run, work: Callable[[Run], None]) -> Run:
        check_open(self._database, run.accession)
        with self._lock:
            before = self._runs.get(run.accession)
            if before is not None and not before.is_over:
                raise ConflictError(_("sổ này đang được quét; hãy đợi hoặc bấm dừng"))
            self._runs[run.accession] = run

        def guarded() -> None:
            try:
                work(run)
            except SohoaError as error:
                run.error = str(error)
            except Exception as error:  # a thread that dies must say so on the screen
                log.exception("a source of scans broke off")
                run.error = _("việc quét bị ngắt ({reason})").format(reason=type(error).__name__)
            finally:
                run.is_over = True

        threading.Thread(target=guarded, name=f"sohoa-{run.source}", daemon=True).start()
        return run


def _count(run: Run, taken: Intake) -> None:
    for one in (taken, *taken.onward):
        run.counted += len(one.taken)
        run.refused += [str(refused.error) for refused in one.refused]


def _unseen(_what: str, _done: int, _of: int) -> None:
    """Show no progress: the strip does."""


# Uploads


def begin_upload(database: Database, settings: Settings, asker: Asker, upload: Upload) -> Upload:
    """Begin to receive a file for a book; return it with its id.

    Raises:
        MissingError: there is no such book.
        UsageError: the file is empty, or larger than files may be.
        ConflictError: the book is closed, or too many files are under way.
        StorageError: the disk has no room for it.
    """
    seen_book(database, asker, upload.accession)
    check_open(database, upload.accession)
    most = settings.scanning.max_upload_mb
    if not 0 < upload.size_bytes <= most * _MB:
        raise UsageError(_("tệp rỗng hoặc lớn hơn {most} MB; hãy chia nhỏ tệp").format(most=most))
    # It lies there twice for a moment: as it arrived, and as a master.
    if shutil.disk_usage(settings.archive).free < 2 * upload.size_bytes + _SPARE_BYTES:
        raise StorageError(_("đĩa của kho sắp đầy; hãy giải phóng chỗ rồi gửi lại"))
    named = replace(upload, person=asker.person, name=called(upload.name))
    return _uploads(database, settings).begin(named, settings.scanning.max_open_uploads)


def called(name: str) -> str:
    """Return what a file is called here that has this name where it comes from: no folders."""
    return nfc(name.replace("\\", "/").rsplit("/", 1)[-1]).strip()[-_LONGEST_NAME:] or "?"


def find_upload(database: Database, settings: Settings, asker: Asker, id_: str) -> Upload:
    """Return an upload of the asker.

    Raises:
        MissingError: there is none.
    """
    upload = _uploads(database, settings).find(id_)
    if upload is None or upload.person != asker.person:
        raise MissingError(_("không có tệp đang gửi ấy; hãy gửi lại từ đầu"))
    seen_book(database, asker, upload.accession)
    return upload


def upload_offset(database: Database, settings: Settings, upload: Upload) -> int:
    """Return how many bytes of an upload are safe here; all of them once it is done."""
    if upload.outcome is not None:
        return upload.size_bytes
    return _uploads(database, settings).offset(upload)


def open_uploads(
    database: Database, settings: Settings, asker: Asker, accession: str
) -> list[Upload]:
    """Return the asker's uploads into a book that did not arrive whole."""
    seen_book(database, asker, accession)
    return _uploads(database, settings).open_ones(accession, asker.person)


def append_upload(
    database: Database, settings: Settings, upload: Upload, offset: int, part: bytes
) -> int:
    """Take a part of an upload; return how many bytes are safe now.

    Raises:
        ConflictError: other bytes are due than those at `offset`, or it is more than was said.
        StorageError: the disk is full.
    """
    if upload.outcome is not None:
        raise ConflictError(_("tệp này đã nhận xong"))
    return _uploads(database, settings).append(upload, offset, part)


def finish_upload(
    database: Database, settings: Settings, sources: Sources, asker: Asker, id_: str, sha256: str
) -> dict[str, Any]:
    """Take in a file that has arrived; return what became of it, the same however often asked.

    Args:
        sha256: of the file, hex, as its sender counted it.

    Raises:
        ConflictError: it has not arrived whole.
        UsageError: it is not what was sent, and must be sent again.
    """
    upload = find_upload(database, settings, asker, id_)
    if upload.outcome is not None:
        outcome: dict[str, Any] = upload.outcome
        return outcome
    uploads = _uploads(database, settings)
    if uploads.offset(upload) != upload.size_bytes:
        raise ConflictError(_("tệp chưa đến đủ; hãy gửi nốt"))
    file = uploads.file(upload)
    if not hmac.compare_digest(sha256_of(file).encode(), sha256.strip().lower().encode()):
        uploads.restart(upload)
        raise UsageError(_("tệp đến nơi khác với lúc gửi (sai SHA-256); hãy gửi lại"))
    book = seen_book(database, asker, upload.accession)
    taken = sources.take(
        asker,
        book,
        [file],
        behind=upload.behind,
        instead_of=upload.instead_of,
        names={file: upload.name},
    )
    told = arrived(database, taken, {file: upload.name})
    uploads.end(upload, told)
    return told


def drop_upload(database: Database, settings: Settings, asker: Asker, id_: str) -> None:
    """Forget an upload that is not wanted any more."""
    _uploads(database, settings).drop(find_upload(database, settings, asker, id_))


def arrived(
    database: Database, taken: Intake, names: Mapping[Path, str] | None = None
) -> dict[str, Any]:
    """Return what whoever sent files is told: of each page its place, grade and what to do.

    Args:
        names: what files are called whose own name is not the one they were given.
    """
    names = names or {}
    told: dict[str, Any] = {
        "pages": [],
        "already": [],
        "refused": [],
        # Whose the next file of a pile is; empty when nobody knows.
        "leads_to": "" if taken.is_lost else taken.leads_to,
    }
    for one in (taken, *taken.onward):
        places = {number: at for at, number in enumerate(database.page_order(one.accession), 1)}
        told["pages"] += [
            {
                "book": one.accession,
                "number": page.number,
                "place": places.get(page.number, 0),
                "grade": page.verdict.grade,
                "sentences": [sentence(reason) for reason in page.verdict.reasons],
            }
            for page in one.taken
        ]
        told["already"] += [
            {"file": names.get(file, file.name), "book": book, "master": number}
            for file, book, number in one.already
        ]
        # An error names the file as it lies here; its sender knows it by another name.
        told["refused"] += [
            str(error).replace(str(file), names.get(file, file.name)) for file, error in one.refused
        ]
    return told


def _uploads(database: Database, settings: Settings) -> Uploads:
    keep = timedelta(days=settings.scanning.upload_days)
    return Uploads(database, settings.archive, keep)


# Phones


def lend_phone(database: Database, settings: Settings, asker: Asker, accession: str) -> str:
    """Return a pass with which one phone may send pictures into a book for a while.

    Raises:
        ConflictError: the book is closed.
    """
    seen_book(database, asker, accession)
    check_open(database, accession)
    time = timedelta(minutes=settings.scanning.phone_minutes)
    return Phones(database).lend(accession, asker.person, time)


def take_phone(database: Database, secret: str) -> str:
    """Return the session of the phone that shows a pass, once.

    Raises:
        RightsError: the pass was used, is too old, or wrong: they look alike.
    """
    session = Phones(database).take(secret)
    if session is None:
        raise RightsError(_("mã này đã dùng hoặc hết hạn; hãy quét mã mới ở bàn quét"))
    return session


def find_phone(database: Database, settings: Settings, session: str) -> tuple[Phone, Asker]:
    """Return the phone of a session, and whoever lent it, with rights to its book's place alone.

    Raises:
        RightsError: its time has ended, or that person may not scan there any more.
    """
    phone = Phones(database).find(session)
    book = database.book(phone.accession) if phone else None
    if phone is None or book is None or not is_granted(database, settings, phone.person, book):
        raise RightsError(_("phiên điện thoại đã hết; hãy quét mã mới ở bàn quét"))
    return phone, Asker(phone.person, rights=Rights(places=frozenset({nfc(book.place)})))


def phones(database: Database, asker: Asker, accession: str) -> list[Phone]:
    """Return the phones that are lent to a book."""
    seen_book(database, asker, accession)
    return Phones(database).lent(accession)


def end_phone(database: Database, asker: Asker, accession: str, number: int) -> None:
    """End a phone's time now.

    Raises:
        MissingError: no such phone is lent to the book.
    """
    seen_book(database, asker, accession)
    if not Phones(database).end(accession, number, asker.person):
        raise MissingError(_("không có điện thoại ấy"))
