import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import StorageError
from pipeline.store.database import Database, now, open_database
from pipeline.values import (
    Alternative,
    Book,
    Cell,
    Decision,
    Doubt,
    FieldValue,
    Letter,
    Line,
    Master,
    Page,
    PageReading,
    Quality,
    Record,
    Step,
)

BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 5.0), (0.0, 5.0))
BOOK = Book("ks-1987", "birth_table", "Xã Vân Trung", (1987, 1988), "02", pages=10)
MASTER = Master("0" * 64, 1, "data/masters/0001.jpg", "trang 1.jpg", "image/jpeg", 12, 1)
PAGE = Page("ks-1987", 1, "0" * 64, 1, 100, 200, 300.0, Quality(3.1, double_of=2), "ff00")
FIELD = FieldValue(
    "nksHoTen", "Ng. Thị Lan", "Nguyễn Thị Lan", 0.8, 1, BOX, "left", (Alternative("Lam", 0.1),)
)
RECORD = Record(
    "ks-1987/1/-/1", "birth_table", 1, "left", 1, BOX, (FIELD,), (Doubt("nksHoTen", "x"),)
)
LINE = Line(BOX, (2, 3), "Đ", 0.9, "print", (), (Letter("Đ", 0.0, 1.0, 0.9),), "tesseract")
READING = PageReading("left", 0, -1.2, "birth_table", 0.9, BOX, (Cell(BOX, 1, 1),), (LINE,))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_database(tmp_path / "sohoa.db")
    made.add_book(BOOK)
    made.add_master(BOOK.accession, MASTER, [PAGE])
    yield made
    made.close()


def test_what_was_put_down_comes_back_the_same(database: Database) -> None:
    assert database.books() == [BOOK]
    assert database.masters("ks-1987") == [MASTER]
    assert database.find_master("0" * 64) == ("ks-1987", MASTER)
    assert database.find_master("1" * 64) is None
    assert database.pages("ks-1987") == [PAGE]


def test_a_page_goes_from_waiting_to_read(database: Database) -> None:
    assert database.page_work("ks-1987")[0].state == "waiting"
    step = Step("ks-1987", 1, "ocr", "0.1.0", "{}", 1.5, now())
    database.keep_reading(PAGE, [READING], [step])
    assert database.page_work("ks-1987")[0].state == "read"
    assert database.readings("ks-1987", 1) == (READING,)
    assert database.steps("ks-1987") == [step]


def test_a_failed_page_keeps_its_error_and_can_be_tried_again(database: Database) -> None:
    database.keep_failure(PAGE, "ReadingError", "hỏng")
    assert database.page_work("ks-1987")[0].error == ("ReadingError", "hỏng")
    assert database.reset_pages("ks-1987", ["failed"]) == 1
    assert database.page_work("ks-1987")[0].state == "waiting"


def test_reading_again_replaces_records_and_leaves_decisions(database: Database) -> None:
    decision = Decision(RECORD.id, "nksHoTen", "Nguyễn Thị Lan", "lan", now())
    database.add_decision(decision)
    for _again in range(2):
        with database.write() as connection:
            database.keep_records(connection, "ks-1987", [RECORD])
    assert database.records("ks-1987") == [RECORD]
    assert database.decisions("ks-1987") == [decision]
    assert database.find_records([RECORD.id, "none"]) == {RECORD.id: (RECORD, BOOK)}


def test_a_package_is_no_longer_whole_when_a_page_is_read_anew(database: Database) -> None:
    database.begin_seal("ks-1987")
    database.mark_sealed("ks-1987")
    assert database.is_sealed("ks-1987")
    database.keep_reading(PAGE, [READING], [])
    assert not database.is_sealed("ks-1987")


def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        database.keep_records(connection, "ks-1987", [RECORD])
        raise ZeroDivisionError
    assert database.records("ks-1987") == []


def test_look_ups_are_logged_by_ids_alone(database: Database) -> None:
    database.log_look("lan", "search", [RECORD.id], "cấp bản sao")
    [look] = database.looks()
    assert look[1:] == ("lan", "search", [RECORD.id], "cấp bản sao")


def test_changes_of_records_are_numbered(database: Database) -> None:
    assert database.revision() == 0
    for number in (1, 2):
        with database.write() as connection:
            assert database.next_revision(connection) == number
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        database.next_revision(connection)
        raise ZeroDivisionError
    assert database.revision() == 2


def test_a_database_of_the_first_version_is_brought_up(tmp_path: Path) -> None:
    file = tmp_path / "sohoa.db"
    open_database(file).close()
    with sqlite3.connect(file) as raw:
        raw.execute("DROP TABLE event")
        raw.execute("CREATE TABLE look (sequence INTEGER, time, person, action, records)")
        raw.execute("DROP TABLE fact")
        raw.execute("INSERT INTO look VALUES (1, '2026-11-26', 'lan', 'search', '[]')")
        raw.execute("PRAGMA user_version = 1")
    raw.close()
    database = open_database(file)
    assert database.looks()[0].purpose == ""
    assert database.revision() == 0
    database.close()


def test_the_file_is_as_safe_as_was_asked(database: Database) -> None:
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_a_newer_database_is_refused_in_words(tmp_path: Path) -> None:
    open_database(tmp_path / "sohoa.db").close()
    with sqlite3.connect(tmp_path / "sohoa.db") as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StorageError, match="mới hơn"):
        open_database(tmp_path / "sohoa.db")


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "sohoa.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError):
        open_database(tmp_path / "sohoa.db")


WRITER = """
import sys
from pathlib import Path
from pipeline.store.database import open_database
database = open_database(Path(sys.argv[1]))
number = 0
while True:
    database.log_look("p", "search", [str(number)])
    print(number, flush=True)
    number += 1
"""


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: kill -9 is for POSIX")
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    file = tmp_path / "sohoa.db"
    acknowledged = 0
    for attempt in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout
            writer.stdout.readline()
            time.sleep(0.05 + 0.01 * attempt)
            os.kill(writer.pid, signal.SIGKILL)
            acknowledged += 1 + len(writer.stdout.read().splitlines())
        database = open_database(file)
        kept = len(database.looks())
        assert acknowledged <= kept <= acknowledged + attempt + 1
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        database.close()
