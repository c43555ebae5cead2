"""The embedded index commits with the records and survives the death of its writer."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.index.backends import sqlite
from pipeline.index.documents import document
from pipeline.index.keys import key_rules
from pipeline.index.query import parse
from pipeline.store.database import open_database
from tests.index.index_books import BIRTHS, birth, open_index

BATCH = 40
WRITER = """
import sys
from pathlib import Path
from pipeline.index.documents import document
from tests.index.index_books import BIRTHS, birth, open_index

index, database = open_index(Path(sys.argv[1]), "sqlite")
start = index.count()
print("ready", flush=True)
for batch in range(100_000):
    rows = range(start + batch * {batch}, start + (batch + 1) * {batch})
    index.put([document(birth(row, "Nguyễn Thị Lan"), BIRTHS) for row in rows])
"""


def test_records_and_index_are_kept_together_or_not_at_all(tmp_path):
    index, database = open_index(tmp_path, "sqlite")
    record = birth(1, "Nguyễn Thị Lan")
    database.add_book(BIRTHS)
    with pytest.raises(InterruptedError), database.write() as connection:
        database.keep_records(connection, BIRTHS.accession, [record])
        index.put([document(record, BIRTHS)], connection)
        raise InterruptedError
    assert (index.count(), database.records(BIRTHS.accession)) == (0, [])
    with database.write() as connection:
        database.keep_records(connection, BIRTHS.accession, [record])
        index.remove(BIRTHS.accession, 1, connection)
        index.put([document(record, BIRTHS)], connection)
    assert (index.count(), database.records(BIRTHS.accession)) == (1, [record])
    database.close()


def test_one_reads_while_another_writes(tmp_path):
    index, database = open_index(tmp_path, "sqlite")
    index.put([document(birth(1, "Nguyễn Thị Lan"), BIRTHS)])
    reader, second = open_index(tmp_path, "sqlite")
    with database.write() as connection:
        index.put([document(birth(2, "Nguyễn Thị Lan"), BIRTHS)], connection)
        assert reader.count() == 1
        assert len(reader.candidates(parse("nguyen thi lan"), 10)) == 1
    assert len(reader.candidates(parse("nguyen thi lan"), 10)) == 2
    database.close()
    second.close()


def test_a_search_sees_what_another_process_wrote_after_the_last_search(tmp_path):
    index, database = open_index(tmp_path, "sqlite")
    index.put([document(birth(1, "Nguyễn Thị Lan"), BIRTHS)])
    reader, second = open_index(tmp_path, "sqlite")
    for names in (["Nguyễn Thị Lan"], ["Nguyễn Thị Lan", "Phạm Văn Đức"], []):
        index.remove(BIRTHS.accession, 1)
        index.put(document(birth(row, name), BIRTHS) for row, name in enumerate(names, 1))
        found = reader.candidates(parse("nguyen thi lan pham van duc"), 10)
        assert sorted(item.names[0].text for item in found) == sorted(names)
    database.close()
    second.close()


def test_an_index_of_the_first_version_gives_way_and_must_be_built_anew(tmp_path):
    database = open_database(tmp_path / "sohoa.db")
    with database.write() as connection:
        for name in ("search_document", "search_key"):
            connection.exec_driver_sql(f"CREATE TABLE {name} (number INTEGER)")
    database.close()
    index, database = open_index(tmp_path, "sqlite")
    assert index.count() == 0
    assert index.rules() not in ("", key_rules())
    index.replace_all([document(birth(1, "Nguyễn Thị Lan"), BIRTHS)])
    assert index.rules() == key_rules()
    database.close()


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_writer_killed_at_any_moment_leaves_whole_batches(tmp_path):
    dice = random.Random(11)
    for _round in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER.format(batch=BATCH), str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(dice.uniform(0.1, 0.6))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()

        index, database = open_index(tmp_path, "sqlite")
        count = index.count()
        assert count % BATCH == 0
        if count:
            assert len(index.candidates(parse("nguyen thi lan 1987"), 10)) == 10
        database.close()
        raw = sqlite3.connect(tmp_path / "sohoa.db")
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        raw.execute("INSERT INTO index_key (index_key) VALUES ('integrity-check')")
        raw.close()
    assert count >= BATCH


def test_who_was_born_a_year_off_is_found_beside_very_many_of_the_year(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "_FINE", 40)
    index, database = open_index(tmp_path, "sqlite")
    given = ("An", "Bình", "Chung", "Dũng", "Hải", "Khuê", "Lâm", "Minh", "Nam", "Phú")
    crowd = [
        birth(row, f"{('Trần', 'Lê', 'Đỗ')[row % 3]} Văn {given[row % 10]}", "1987-01")
        for row in range(1, 121)
    ]
    late = birth(900, "Nguyễn Thị Khuê", "1988-01")
    index.put([document(one, BIRTHS) for one in (*crowd, late)])
    near = index.candidates(parse("nguyen thi khue 1987"), 10)
    assert late.id in [one.id for one in near]
    own = index.candidates(parse("le van khue 1987"), 10)
    assert "Lê Văn Khuê" in {name.text for one in own for name in one.names}
    database.close()
