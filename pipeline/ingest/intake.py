"""Take files into a book of the archive: masters first, whole and checked, then their rows.

Order for each file: survey in a child, durable copy, read back, one transaction with master and
pages. A kill between copy and transaction leaves a file without a row; the next intake of that
book adopts it. Files that cannot be used stay where they are and are listed.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import FixityError, ProgramError, ScanError, UnreadableFileError
from pipeline.ingest.files import FrameSurvey, Survey, expand, survey
from pipeline.letters import fold
from pipeline.quality.looks import is_duplicate
from pipeline.quality.profiles import Profile
from pipeline.quality.verdict import judged
from pipeline.settings import IngestSettings
from pipeline.store.database import Database
from pipeline.store.durable import durable_copy, sha256_of, sweep
from pipeline.values import Book, Master, Page
from pipeline.words import _

MASTERS = "data/masters"
MAX_PLACE = 60  # of the folder's name; Windows allows 260 for a whole path
_NOT_ASCII = re.compile(r"[^a-z0-9_]+")
_DIGITS = re.compile(r"\d+")
ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/jp2": ".jp2",
    "application/pdf": ".pdf",
}

Progress = Callable[[str, int, int], None]  # what is done, how many are, of how many


class AlreadyThere(NamedTuple):
    """A file whose bytes the archive has already: as master `number` of the book `accession`."""

    file: Path
    accession: str
    number: int


class Refused(NamedTuple):
    """A file that cannot be used; it stays where it is."""

    file: Path
    error: ScanError | ProgramError


class Note(NamedTuple):
    """What in a PDF would act by itself in a viewer."""

    file: Path
    sentence: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of every file of one intake.

    Attributes:
        taken: the pages that this intake added, in order, with their flags.
        adopted: numbers of masters whose copy was whole but whose row a kill had prevented;
            their pages are in `taken`.
        declared: pages by the book's card; None when it says nothing.
        counted: scans that the book has now, over all intakes.
    """

    accession: str
    taken: tuple[Page, ...]
    already: tuple[AlreadyThere, ...]
    refused: tuple[Refused, ...]
    adopted: tuple[int, ...]
    notes: tuple[Note, ...]
    declared: int | None
    counted: int


def take_in(
    database: Database,
    archive: Path,
    book: Book,
    paths: Iterable[Path],
    settings: IngestSettings,
    profile: Profile,
    on_progress: Progress,
) -> Intake:
    """Take files and folders into a book, which is put down when the archive has none such.

    Args:
        profile: by which each page is judged.

    Raises:
        StorageError: the disk is full or broken; what was taken so far is safe, and the same
            call again goes on from there.
        FixityError: what was written reads back differently.
    """
    if database.book(book.accession) is None:
        database.add_book(book)
    files = expand(paths)
    desk = _Desk(database, archive, book.accession, settings, profile)
    desk.adopt(files)
    for done, (file, outcome) in enumerate(zip(files, survey(files, settings), strict=True), 1):
        desk.take(file, outcome)
        on_progress(_("nạp"), done, len(files))
    return desk.report()


def accession_for(form: str, place: str, years: tuple[int, int], volume: str) -> str:
    """Return the book's identity, the same for the same card: `birth_table-van-trung-1987-02`.

    Args:
        form: id of a form; empty when pages are to be recognised.
        years: first and last year of the entries.
    """
    first, last = years
    parts = [
        _slug(form) or "book",
        _cut(_slug(place)),
        f"{first}" if first == last else f"{first}-{last}",
        _DIGITS.sub(lambda digits: digits.group().zfill(2), _slug(volume)),
    ]
    return "-".join(part for part in parts if part)


def _slug(text: str) -> str:
    return _NOT_ASCII.sub("-", fold(text)).strip("-_")


def _cut(place: str) -> str:
    if len(place) <= MAX_PLACE:
        return place
    digest = hashlib.sha256(place.encode("ascii")).hexdigest()[:6]
    return f"{place[:MAX_PLACE].rstrip('-')}-{digest}"


