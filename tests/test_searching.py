"""Searching an archive: what is found, shown, logged, kept from who may not see it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import desk
from pipeline.errors import UsageError
from pipeline.flow.book import reindex
from pipeline.flow.deciding import decide
from pipeline.index.rescue import Rescue
from pipeline.settings import Settings, load_settings
from pipeline.store.database import Database, now
from pipeline.values import Asker, Decision, Master, Page, Quality, Rights
from tests.index.index_books import BIRTHS, DEATHS, PARCELS, birth, entry

ASKER = Asker("thu", "cấp bản sao")
ROWS = [
    birth(1, "Nguyễn Thị Lan", meHoTen="Trần Thị Hoà", so="44"),
    birth(2, "Nguyễn Thị Lân", "1988-01-02", meHoTen="Lê Thị Mai", so="45"),
    birth(3, "Phạm Văn Đức", "1987-05", so="46"),
]
LAND = entry(PARCELS, 1, ten_nguoi_su_dung="Nguyễn Thị Lan", thua_dat_so="112", to_ban_do_so="7")
DEAD = entry(DEATHS, 1, nktHoTen="Nguyễn Thị Lan", nktNgayChet="1987-09-01")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path, "thu")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """An archive with three small books, of which one scan was not read."""
    made = desk.open_archive(settings, make=True)
    for book, records in ((BIRTHS, ROWS), (PARCELS, [LAND]), (DEATHS, [DEAD])):
        made.add_book(book)
        with made.write() as connection:
            made.keep_records(connection, book.accession, records)
    master = Master("a" * 64, 1, "data/masters/0001.jpg", "a.jpg", "image/jpeg", 9, 1)
    page = Page(BIRTHS.accession, 1, master.sha256, 1, 90, 90, 300.0, Quality(3.0))
    made.add_master(BIRTHS.accession, master, [page])
    reindex(made, settings)
    yield made
    made.close()


def found(database: Database, settings: Settings, text: str, asker: Asker = ASKER) -> list[str]:
    return [hit.record.id for hit in desk.search(database, settings, asker, text, 10).hits]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("khai sinh nguyen thi lan 1987 me tran thi hoa van trung", ROWS[0]),
        ("quyển 02/1987 số 45", ROWS[1]),
        ("thửa 112 tờ 7 Tăng Tiến", LAND),
        ("thua 112 to 7 nenh", LAND),
        ("khai tu nguyen thi lan 1987 nenh", DEAD),
        ("nguyễn thị lân 1988", ROWS[1]),
        ("ph_m van * duc", ROWS[2]),
    ],
)
def test_one_box_finds_it(database: Database, settings: Settings, text: str, first: object) -> None:
    hits = desk.search(database, settings, ASKER, text, 10).hits
    assert hits[0].record == first


def test_a_look_up_is_logged_with_ids_person_and_purpose_alone(
    database: Database, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        hits = desk.search(database, settings, ASKER, "nguyen thi lan 1987", 10).hits
    [look] = database.looks()
    assert look[1:] == ("thu", "search", [hit.record.id for hit in hits], "cấp bản sao")
    assert not any(word in caplog.text.lower() for word in ("nguyen", "nguyễn", "lan 1987"))


@pytest.mark.parametrize(
    ("rights", "books"),
    [
        (Rights(places=frozenset({PARCELS.place})), {"mk-07"}),
        (Rights(kinds=frozenset({"land", "death"})), {"mk-07", "kt-1987"}),
        (Rights(closed=frozenset({BIRTHS.accession})), {"mk-07", "kt-1987"}),
        (Rights(places=frozenset()), set()),
    ],
)
def test_what_a_person_may_not_see_is_nowhere_in_the_answer_nor_in_the_log(
    database: Database, settings: Settings, rights: Rights, books: set[str]
) -> None:
    asker = Asker("thu", "", rights)
    for text in ("nguyen thi lan", "nguyen thi lan 1987", "khai sinh quach dinh bao 1987", "số 45"):
        answer = desk.search(database, settings, asker, text, 10)
        rescue = answer.rescue or Rescue((), 0, ())
        seen = {hit.book.accession for hit in (*answer.hits, *rescue.near)}
        seen |= {shelf.book.accession for shelf in rescue.shelves}
        assert seen <= books
        assert rescue.books <= len(books)
        assert {one.split("/")[0] for one in database.looks()[-1].records} <= books
    if books:
        assert found(database, settings, "nguyen thi lan", asker)


def test_when_nothing_fits_the_books_that_should_hold_it_are_told(
    database: Database, settings: Settings
) -> None:
    answer = desk.search(database, settings, ASKER, "khai sinh quach dinh bao 1987 so 45", 10)
    assert answer.rescue
    (shelf,) = answer.rescue.shelves
    assert (shelf.book, shelf.pages, shelf.unread) == (BIRTHS, 1, (1,))
    assert [row.row for row in shelf.rows] == [1, 2, 3]  # beside number 45
    database.add_decision(Decision(ROWS[0].id, "so", "44", "thu", now()))
    answer = desk.search(database, settings, ASKER, "khai sinh quach dinh bao 1987 so 45", 10)
    assert answer.rescue
    assert [row.row for row in answer.rescue.shelves[0].rows] == [2, 3]


def test_when_the_year_is_wrong_people_of_that_name_are_told(
    database: Database, settings: Settings
) -> None:
    answer = desk.search(database, settings, ASKER, "nguyen thi lan 1950", 10)
    near = answer.rescue.near if answer.rescue else ()
    assert ROWS[0].id in [hit.record.id for hit in (*answer.hits, *near)]
    assert all(hit.closeness == "widened" for hit in answer.hits)


def test_an_answer_that_fits_needs_no_rescue(database: Database, settings: Settings) -> None:
    assert desk.search(database, settings, ASKER, "nguyen thi lan 1987", 10).rescue is None


def test_an_index_of_other_rules_says_that_it_must_be_built_anew(
    database: Database, settings: Settings
) -> None:
    with database.write() as connection:
        database.keep_fact(connection, "sqlite index", "1-of-long-ago")
    with pytest.raises(UsageError, match="reindex"):
        desk.search(database, settings, ASKER, "nguyen thi lan 1987", 5)
    reindex(database, settings)
    assert found(database, settings, "nguyen thi lan 1987")


def test_what_a_person_decided_is_found_and_shown(database: Database, settings: Settings) -> None:
    database.add_decision(Decision(ROWS[2].id, "nksHoTen", "Quách Đình Bảo", "thu", now()))
    reindex(database, settings)
    hit = desk.search(database, settings, ASKER, "quach dinh bao", 5).hits[0]
    assert (hit.record.id, hit.reviewed) == (ROWS[2].id, {"nksHoTen"})
    assert hit.record.fields[0].value == "Quách Đình Bảo"


def test_a_decision_is_found_as_soon_as_it_is_made(database: Database, settings: Settings) -> None:
    assert found(database, settings, "pham van duc 1987") == [ROWS[2].id]
    told = [
        Decision(ROWS[2].id, "nksHoTen", "Quách Đình", "thu", now()),
        Decision(ROWS[2].id, "nksHoTen", "Quách Đình Bảo", "thu", now()),
        Decision(ROWS[1].id, "so", "145", "thu", now()),
    ]
    assert decide(database, settings, told) == ""
    hit = desk.search(database, settings, ASKER, "quach dinh bao", 5).hits[0]
    assert (hit.record.id, hit.closeness, hit.reviewed) == (ROWS[2].id, "exact", {"nksHoTen"})
    assert found(database, settings, "so 145") == [ROWS[1].id]
    assert found(database, settings, "pham van duc 1987") == []
    assert not database.is_sealed(BIRTHS.accession)
    decide(database, settings, [Decision(ROWS[2].id, "nksHoTen", "Phạm Văn Đức", "thu", now())])
    assert found(database, settings, "pham van duc 1987") == [ROWS[2].id]
    assert len(database.decisions(BIRTHS.accession)) == 4


def test_of_decisions_of_which_one_cannot_be_none_is_kept(
    database: Database, settings: Settings
) -> None:
    told = [
        Decision(ROWS[2].id, "nksHoTen", "Quách Đình Bảo", "thu", now()),
        Decision(f"{BIRTHS.accession}/9/-/1", "nksHoTen", "Ai", "thu", now()),
    ]
    revision = database.revision()
    with pytest.raises(UsageError):
        decide(database, settings, told)
    assert database.decisions(BIRTHS.accession) == []
    assert (database.revision(), found(database, settings, "quach dinh bao")) == (revision, [])


def test_an_entry_has_neighbours_in_its_book(database: Database) -> None:
    assert desk.neighbours(database, ASKER, ROWS[1].id) == ((ROWS[0],), (ROWS[2],))
    assert database.looks()[-1].records == [ROWS[0].id, ROWS[2].id]
    assert desk.neighbours(database, ASKER, ROWS[0].id, 5) == ((), (ROWS[1], ROWS[2]))
    closed = Asker("thu", "", Rights(closed=frozenset({BIRTHS.accession})))
    for asker, record in ((closed, ROWS[1].id), (ASKER, "none/1/-/1")):
        with pytest.raises(UsageError):
            desk.neighbours(database, asker, record)


def test_the_unit_then_and_now_is_told(database: Database, settings: Settings) -> None:
    hit = desk.search(database, settings, ASKER, "nguyen thi lan 1987", 5).hits[0]
    units = desk.units_of(settings, hit)
    assert any("Hà Bắc" in then for then in units.then)
    assert any(unit.startswith("phường Nếnh") for unit in units.now)


def test_a_reading_that_a_screen_changed_can_be_asked_for(
    database: Database, settings: Settings
) -> None:
    answer = desk.search(database, settings, ASKER, "nguyen thi lan 1987", 5)
    again = desk.search(database, settings, ASKER, answer.readings[0], 5)
    assert again.hits == answer.hits
    assert [desk.chip_label(chip) for chip in answer.readings[0].chips] == ["tên", "năm"]
