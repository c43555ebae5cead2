"""What people decide about fields: kept beside what was read, and found from then on."""

from collections.abc import Sequence

from pipeline.errors import UsageError
from pipeline.flow.book import as_decided, catch_up, index_of
from pipeline.index.documents import document
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.values import Decision
from pipeline.words import _


def decide(database: Database, settings: Settings, decisions: Sequence[Decision]) -> str:
    """Put down decisions; searches find the records as they stand with them.

    Decisions, index (or what it is owed) and that the packages lack them are one transaction. The
    archive need not be held with `working`: nothing else is written, and pages that are being read
    leave decisions as they are.

    Returns:
        Why searches do not see it yet, empty when they do.

    Raises:
        UsageError: a record is not there; nothing is put down.
        StorageError: the database cannot be written.
    """
    index = index_of(database, settings)
    with database.write() as connection:
        # Read under the write lock, in a view of its own: nobody else can add a decision now.
        records = database.find_records(list(dict.fromkeys(one.record for one in decisions)))
        standing = {name: dict(told) for name, told in database.decided(list(records)).items()}
        for decision in decisions:
            if decision.record not in records:
                raise UsageError(_("không có bản ghi “{id}”").format(id=decision.record))
            database.add_decision(decision, connection)
            standing.setdefault(decision.record, {})[decision.key] = decision
        revision = database.next_revision(connection)
        index.put(
            [
                document(as_decided(record, standing[name]), book, revision)
                for name, (record, book) in records.items()
            ],
            connection,
        )
        database.unseal(connection, *{book.accession for _record, book in records.values()})
    return catch_up(database, settings)
