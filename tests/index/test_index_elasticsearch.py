"""The index on a real server: late and doubled writes, absence, swaps, keys, a node that dies."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from pipeline import plugs
from pipeline.errors import StorageError, UsageError
from pipeline.flow.book import catch_up, index_of
from pipeline.index.backends import Index
from pipeline.index.documents import Document, document
from pipeline.index.query import parse
from pipeline.settings import ElasticsearchSettings, IndexSettings, Settings
from pipeline.store.database import Database, open_database
from pipeline.store.outbox import Outbox
from tests.elasticsearch_server import running, settings_for, started
from tests.index.index_books import BIRTHS, PARCELS, birth, entry, open_index, prefix_of

pytestmark = pytest.mark.elasticsearch

ROOT = Path(__file__).parents[2]
NOBODY = "http://127.0.0.1:9"  # the port of `discard`: nothing listens there
SENDER = """
import sys
from pathlib import Path
from tests.index.index_books import open_index

index, database = open_index(Path(sys.argv[1]), "elasticsearch")
print("ready", flush=True)
index.catch_up()
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "sohoa.db")
    yield opened
    opened.close()


@pytest.fixture
def server(tmp_path: Path) -> ElasticsearchSettings:
    return settings_for(prefix_of(tmp_path))


@pytest.fixture
def index(server: ElasticsearchSettings, database: Database) -> Index:
    return opened(server, database)


def opened(server: ElasticsearchSettings, database: Database) -> Index:
    made: Index = plugs.load("pipeline.index.backends", "elasticsearch").create(
        IndexSettings("elasticsearch", server), database
    )
    return made


def lan(row: int, revision: int = 0, name: str = "Nguyễn Thị Lan") -> Document:
    return document(birth(row, name), BIRTHS, revision)


def owe(index: Index, database: Database, documents: Sequence[Document]) -> None:
    with database.write() as connection:
        index.put(documents, connection)


def revise(database: Database, times: int) -> None:
    for _time in range(times):
        with database.write() as connection:
            database.next_revision(connection)


def found(index: Index, text: str = "nguyen thi lan") -> set[str]:
    return {item.id for item in index.candidates(parse(text), 200)}


# Writes that come late, twice, or not at all


def test_a_write_that_comes_late_is_dropped(server, database):
    revise(database, 9)
    index = opened(server, database)
    index.put([lan(1, revision=5)])
    index.put([lan(1, revision=4, name="Phạm Văn Đức")])
    assert found(index, "pham van duc") == set()
    index.remove(BIRTHS.accession, 5)
    assert index.count() == 1
    index.remove(BIRTHS.accession, 7)
    index.put([lan(1, revision=6)])
    assert (index.count(), index.behind()) == (0, 0)


def test_a_book_that_is_written_anew_is_never_missing(index, database):
    index.put(lan(row, revision=1) for row in range(1, 40))
    stop, missed = Event(), []

    def watch() -> None:
        while not stop.wait(0.02):
            if not found(index):
                missed.append(time.monotonic())

    watcher = Thread(target=watch)
    watcher.start()
    for revision in range(2, 6):
        with database.write() as connection:
            index.put([lan(row, revision) for row in range(1, 30)], connection)
            index.remove(BIRTHS.accession, revision, connection)
        index.catch_up()
    stop.set()
    watcher.join()
    assert not missed
    assert index.count() == 29


def test_nothing_is_lost_while_the_server_is_away_and_search_says_so(server, database):
    away = opened(replace(server, hosts=(NOBODY,), ca_file=""), database)
    owe(away, database, [lan(row) for row in range(1, 8)])
    with pytest.raises(StorageError, match="không nối được"):
        away.catch_up()
    with pytest.raises(StorageError, match="không nối được"):
        found(away)
    assert away.behind() == 7

    back = opened(server, database)
    assert back.behind() == 7
    back.catch_up()
    assert (back.behind(), len(found(back))) == (0, 7)


def test_work_goes_on_while_the_server_is_away(server, database, tmp_path):
    told = replace(server, hosts=(NOBODY,), ca_file="")
    settings = Settings(tmp_path, index=IndexSettings("elasticsearch", told))
    assert catch_up(database, settings) == ""
    owe(index_of(database, settings), database, [lan(1)])
    assert "còn thiếu 1 thay đổi" in catch_up(database, settings)
    settings = replace(settings, index=IndexSettings("elasticsearch", server))
    assert catch_up(database, settings) == ""
    assert index_of(database, settings).count() == 1


