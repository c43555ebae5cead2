"""Links are suggested, people decide, and what they decided stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.desk.archive import open_archive
from pipeline.desk.links import decide_link, list_links
from pipeline.errors import UsageError
from pipeline.flow.links import find_links
from pipeline.index.backends.sqlite import SqliteIndex
from pipeline.index.documents import document
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.store.links import Links
from pipeline.values import Asker, Book, FieldValue, Record

ASKER = Asker("thu", "thử")
HOME = "thôn Vân Cốc, xã Vân Trung, huyện Việt Yên, tỉnh Hà Bắc"


def nothing(*_args: object) -> None:
    """Show no progress."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "kho", "thu")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    made = open_archive(settings, make=True)
    yield made
    made.close()


def put(database: Database, accession: str, form: str, year: int, *entries: dict[str, str]) -> None:
    book = Book(accession, form, "Xã Vân Trung", (year, year), "01")
    database.add_book(book)
    records = [
        Record(
            f"{accession}/{number}/-/1",
            form,
            number,
            None,
            1,
            (),
            tuple(FieldValue(key, text, text, 0.9, number, ()) for key, text in entry.items()),
        )
        for number, entry in enumerate(entries, 1)
    ]
    index = SqliteIndex(database)
    with database.write() as connection:
        database.keep_records(connection, accession, records)
        index.put([document(one, book) for one in records], connection)


@pytest.fixture
def family(database: Database) -> Database:
    """A woman's birth, marriage and death; a namesake; and an entry that was typed twice."""
    birth = {"ngayDangKy": "1960-05-02", "nksGioiTinh": "2", "nksQueQuan": HOME}
    put(
        database,
        "ks",
        "birth_table",
        1960,
        {**birth, "so": "1", "nksHoTen": "Thân Thị Nhài", "nksNgaySinh": "1960-04-28"},
        {**birth, "so": "2", "nksHoTen": "Ngô Thị Mận", "nksNgaySinh": "1960-03-01"},
    )
    put(database, "ks-2", "birth_form", 1960, {
        **birth, "so": "2", "nksHoTen": "Ngô Thị Mận", "nksNgaySinh": "1960-03-01",
    })  # fmt: skip
    put(database, "kh", "marriage_table", 1982, {
        "so": "1", "ngayDangKy": "1982-02-02", "chongHoTen": "Giáp Văn Toản",
        "chongNgaySinh": "1958", "voHoTen": "Thân Thị Nhài", "voNgaySinh": "22 tuổi",
        "voNoiCuTru": HOME,
    })  # fmt: skip
    put(database, "kt", "death_table", 2010, {
        "so": "1", "ngayDangKy": "2010-07-01", "nktHoTen": "Thân Thị Nhài", "nktGioiTinh": "2",
        "nktNgaySinh": "1960", "nktNgayChet": "2010-06-30", "nktNoiCuTru": HOME,
        "nycHoTen": "Giáp Văn Toản",
    })  # fmt: skip
    return database


def pairs(database: Database, kind: str = "") -> set[tuple[str, str, str]]:
    found = Links(database).links(kind)
    return {(one.suggestion.kind, one.suggestion.one, one.suggestion.two) for one in found}


def test_a_life_is_linked_and_the_same_number_is_told(family: Database, settings: Settings) -> None:
    find_links(family, settings, nothing)
    found = pairs(family)
    assert ("birth_death", "kt/1/-/1", "ks/1/-/1") in found
    assert ("birth_marriage", "kh/1/-/1", "ks/1/-/1") in found
    assert ("marriage_death", "kt/1/-/1", "kh/1/-/1") in found
    assert ("same_number", "ks-2/1/-/1", "ks/2/-/1") in found
    assert ("birth_twice", "ks-2/1/-/1", "ks/2/-/1") in found
    assert not any("ks/2/-/1" in pair for pair in found if pair[0] in ("birth_death",))


def test_what_was_decided_stays_when_links_are_looked_for_again(
    family: Database, settings: Settings
) -> None:
    counts = find_links(family, settings, nothing)
    link = Links(family).links("birth_death")[0]
    decide_link(family, ASKER, link.number, "different", "khác thôn")
    assert find_links(family, settings, nothing) == counts
    assert link.number not in {one.number for one in Links(family).links()}
    (decided,) = Links(family).links(decided=True)
    assert (decided.number, decided.verdict, decided.person, decided.note) == (
        link.number,
        "different",
        "thu",
        "khác thôn",
    )
    decide_link(family, ASKER, link.number, "same", "xem lại")
    assert [one[0] for one in Links(family).history(link.number)] == ["different", "same"]
    assert Links(family).links(decided=True)[0].verdict == "same"


def test_a_suggestion_that_no_longer_holds_goes_unless_it_was_decided(
    family: Database, settings: Settings
) -> None:
    find_links(family, settings, nothing)
    death = Links(family).links("birth_death")[0]
    decide_link(family, ASKER, death.number, "same", "")
    put(family, "kt", "death_table", 2010)  # read anew, and nothing was read
    SqliteIndex(family).remove("kt", 9)
    find_links(family, settings, nothing)
    assert not pairs(family, "marriage_death")
    assert [one.number for one in Links(family).links(decided=True)] == [death.number]
    shown = list_links(family, ASKER, "", decided=True, limit=9)
    assert shown[0].one is None and shown[0].two is not None


def test_listing_is_logged_by_ids_and_unknown_kinds_and_numbers_are_refused(
    family: Database, settings: Settings
) -> None:
    find_links(family, settings, nothing)
    shown = list_links(family, ASKER, "birth_death", decided=False, limit=1)
    assert len(shown) == 1
    look = family.looks()[-1]
    assert (look.action, look.records) == ("links", ["ks/1/-/1", "kt/1/-/1"])
    with pytest.raises(UsageError, match="birth_death"):
        list_links(family, ASKER, "zz", decided=False, limit=1)
    with pytest.raises(UsageError, match="99999"):
        decide_link(family, ASKER, 99999, "same", "")
