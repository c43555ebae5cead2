"""Pages that people arrange: nothing is lost, everything can be taken back."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConflictError
from pipeline.store import chain
from pipeline.store.arrangement import Arrangements, PageAct, arrange, last_to_undo
from pipeline.store.database import Database, open_database
from pipeline.values import Book, Gutter, Master, Page, PageReading, Quality

BOOK = Book("ks-1987", "birth_table", "Vân Trung", (1987, 1987), "02")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(tmp_path / "sohoa.db")) as database:
        database.add_book(BOOK)
        for number in range(1, 5):
            add_page(database, number)
        yield database


def add_page(database: Database, number: int) -> None:
    sha256 = f"{number:064x}"
    path = f"data/masters/{number:04}.tif"
    master = Master(sha256, number, path, f"{number}.tif", "image/tiff", 10, 1)
    page = Page(BOOK.accession, number, sha256, 1, 100, 200, 300.0, Quality(3.0))
    database.add_master(BOOK.accession, master, [page])


def act(database: Database, kind: str, page: int = 0, other: int = 0, **told: object) -> int:
    one = PageAct(kind, page, other, **told)  # type: ignore[arg-type]
    with database.write() as connection:
        return Arrangements(database).add(connection, BOOK.accession, one, "lan")


def numbers(database: Database) -> list[int]:
    return [page.number for page in database.pages(BOOK.accession)]


def test_a_page_moves_and_keeps_its_number(database: Database) -> None:
    act(database, "move", 4, 1)
    assert numbers(database) == [1, 4, 2, 3]
    act(database, "move", 3, 0)
    assert numbers(database) == [3, 1, 4, 2]
    add_page(database, 5)
    assert numbers(database) == [3, 1, 4, 2, 5]


def test_a_rejected_page_lies_in_the_tray_and_comes_back_to_its_place(database: Database) -> None:
    done = act(database, "reject", 2)
    assert numbers(database) == [1, 3, 4]
    assert [page.number for page in database.all_pages(BOOK.accession)] == [1, 2, 3, 4]
    assert len(database.masters(BOOK.accession)) == 4
    act(database, "undo", other=done)
    assert numbers(database) == [1, 2, 3, 4]


def test_a_rescan_stands_where_the_bad_scan_stood_and_undone_they_change_places(
    database: Database,
) -> None:
    done = act(database, "rescan", 4, 2)
    assert numbers(database) == [1, 4, 3]
    undo = act(database, "undo", other=done)
    assert numbers(database) == [1, 2, 3]
    act(database, "undo", other=undo)  # what was taken back is done again
    assert numbers(database) == [1, 4, 3]


def test_an_act_on_what_another_person_has_changed_is_refused(database: Database) -> None:
    done = act(database, "reject", 2)
    for kind, page, other in [
        ("reject", 2, 0),
        ("reject", 9, 0),
        ("rescan", 3, 2),
        ("move", 1, 1),
        ("undo", 0, done + 1),
    ]:
        with pytest.raises(ConflictError):
            act(database, kind, page, other)
    act(database, "undo", other=done)
    with pytest.raises(ConflictError):
        act(database, "undo", other=done)
    assert numbers(database) == [1, 2, 3, 4]


def test_pages_whose_gutter_changes_are_read_again_and_no_others(database: Database) -> None:
    outline = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    reading = PageReading(None, 0, 0.0, "", 0.0, outline)
    for page in database.pages(BOOK.accession):
        database.keep_reading(page, [reading], [])
    own = Gutter(0.4, 0.41)
    act(database, "split", 2, gutter=own)
    states = {work.page.number: work.state for work in database.page_work(BOOK.accession)}
    assert states == {1: "read", 2: "waiting", 3: "read", 4: "read"}
    page = database.pages(BOOK.accession)[1]
    database.keep_reading(page, [reading], [])  # read by the line of before
    assert database.page_work(BOOK.accession)[1].state == "waiting"
    database.keep_reading(page, [reading], [], own)
    act(database, "split", 0, gutter=Gutter(0.5, 0.5))
    states = {work.page.number: work.state for work in database.page_work(BOOK.accession)}
    assert states == {1: "waiting", 2: "read", 3: "waiting", 4: "waiting"}
    assert database.gutters(BOOK.accession) == {0: Gutter(0.5, 0.5), 2: own}


def test_every_act_unseals_the_book_and_stands_in_the_log(database: Database) -> None:
    database.begin_seal(BOOK.accession)
    database.mark_sealed(BOOK.accession)
    assert database.is_sealed(BOOK.accession)
    number = act(database, "reject", 2)
    assert not database.is_sealed(BOOK.accession)
    with database.read() as connection:
        event = chain.events(connection, kind="page.reject")[0]
        assert (event.person, event.subject) == ("lan", f"page_act:{number}")
        found = {"page_act": list(Arrangements(database).contents(connection))}
        assert not list(chain.find_breaks(connection, found))
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE page_act SET person = 'ai'")
    with database.read() as connection:
        found = {"page_act": list(Arrangements(database).contents(connection))}
        assert [one.what for one in chain.find_breaks(connection, found)] == ["changed"]


def test_a_book_that_changed_while_it_was_packed_is_not_sealed(database: Database) -> None:
    database.begin_seal(BOOK.accession)
    add_page(database, 5)
    database.mark_sealed(BOOK.accession)
    assert not database.is_sealed(BOOK.accession)


def test_a_book_lacks_something_until_it_is_packed_also_after_a_kill(database: Database) -> None:
    def lacking() -> list[tuple[str, int]]:
        return [(accession, waiting) for accession, waiting, _time in database.unfinished()]

    assert lacking() == [(BOOK.accession, 4)]
    act(database, "reject", 4)
    assert lacking() == [(BOOK.accession, 3)]  # what is rejected waits for nobody
    database.begin_seal(BOOK.accession)
    assert lacking() == [(BOOK.accession, 3)]
    database.mark_sealed(BOOK.accession)
    assert lacking() == []
    for number in (1, 2, 3):
        act(database, "reject", number)
    assert lacking() == [(BOOK.accession, 0)]  # its records must go
    database.begin_seal(BOOK.accession)
    assert lacking() == []  # and that was all


ACTS = st.builds(
    PageAct,
    st.sampled_from(["move", "reject", "rescan", "split", "close", "undo"]),
    st.integers(0, 9),
    st.integers(0, 9),
    st.one_of(st.none(), st.builds(Gutter, st.floats(0, 1), st.floats(0, 1))),
)


@given(st.lists(ACTS, max_size=12))
def test_whatever_is_done_no_page_is_lost_and_undoing_all_gives_the_scans_back(
    made: list[PageAct],
) -> None:
    acts = [replace(one, number=number) for number, one in enumerate(made, 1)]
    stands = arrange(range(1, 8), acts)
    assert sorted(stands.order) == list(range(1, 8))
    assert stands.tray <= set(stands.order)
    while last := last_to_undo(acts):
        acts.append(PageAct("undo", other=last.number, number=len(acts) + 1))
    undone = arrange(range(1, 8), acts)
    rescans = {one.page for one in made if one.kind == "rescan"} & set(stands.order)
    assert undone.tray == rescans
    assert not undone.gutters
    assert not undone.is_closed
    if not rescans:
        assert undone.order == tuple(range(1, 8))
