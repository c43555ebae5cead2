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

from pipeline.index.documents import document
from pipeline.index.query import parse
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
        raw.execute("INSERT INTO search_key (search_key) VALUES ('integrity-check')")
        raw.close()
    assert count >= BATCH