def test_a_sender_that_is_killed_at_any_moment_loses_nothing(tmp_path):
    index, database = open_index(tmp_path, "elasticsearch")
    dice = random.Random(3)
    sent = 0
    for _round in range(3):
        owe(index, database, [lan(row) for row in range(sent + 1, sent + 4001)])
        sent += 4000
        sender = subprocess.Popen(
            [sys.executable, "-c", SENDER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
        )
        assert sender.stdout
        assert sender.stdout.readline() == b"ready\n"
        end = time.monotonic() + 120
        while index.behind() == 4000 and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(dice.uniform(0, 0.5))
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        sender.stdout.close()
        index.catch_up()
        assert (index.behind(), index.count()) == (0, sent)
    database.close()


def test_what_the_server_refuses_stays_owed_and_holds_nothing_up(index, database):
    name = "Giàng A Páo"
    refused = replace(lan(1, name=name), place=name * 4000)
    owe(index, database, [refused, lan(2), lan(3)])
    with pytest.raises(StorageError, match="từ chối 1 bản ghi") as told:
        index.catch_up()
    assert name not in str(told.value)
    assert index.behind() == 1
    assert found(index) == {lan(2).id, lan(3).id}


def test_changes_made_while_another_index_was_in_use_are_told(index, database):
    index.put([lan(1)])
    with database.write() as connection:  # a change that puts nothing in is no miss
        database.next_revision(connection)
        index.put([], connection)
    assert index.behind() == 0
    revise(database, 2)
    assert index.behind() == 2
    with pytest.raises(StorageError, match=r"2 thay đổi .*sohoa reindex"):
        index.catch_up()
    index.replace_all([lan(1), lan(2, revision=3)])
    with database.write() as connection:
        revision = database.next_revision(connection)
        index.put([lan(3, revision)], connection)
    assert index.behind() == 1
    index.catch_up()
    assert (index.behind(), index.count()) == (0, 3)


def test_a_database_of_yesterday_does_not_pass_for_a_late_write(server, database):
    revise(database, 3)
    index = opened(server, database)
    index.put([lan(1, revision=9)])
    with pytest.raises(StorageError, match="sohoa reindex"):
        index.put([lan(1, revision=3, name="Phạm Văn Đức")])
    assert index.behind() == 1
    index.replace_all([lan(1, revision=3, name="Phạm Văn Đức")])
    assert (index.behind(), len(found(index, "pham van duc"))) == (0, 1)


# Building anew


def test_searches_never_notice_that_a_new_index_takes_over(server, index, database):
    here = [lan(row) for row in range(1, 60)]
    index.put(here)
    stop, seen, wrong = Event(), [], []

    def search() -> None:
        own = opened(server, database)
        while not stop.wait(0.02):
            try:
                seen.append(len(found(own)))
            except StorageError as error:
                wrong.append(error)

    searchers = [Thread(target=search) for _one in range(2)]
    for searcher in searchers:
        searcher.start()
    for _time in range(4):
        index.replace_all(iter(here))
    stop.set()
    for searcher in searchers:
        searcher.join()
    assert not wrong
    assert set(seen) == {59}


def test_a_builder_killed_after_the_swap_leaves_its_late_writes_owed(index, database, monkeypatch):
    index.put([lan(1)])

    def late() -> Iterator[Document]:
        yield lan(1)
        index.put([lan(2)])

    def killed(_outbox: Outbox, _rebuild: object) -> None:
        owe(index, database, [lan(3)])
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "end_rebuild", killed)
        with pytest.raises(InterruptedError):
            index.replace_all(late())
    index.catch_up()
    assert found(index) == {lan(1).id, lan(2).id, lan(3).id}
    index.put([lan(4)])
    assert (index.count(), index.behind()) == (4, 0)


