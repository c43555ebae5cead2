"""The archive as a whole: opened, its books chosen, its sums and its index kept true."""

from collections.abc import Sequence

from pipeline.archive.fixity import Difference
from pipeline.archive.fixity import verify as verify_package
from pipeline.errors import StorageError, UsageError
from pipeline.flow.book import index_of, package_of
from pipeline.settings import Settings
from pipeline.store import chain
from pipeline.store.database import Database, now, open_database
from pipeline.store.durable import refuse_network_disk
from pipeline.words import _


def open_archive(settings: Settings, *, make: bool = False) -> Database:
    """Open the archive's database.

    Raises:
        UsageError: there is no archive there, and none shall be made.
        StorageError: the folder is not fit for one.
    """
    file = settings.archive / "sohoa.db"
    if not make and not file.exists():
        raise UsageError(
            _("chưa có kho ở {folder}; hãy nạp bản quét trước bằng “sohoa ingest”").format(
                folder=settings.archive
            )
        )
    refuse_network_disk(settings.archive)
    try:
        settings.archive.mkdir(mode=0o700, parents=True, exist_ok=True)  # for its owner alone
    except OSError as error:
        raise StorageError(
            _("không tạo được kho ở {folder} ({reason})").format(
                folder=settings.archive, reason=error.strerror
            )
        ) from error
    return open_database(file)


def send_owed(database: Database, settings: Settings) -> int:
    """Send the index what it is owed; return how many changes it was.

    Raises:
        StorageError: it cannot be reached; what it is owed stays in the database.
    """
    index = index_of(database, settings)
    owed = index.behind()
    index.catch_up()
    return owed


def verify_books(
    database: Database, settings: Settings, accessions: Sequence[str]
) -> dict[str, tuple[Difference, ...]]:
    """Recompute every sum of the books' packages; return what differs, by accession.

    When that was done, and how much differed, is logged.
    """
    found = {}
    for accession in chosen_books(database, accessions):
        found[accession] = verify_package(
            package_of(settings.archive, accession),
            database.masters(accession),
            sealed=database.is_sealed(accession),
        )
        with database.write() as connection:
            chain.append(
                connection,
                now(),
                settings.person,
                "fixity.checked",
                f"fixity:{accession}",
                differences=len(found[accession]),
            )
    return found


def chosen_books(database: Database, accessions: Sequence[str]) -> list[str]:
    """Return the accessions that were named, or those of all books that have scans.

    Raises:
        UsageError: one of them is not in the archive.
    """
    known = [book.accession for book in database.books()]
    for accession in accessions:
        if accession not in known:
            raise UsageError(
                _("không có sổ “{accession}” trong kho; có: {known}").format(
                    accession=accession, known=", ".join(known) or "—"
                )
            )
    return list(accessions) or [book.accession for book in database.books_with_pages()]
