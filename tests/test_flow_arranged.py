"""A book whose pages people arranged: read, packed and searched as it stands, and taken back."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pikepdf

from pipeline.desk import scanning
from pipeline.desk.archive import open_archive, verify_books
from pipeline.desk.auditing import find_breaks, packed_heads
from pipeline.desk.books import intake
from pipeline.desk.demo import samples
from pipeline.desk.finding import search
from pipeline.desk.reviewing import Answer, decide
from pipeline.flow.book import package_of, process, reindex, scan_jobs
from pipeline.settings import Settings, WorkSettings, load_settings
from pipeline.store import chain
from pipeline.store.arrangement import Arrangements, PageAct
from pipeline.store.chain import Break
from pipeline.store.database import Database
from pipeline.values import Asker, Gutter

ONE = next(one for one in samples() if one.book.form == "birth_form")
BOOK = ONE.book.accession


LAN = Asker("lan")


def found(database: Database, settings: Settings, line: str) -> list[str]:
    """Return the entries that a search finds near enough."""
    hits = search(database, settings, LAN, line, 10).hits
    return [hit.record.id for hit in hits if hit.closeness != "widened"]


def nothing(*_args: object) -> None:
    """Show no progress."""


def act(database: Database, one: PageAct) -> int:
    with database.write() as connection:
        return Arrangements(database).add(connection, BOOK, one, "lan")


def packed(settings: Settings, name: str) -> list[dict[str, object]]:
    file = package_of(settings.archive, BOOK) / "data" / name
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_order_and_tray_reach_records_package_and_search_and_undo_brings_all_back(
    tmp_path: Path,
) -> None:
    settings = replace(load_settings(tmp_path, "lan"), work=WorkSettings(executor="serial"))
    database = open_archive(settings, make=True)
    intake(database, settings, ONE.book, ONE.scans, nothing)
    process(database, settings, [BOOK], nothing)
    before = [record.id for record in database.records(BOOK)]
    pages = len(database.pages(BOOK))
    package = package_of(tmp_path, BOOK)
    manifest = (package / "manifest-sha256.txt").read_text("ascii").splitlines()
    assert {record.page for record in database.records(BOOK)} >= {1, 2, pages}

    moved = act(database, PageAct("move", pages, 0))
    rejected = act(database, PageAct("reject", 2))
    (outcome,) = process(database, settings, [BOOK], nothing)
    assert (outcome.read, outcome.scans) == (0, pages - 1)
    order = [pages, 1, *range(3, pages)]
    assert [line["number"] for line in packed(settings, "pages.jsonl")] == order
    records = database.records(BOOK)
    assert list(dict.fromkeys(record.page for record in records)) == order
    assert [line["id"] for line in packed(settings, "records.jsonl")] == [one.id for one in records]
    assert [line["kind"] for line in packed(settings, "page-acts.jsonl")] == ["move", "reject"]
    with pikepdf.open(package / "data" / "book.pdf") as pdf:
        assert len(pdf.pages) == pages - 1
    assert len(list((package / "data" / "masters").iterdir())) == len(database.masters(BOOK))
    assert not any(verify_books(database, settings, ()).values())

    for number in (rejected, moved):
        act(database, PageAct("undo", other=number))
    process(database, settings, [BOOK], nothing)
    assert [record.id for record in database.records(BOOK)] == before
    kept = (package / "manifest-sha256.txt").read_text("ascii").splitlines()
    # The PDF was made anew and has a new date; the acts that took one another back stay told.
    assert {line[66:] for line in {*kept} ^ {*manifest}} == {
        "data/book.pdf",
        "data/page-acts.jsonl",
    }

    # To the tray once more: its records are found no longer, and are found again when it comes
    # back, be it before or after the book was finished without it; what people decided stays.
    on_two = [record for record in database.records(BOOK) if record.page == 2]
    decide(database, settings, LAN, Answer(on_two[0].id, "nksHoTen", text="Tạ Thị Uyển"))
    for finish in (False, True):
        assert found(database, settings, "ta thi uyen") == [on_two[0].id]
        number = scanning.act(database, settings, LAN, BOOK, PageAct("reject", 2))
        assert found(database, settings, "ta thi uyen") == []
        assert reindex(database, settings) == len(before) - len(on_two)
        assert found(database, settings, "ta thi uyen") == []
        if finish:
            process(database, settings, [BOOK], nothing)
        scanning.act(database, settings, LAN, BOOK, PageAct("undo", other=number))
        assert found(database, settings, "ta thi uyen") == [on_two[0].id]
        assert [record.id for record in database.records(BOOK)] == before
    assert not find_breaks(database, settings, LAN)

    act(database, PageAct("split", 1, gutter=Gutter(0.5, 0.5)))
    (outcome,) = process(database, settings, [BOOK], nothing)
    assert outcome.read == 1
    assert [side.side for side in database.readings(BOOK, 1)] == ["left", "right"]
    act(database, PageAct("split", 0, gutter=Gutter(0.4, 0.4, across=True)))
    gutters = [job.gutter for job in scan_jobs(database, settings, ONE.book, database.pages(BOOK))]
    for_all = Gutter(0.4, 0.4, across=True, for_all=True)
    assert gutters == [Gutter(0.5, 0.5), *[for_all] * (pages - 1)]
    act(database, PageAct("split", 0))

    for number in range(1, pages + 1):
        act(database, PageAct("reject", number))
    process(database, settings, [BOOK], nothing)
    assert database.records(BOOK) == []
    database.close()


def cut(file: Path, first: int) -> None:
    """Cut the tail of the log off, from an event on, as who is stopped by no trigger."""
    with sqlite3.connect(file) as raw:
        raw.execute("DROP TRIGGER IF EXISTS event_DELETE")
        raw.execute("DELETE FROM event WHERE sequence >= ?", (first,))
    raw.close()


def test_a_log_whose_tail_was_cut_off_is_found_by_the_heads_in_the_packages(tmp_path: Path) -> None:
    settings = replace(load_settings(tmp_path, "lan"), work=WorkSettings(executor="serial"))
    database = open_archive(settings, make=True)
    database.add_book(ONE.book, "lan")
    with database.read() as connection:
        early = chain.head(connection)
    intake(database, settings, ONE.book, ONE.scans[:1], nothing)
    process(database, settings, [BOOK], nothing)
    (packed_head,) = packed_heads(settings.archive)
    assert packed_head.sequence > early.sequence
    assert not find_breaks(database, settings, LAN)
    database.close()
    cut(tmp_path / "sohoa.db", packed_head.sequence + 1)
    database = open_archive(settings)
    assert not find_breaks(database, settings, LAN)  # what came after the seal no package knows
    database.close()

    cut(tmp_path / "sohoa.db", packed_head.sequence)
    database = open_archive(settings)
    assert Break("head", packed_head.sequence, "") in find_breaks(database, settings, LAN)
    # Events that come after the cut do not hide it: their hashes are others.
    for _event in range(3):
        database.log_look("lan", "search", [])
    assert Break("head", packed_head.sequence, "") in find_breaks(database, settings, LAN)
    database.close()