class _Desk:
    """One intake at work on one book."""

    def __init__(
        self,
        database: Database,
        archive: Path,
        accession: str,
        settings: IngestSettings,
        profile: Profile,
    ) -> None:
        self.database, self.settings, self.accession = database, settings, accession
        self.profile = profile
        self.folder = archive / "books" / accession / MASTERS
        sweep(self.folder)
        self.looks = [page.look for page in database.pages(accession)]
        self.taken: list[Page] = []
        self.already: list[AlreadyThere] = []
        self.refused: list[Refused] = []
        self.adopted: list[int] = []
        self.notes: list[Note] = []

    def report(self) -> Intake:
        """Return what became of all files so far."""
        book = self.database.book(self.accession)
        return Intake(
            accession=self.accession,
            taken=tuple(self.taken),
            already=tuple(self.already),
            refused=tuple(self.refused),
            adopted=tuple(self.adopted),
            notes=tuple(self.notes),
            declared=book.pages if book else None,
            counted=len(self.looks),
        )

    def take(self, file: Path, outcome: Survey | ScanError | ProgramError) -> None:
        """Make a surveyed file a master, unless it cannot be one or is one already."""
        if not isinstance(outcome, Survey):
            self.refused.append(Refused(file, outcome))
            return
        known = self.database.find_master(outcome.sha256)
        if known is not None:
            accession, master = known
            self.already.append(AlreadyThere(file, accession, master.number))
            return
        number = self._next_number()
        target = self.folder / f"{number:04d}{ENDINGS[outcome.media_type]}"
        copied = durable_copy(file, target)
        if copied != outcome.sha256:
            target.unlink()  # not what was surveyed; the file itself is still where it was
            reason = _("tệp thay đổi trong khi đang nạp")
            self.refused.append(Refused(file, UnreadableFileError(str(file), reason)))
            return
        _read_back(target, copied)
        self._put_down(file.name, target, number, outcome)
        self.notes += [Note(file, sentence) for sentence in outcome.notes]

    def adopt(self, files: Sequence[Path]) -> None:
        """Give rows to masters that were copied before a kill, and their names if we see them.

        Raises:
            FixityError: such a file is damaged.
        """
        orphans = self._orphans()
        for target, outcome in zip(orphans, survey(orphans, self.settings), strict=True):
            if not isinstance(outcome, Survey):
                raise FixityError(
                    _("bản gốc {file} không còn đọc được; hãy phục hồi từ bản sao lưu").format(
                        file=target
                    )
                )
            if self.database.find_master(outcome.sha256) is None:
                number = int(target.stem)
                self._put_down(_name_given(target, outcome, files), target, number, outcome)
                self.adopted.append(number)

    def _orphans(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        known = {master.path for master in self.database.masters(self.accession)}
        return [
            file
            for file in expand([self.folder])
            if file.stem.isdecimal() and f"{MASTERS}/{file.name}" not in known
        ]

    def _put_down(self, name: str, target: Path, number: int, surveyed: Survey) -> None:
        master = Master(
            sha256=surveyed.sha256,
            number=number,
            path=f"{MASTERS}/{target.name}",
            name=name,
            media_type=surveyed.media_type,
            size_bytes=surveyed.size_bytes,
            frames=len(surveyed.frames),
        )
        pages = tuple(self._pages(master, surveyed.frames))
        self.database.add_master(self.accession, master, pages)
        self.taken += pages

    def _pages(self, master: Master, frames: Sequence[FrameSurvey]) -> Iterator[Page]:
        for index, frame in enumerate(frames):
            double_of = self._double_of(frame.look)
            self.looks.append(frame.look)
            page = Page(
                accession=self.accession,
                number=len(self.looks),
                master=master.sha256,
                frame=index + 1,
                width_px=frame.width_px,
                height_px=frame.height_px,
                dpi=frame.dpi,
                quality=replace(frame.quality, double_of=double_of),
                look=frame.look,
            )
            yield judged(page, self.profile)

    def _double_of(self, look: str) -> int:
        """Return the number of an earlier page that shows the same, 0 when none does."""
        numbers = (at for at, other in enumerate(self.looks, 1) if is_duplicate(look, other))
        return next(numbers, 0)

    def _next_number(self) -> int:
        masters = self.database.masters(self.accession)
        return max((master.number for master in masters), default=0) + 1


def _read_back(target: Path, sha256: str) -> None:
    """Check that the disk gives back what was written, from the platter where that can be asked.

    Raises:
        FixityError: it does not.
    """
    if hasattr(os, "posix_fadvise"):  # else the answer would come from memory
        handle = os.open(target, os.O_RDONLY)
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)
    if sha256_of(target) != sha256:
        raise FixityError(
            _("{file} đọc lại khác với lúc ghi; hãy kiểm tra ổ đĩa rồi nạp lại").format(file=target)
        )


def _name_given(orphan: Path, surveyed: Survey, files: Sequence[Path]) -> str:
    """Return the name by which an orphan is offered again, else its stored name."""
    for file in files:
        try:
            if file.stat().st_size == surveyed.size_bytes and sha256_of(file) == surveyed.sha256:
                return file.name
        except OSError:
            continue
    return orphan.name
