"""What the log finds, and where, after somebody wrote into the database behind its back."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from pipeline.store import chain
from pipeline.store.chain import Break, Head
from pipeline.store.database import Database, contents, now, open_database
from pipeline.values import Book, Decision, Master, Page, PageReading, Quality, Record

BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 5.0), (0.0, 5.0))
BOOK = Book("ks-1987", "birth_table", "Xã Vân Trung", (1987, 1988), "02")
OTHER = Book("ks-1990", "birth_table", "Xã Vân Trung", (1990, 1990), "05")
MASTER = Master("0" * 64, 1, "data/masters/0001.jpg", "1.jpg", "image/jpeg", 12, 1)
PAGE = Page("ks-1987", 1, "0" * 64, 1, 100, 200, 300.0, Quality(3.1))
RECORDS = [Record(f"ks-1987/1/-/{row}", "birth_table", 1, None, row, BOX, ()) for row in (1, 2, 3)]
READING = PageReading(None, 0, 0.0, "birth_table", 0.9, BOX)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_database(tmp_path / "sohoa.db")
    made.add_book(BOOK, "thu")
    made.add_book(OTHER, "thu")
    made.add_master(BOOK.accession, MASTER, [PAGE])
    made.keep_reading(PAGE, [READING], [])
    with made.write() as connection:
        made.keep_records(connection, BOOK.accession, RECORDS)
    for row in (1, 2, 3):
        made.add_decision(Decision(f"ks-1987/1/-/{row}", "so", str(row), "lan", now()))
        made.log_look("lan", "search", [f"ks-1987/1/-/{row}"])
    yield made
    made.close()


def breaks(database: Database, known: Head | None = None) -> list[Break]:
    with database.read() as connection:
        kept = [known] if known else []
        return list(chain.find_breaks(connection, contents(connection), kept))


def edit(database: Database, *statements: str) -> None:
    """Write as a stranger with a SQLite shell would: triggers are no hindrance."""
    with sqlite3.connect(str(database.engine.url.database)) as raw:
        for statement in statements:
            raw.execute(statement)
    raw.close()


def test_what_the_program_wrote_holds(database: Database) -> None:
    database.add_book(BOOK, "thu")
    with database.write() as connection:
        database.keep_records(connection, BOOK.accession, RECORDS[:2])
    database.keep_failure(PAGE, "ReadingError", "hỏng")
    assert breaks(database) == []
    with database.read() as connection:
        assert breaks(database, chain.head(connection)) == []


OPEN = "DROP TRIGGER event_UPDATE", "DROP TRIGGER event_DELETE"


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE decision SET card = replace(card, 'lan', 'hoa') WHERE sequence = 2"],
         [("changed", "decision:2")]),
        (["DELETE FROM decision WHERE sequence = 3"], [("gone", "decision:3")]),
        (["INSERT INTO decision (record, card) SELECT record, card FROM decision WHERE sequence=1"],
         [("unknown", "decision:4")]),
        (["UPDATE record SET card = replace(card, 'row', 'r0w') WHERE id = 'ks-1987/1/-/2'"],
         [("changed", "records:ks-1987")]),
        (["DELETE FROM record WHERE id = 'ks-1987/1/-/2'"], [("changed", "records:ks-1987")]),
        (["UPDATE book SET card = replace(card, '02', '03') WHERE accession = 'ks-1987'"],
         [("changed", "book:ks-1987")]),
        (["DELETE FROM book WHERE accession = 'ks-1990'"], [("gone", "book:ks-1990")]),
        (["UPDATE master SET card = replace(card, '12', '13')"],
         [("changed", f"master:{'0' * 64}")]),
        (["UPDATE page SET readings = replace(readings, '0.9', '0.8')"],
         [("changed", "reading:ks-1987/1")]),
        ([*OPEN, "UPDATE event SET person = 'hoa' WHERE sequence = 6"], [("event", "decision:1")]),
        ([*OPEN, "UPDATE event SET time = '2020-01-01' WHERE kind = 'look.search'"],
         [("event", "")] * 3),
    ],
)  # fmt: skip
def test_an_edit_is_found_where_it_was_made(
    database: Database, statements: list[str], found: list[tuple[str, str]]
) -> None:
    edit(database, *statements)
    assert [(one.what, one.subject) for one in breaks(database)] == found


def test_an_event_that_was_taken_out_leaves_a_gap(database: Database) -> None:
    edit(database, *OPEN, "DELETE FROM event WHERE sequence = 9")
    assert [(one.what, one.sequence) for one in breaks(database)] == [("gap", 10)]


def forged(row: dict[str, object]) -> dict[str, object]:
    return {**row, "sum": chain._sum(row)}


def test_a_log_that_was_made_anew_is_found_by_a_head_that_was_kept_elsewhere(
    database: Database,
) -> None:
    with database.read() as connection:
        known = chain.head(connection)
    with database.write() as connection:
        for act in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(f"DROP TRIGGER event_{act}")
        last = chain.FIRST
        for row in connection.execute(sa.select(chain._event)).mappings().all():
            person = "hoa" if row["sequence"] == 8 else row["person"]
            new = forged({**row, "person": person, "before": last})
            last = str(new["sum"])
            where = chain._event.c.sequence == row["sequence"]
            connection.execute(sa.update(chain._event).where(where).values(**new))
    assert breaks(database) == []
    assert breaks(database, known) == [Break("head", known.sequence, "")]
    edit(database, f"DELETE FROM event WHERE sequence = {known.sequence}")
    assert Break("head", known.sequence, "") in breaks(database, known)


@pytest.mark.parametrize("statement", ["UPDATE event SET person = 'x'", "DELETE FROM event"])
def test_the_program_itself_cannot_change_the_log(database: Database, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="only ever added"),
        database.engine.begin() as connection,
    ):
        connection.exec_driver_sql(statement)


def test_an_act_that_failed_is_not_in_the_log(database: Database) -> None:
    with database.read() as connection:
        before = chain.head(connection)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        database.keep_records(connection, BOOK.accession, [])
        raise ZeroDivisionError
    with database.read() as connection:
        assert chain.head(connection) == before


def test_an_older_archive_is_taken_as_it_is_and_watched_from_then_on(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "sohoa.db"
    edit(
        database,
        "DROP TABLE event",
        "CREATE TABLE look (sequence INTEGER PRIMARY KEY, time TEXT, person TEXT, action TEXT,"
        " records TEXT, purpose TEXT)",
        "INSERT INTO look VALUES (1, '2026-11-26', 'lan', 'search', '[\"a\"]', 'cấp bản sao')",
        "PRAGMA user_version = 2",
    )
    again = open_database(file)
    assert breaks(again) == []
    [look] = again.looks()
    assert (look.time, look.records, look.purpose) == ("2026-11-26", ["a"], "cấp bản sao")
    edit(again, "DELETE FROM decision WHERE sequence = 1")
    assert [one.subject for one in breaks(again)] == ["decision:1"]
    again.close()


def test_texts_do_not_run_into_one_another() -> None:
    assert chain.sum_of("a", "b") != chain.sum_of("ab") != chain.sum_of("", "ab")
    assert chain.fold("", ["a", "b"]) == chain.fold(chain.fold("", ["a"]), ["b"])


def test_events_are_told_in_pieces(database: Database) -> None:
    with database.read() as connection:
        whole: Callable[..., list[chain.Event]] = lambda **k: chain.events(connection, **k)  # noqa: E731
        assert [event.sequence for event in whole()] == list(range(1, 12))
        assert [event.sequence for event in whole(after=9)] == [10, 11]
        assert [event.sequence for event in whole(until=11, limit=2)] == [10, 9]
        assert {event.kind for event in whole(kind="look.")} == {"look.search"}
