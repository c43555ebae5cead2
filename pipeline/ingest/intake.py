"""Take files into a book of the archive: masters first, whole and checked, then their rows.

Order for each file: survey in a child, durable copy, read back, one transaction with master and
pages. A kill between copy and transaction leaves a file without a row; the next intake of that
book adopts it. Files that cannot be used stay where they are and are listed.

A separator sheet among the files sends those behind it to its book.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import Connection

from pipeline.errors import FixityError, ProgramError, ScanError, UnreadableFileError
from pipeline.ingest.files import FrameSurvey, Survey, expand, survey
from pipeline.ingest.separators import Separator, separator_in
from pipeline.letters import fold
from pipeline.quality.looks import is_duplicate
from pipeline.quality.profiles import Profile
from pipeline.quality.verdict import judged
from pipeline.settings import IngestSettings
from pipeline.store.arrangement import Arrangements, Follow, PageAct
from pipeline.store.database import Database
from pipeline.store.durable import durable_copy, durable_write, sha256_of, sweep
from pipeline.values import Book, Master, Page
from pipeline.words import _

BOOKS = "books"  # in an archive: the packages, one folder each
MASTERS = "data/masters"  # in a package
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
_KEY = "separator"  # the fact under which an archive keeps the key of its separator sheets

Surveyed = Survey | ScanError | ProgramError

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
        counted: scans that the book has now, over all intakes, without those in the tray.
        onward: what came to other books, behind their separator sheets.
        is_lost: the last separator sheet cannot be trusted: nobody knows whose the next scans are.
    """

    accession: str
    taken: tuple[Page, ...]
    already: tuple[AlreadyThere, ...]
    refused: tuple[Refused, ...]
    adopted: tuple[int, ...]
    notes: tuple[Note, ...]
    declared: int | None
    counted: int
    onward: tuple["Intake", ...] = ()
    is_lost: bool = False

    @property
    def leads_to(self) -> str:
        """Return the book (accession) to which scans behind these belong."""
        return self.onward[-1].accession if self.onward else self.accession


@dataclass(frozen=True, slots=True)
class Manner:
    """How scans come in.

    Attributes:
        person: who brings them.
        behind: number of the page behind which they come to stand, 0: before all; None: at the end.
        instead_of: number of the page that they are a better scan of; 0: of none.
        look: looks at files, see `files.survey`; None: a child is started for it.
        hold: keeps others from a book (accession) while a scan comes into it.
        may_enter: says whether scans may come to the book of a separator sheet.
        names: what files are called whose own name is not the one they were given.
        is_lost: see `Intake`, of the scans before these.
        follow: see `Arrangements`.
    """

    person: str = ""
    behind: int | None = None
    instead_of: int = 0
    look: Callable[[Sequence[Path]], Iterator[Surveyed]] | None = None
    hold: Callable[[str], AbstractContextManager[None]] = lambda _accession: nullcontext()
    may_enter: Callable[[Book], bool] = lambda _book: True
    names: Mapping[Path, str] = field(default_factory=dict)
    is_lost: bool = False
    follow: Follow | None = None


def take_in(
    database: Database,
    archive: Path,
    book: Book,
    paths: Iterable[Path],
    settings: IngestSettings,
    profile: Profile,
    on_progress: Progress,
    manner: Manner = Manner(),
) -> Intake:
    """Take files and folders into a book, which is put down when the archive has none such.

    Behind a separator sheet that nobody can trust, no file is taken in: each is refused.

    Args:
        profile: by which each page is judged.

    Raises:
        StorageError: the disk is full or broken; what was taken so far is safe, and the same
            call again goes on from there.
        FixityError: what was written reads back differently.
    """
    if database.book(book.accession) is None:
        database.add_book(book, manner.person)
    files, key = expand(paths), separator_key(database)

    def open_desk(accession: str, manner: Manner) -> _Desk:
        desk = _Desk(database, archive, accession, settings, profile, manner)
        with manner.hold(accession):
            desk.adopt(files)
        return desk

    desks = [open_desk(book.accession, manner)]
    is_lost = manner.is_lost
    look = manner.look(files) if manner.look else survey(files, settings)
    for done, (file, outcome) in enumerate(zip(files, look, strict=True), 1):
        sheet = _separator(outcome, key)
        if sheet is not None:
            known = database.book(sheet.accession) if sheet.is_true else None
            is_lost = known is None or not manner.may_enter(known)
            if not is_lost and sheet.accession != desks[-1].accession:
                elsewhere = replace(manner, behind=None, instead_of=0)
                desks.append(open_desk(sheet.accession, elsewhere))
        if is_lost:
            desks[-1].refused.append(Refused(file, _lost(file)))
        else:
            with manner.hold(desks[-1].accession):
                desks[-1].take(file, outcome, skip_first=sheet is not None)
        on_progress(_("nạp"), done, len(files))
    first, *onward = (desk.report() for desk in desks)
    return replace(first, onward=tuple(onward), is_lost=is_lost)


def separator_key(database: Database) -> str:
    """Return the archive's own key of its separator sheets, made when it has none."""
    with database.read() as connection:
        key = database.fact(connection, _KEY)
    if key:
        return key
    with database.write() as connection:
        key = database.fact(connection, _KEY) or secrets.token_hex(16)
        database.keep_fact(connection, _KEY, key)
    return key


def view_file(archive: Path, sha256: str, frame: int) -> Path:
    """Return where the small picture of a scan lies; it may not be there, and can be made anew."""
    return archive / "work" / "views" / sha256[:2] / f"{sha256}-{frame}.jpg"