def test_an_index_that_vanished_is_said_and_not_begun_anew(server, index):
    index.put([lan(1)])
    running().call("DELETE", f"/{server.prefix}-records-v1-1")
    for ask in (index.count, index.rules, lambda: found(index), lambda: index.put([lan(2)])):
        with pytest.raises(StorageError, match="sohoa reindex"):
            ask()
    index.replace_all([lan(1), lan(2)])
    assert (index.count(), index.behind()) == (2, 0)


def test_an_archive_that_had_records_must_be_built_first(server, database):
    database.add_book(BIRTHS)
    with database.write() as connection:
        database.keep_records(connection, BIRTHS.accession, [birth(1, "Nguyễn Thị Lan")])
    index = opened(server, database)
    with pytest.raises(StorageError, match="sohoa reindex"):
        index.rules()
    index.replace_all([lan(1)])
    assert found(index) == {lan(1).id}


# Keys, certificates, addresses


def test_two_archives_do_not_share_a_prefix(server, index, tmp_path):
    index.put([lan(1)])
    other = open_database(tmp_path / "other.db")
    second = opened(server, other)
    with pytest.raises(UsageError, match="kho khác"):
        second.put([document(entry(PARCELS, 1, ten_nguoi_su_dung="Nguyễn Thị Lan"), PARCELS)])
    with pytest.raises(UsageError, match="kho khác"):
        second.replace_all([])
    assert index.count() == 1
    other.close()


def test_a_wrong_key_is_said(server, database):
    with pytest.raises(StorageError, match="khóa API không được nhận"):
        opened(replace(server, api_key="d3Jvbmc6d3Jvbmc="), database).count()


def test_a_key_of_other_indices_is_said(server, database):
    with pytest.raises(StorageError, match="không có quyền trên các chỉ mục other-records"):
        opened(replace(server, prefix="other"), database).count()


def test_a_certificate_that_is_not_trusted_is_said(server, database):
    with pytest.raises(StorageError, match="chứng chỉ TLS"):
        opened(replace(server, ca_file=""), database).count()


def test_a_file_that_is_no_certificate_is_said(server, database, tmp_path):
    for name in ("none.pem", "wrong.pem"):
        (tmp_path / "wrong.pem").write_text("?")
        told = replace(server, ca_file=str(tmp_path / name))
        with pytest.raises(UsageError, match="ca_file"):
            opened(told, database).count()


def test_the_key_may_lie_in_a_file_that_only_its_owner_reads(server, database, tmp_path):
    file = tmp_path / "elasticsearch.key"
    file.write_text(f"{server.api_key}\n")
    told = replace(server, api_key="", api_key_file=str(file))
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        opened(told, database).count()
    file.chmod(0o600)
    assert opened(told, database).count() == 0


class Stranger(BaseHTTPRequestHandler):
    """A web server that answers everything with an empty object."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        pass


def test_what_is_no_elasticsearch_is_said(database):
    with HTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        thread = Thread(target=stranger.serve_forever)
        thread.start()
        told = ElasticsearchSettings((f"http://127.0.0.1:{stranger.server_port}",))
        with pytest.raises(StorageError, match="không phải Elasticsearch"):
            opened(told, database).count()
        stranger.shutdown()
        thread.join()


# Three nodes


@pytest.mark.slow
def test_of_three_nodes_one_dies_while_indexing_and_nothing_is_lost(database):
    running()  # skips where there is no server to be had
    cluster = started(nodes=3)
    told = ElasticsearchSettings(cluster.hosts, prefix="tthree", timeout_s=60)
    index = opened(told, database)
    owe(index, database, [lan(0)])
    index.catch_up()
    cluster.call("GET", "/_cluster/health/tthree-records?wait_for_status=green&timeout=120s")

    ids = set()
    end = time.monotonic() + 240
    for batch in range(30):
        here = [lan(row) for row in range(batch * 100 + 1, batch * 100 + 101)]
        ids |= {item.id for item in here}
        owe(index, database, here)
        if batch == 10:
            os.kill(cluster.pids[1], signal.SIGKILL)
        try:
            index.catch_up()
        except StorageError:
            assert batch >= 10
    while index.behind() and time.monotonic() < end:
        try:
            index.catch_up()
        except StorageError:
            time.sleep(1)
    assert index.behind() == 0
    assert index.count() == len(ids) + 1 == 3001
    assert cluster.call("GET", "/_cluster/health")["number_of_nodes"] == 2