def _separator(outcome: Surveyed, key: str) -> Separator | None:
    """Return the separator sheet that a file is or begins with."""
    if not isinstance(outcome, Survey) or not outcome.frames:
        return None
    return separator_in(outcome.frames[0].codes, key)


def _lost(file: Path) -> UnreadableFileError:
    reason = _("tờ ngăn không đúng, nên không biết bản quét này của sổ nào; hãy in lại tờ ngăn")
    return UnreadableFileError(str(file), reason)


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
        manner: Manner = Manner(),
    ) -> None:
        self.database, self.settings, self.accession = database, settings, accession
        self.profile, self.manner, self.archive = profile, manner, archive
        self.folder = archive / BOOKS / accession / MASTERS
        self.arrangements = Arrangements(database, manner.follow)
        self.behind = manner.behind
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
            counted=len(self.database.page_order(self.accession)),
        )

    def take(self, file: Path, outcome: Surveyed, *, skip_first: bool = False) -> None:
        """Make a surveyed file a master, unless it cannot be one or is one already.

        Args:
            skip_first: its first page image is a separator sheet, which is no page of the book.
        """
        if not isinstance(outcome, Survey):
            self.refused.append(Refused(file, outcome))
            return
        if skip_first and len(outcome.frames) == 1:
            return  # the sheet itself is nothing to be kept
        if any(_has_our_codes(frame) for frame in outcome.frames[1:]):
            reason = _("có tờ ngăn ở giữa tệp; hãy tách tệp ở tờ ngăn rồi nạp lại")
            self.refused.append(Refused(file, UnreadableFileError(str(file), reason)))
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
        name = self.manner.names.get(file, file.name)
        self._put_down(name, target, number, outcome, skip_first=skip_first)
        self.notes += [Note(file, sentence) for sentence in outcome.notes]

    def adopt(self, files: Sequence[Path]) -> None:
        """Give rows to masters that were copied before a kill, and their names if we see them.

        Raises:
            FixityError: such a file is damaged.
        """
        sweep(self.folder)
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
                given = _name_given(target, outcome, files)
                name = self.manner.names.get(given, given.name)
                is_sheet = bool(outcome.frames) and _has_our_codes(outcome.frames[0])
                # Where these scans are to stand says nothing of one that was left by others.
                is_ours = given != target
                self._put_down(
                    name, target, number, outcome, skip_first=is_sheet, is_placed=is_ours
                )
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

    def _put_down(
        self,
        name: str,
        target: Path,
        number: int,
        surveyed: Survey,
        *,
        skip_first: bool,
        is_placed: bool = True,
    ) -> None:
        master = Master(
            sha256=surveyed.sha256,
            number=number,
            path=f"{MASTERS}/{target.name}",
            name=name,
            media_type=surveyed.media_type,
            size_bytes=surveyed.size_bytes,
            frames=len(surveyed.frames),
        )
        for index, frame in enumerate(surveyed.frames):
            if frame.view:
                view = view_file(self.archive, surveyed.sha256, index + 1)
                durable_write(view, frame.view)
        pages = tuple(self._pages(master, surveyed.frames, skip_first=skip_first))
        person, acts = self.manner.person, [*self._acts(pages)] if is_placed else []

        def place(connection: Connection) -> None:
            for act in acts:
                self.arrangements.add(connection, self.accession, act, person)

        self.database.add_master(self.accession, master, pages, person, place)
        self.taken += pages

    def _acts(self, pages: Sequence[Page]) -> Iterator[PageAct]:
        """Yield what puts new pages into their place; the first may stand for a bad scan."""
        bad = self.manner.instead_of
        if bad and self.behind is None and bad not in self.database.page_order(self.accession):
            self.behind = bad  # somebody has put it into the tray already
        for page in pages:
            if bad and self.behind is None:
                yield PageAct("rescan", page.number, bad)
            elif self.behind is not None:
                yield PageAct("move", page.number, self.behind)
            else:
                continue
            self.behind = page.number

    def _pages(
        self, master: Master, frames: Sequence[FrameSurvey], *, skip_first: bool
    ) -> Iterator[Page]:
        others = self._looks()
        with self.database.read() as connection:
            count = len(self.database.page_numbers(connection, self.accession))
        for index, frame in enumerate(frames):
            if index == 0 and skip_first:
                continue
            count += 1
            double_of = _double_of(frame.look, others)
            others.append((count, frame.look))
            page = Page(
                accession=self.accession,
                number=count,
                master=master.sha256,
                frame=index + 1,
                width_px=frame.width_px,
                height_px=frame.height_px,
                dpi=frame.dpi,
                quality=replace(frame.quality, double_of=double_of),
                look=frame.look,
            )
            yield judged(page, self.profile)

    def _looks(self) -> list[tuple[int, str]]:
        """Return number and look of the pages that a new one may be a double of."""
        pages = self.database.pages(self.accession)
        return [(page.number, page.look) for page in pages if page.number != self.manner.instead_of]

    def _next_number(self) -> int:
        masters = self.database.masters(self.accession)
        return max((master.number for master in masters), default=0) + 1


def _double_of(look: str, others: Iterable[tuple[int, str]]) -> int:
    """Return the number of another page that shows the same, 0 when none does."""
    return next((number for number, other in others if is_duplicate(look, other)), 0)


def _has_our_codes(frame: FrameSurvey) -> bool:
    return separator_in(frame.codes, "") is not None


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


def _name_given(orphan: Path, surveyed: Survey, files: Sequence[Path]) -> Path:
    """Return the file as which an orphan is offered again, else where it is stored."""
    for file in files:
        try:
            if file.stat().st_size == surveyed.size_bytes and sha256_of(file) == surveyed.sha256:
                return file
        except OSError:
            continue
    return orphan
