"""Who answers for what an extract says, whatever became of the entry at the desk of reviewing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.desk.certifying import (
    Answers,
    OpenFieldsError,
    Said,
    certify,
    extract_called,
    prepare,
)
from pipeline.desk.overseeing import save_rules
from pipeline.desk.reviewing import Answer, decide, open_sheet
from pipeline.errors import MissingError
from pipeline.review.rules import ReviewRules
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.values import Asker, Book, FieldValue, Rights
from tests.reviewing_archive import BOOK, entry, make_archive

OFFICER = Asker("can", "", Rights(frozenset({BOOK.place}), sensitive=True))
THU, HOA, MAI = Asker("thu"), Asker("hoa"), Asker("mai")
NOWHERE = Book("ks-1", "birth_table", "Kẻ Vọng Nguyệt Xa", (1960, 1960), "1")
DEATHS = Book("kt-1", "death_form", BOOK.place, (1990, 1990), "1")
LAND = Book("dc-1", "parcel_table", BOOK.place, (1990, 1990), "1")
FIRST = f"{BOOK.accession}/1/-/1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    typed = replace(entry(BOOK, 2), id=f"{BOOK.accession}/typed/2", page=0, polygon=())
    death = replace(
        entry(DEATHS, 1),
        fields=(
            FieldValue("nktHoTen", "Lê Văn Sáu", "Lê Văn Sáu", 1.0, 1, ()),
            FieldValue("nktNgayChet", "5/4/1990", "1990-04-05", 1.0, 1, ()),
        ),
    )
    books = {
        BOOK: [entry(BOOK, 1), typed],
        NOWHERE: [entry(NOWHERE, 1)],
        DEATHS: [death],
        LAND: [entry(LAND, 1)],
    }
    made = make_archive(settings, books)
    save_rules(made, THU, ReviewRules(blind_share=0.0, twice=("nksHoTen",)))
    yield made
    made.close()


def said(database: Database, settings: Settings, record: str, key: str) -> Said:
    prepared = prepare(database, settings, replace(OFFICER, rights=Rights()), record)
    return next(one for one in prepared.said if one.key == key)


def read(database: Database, settings: Settings, who: Asker, text: str) -> None:
    field = next(one for one in open_sheet(database, who, FIRST).fields if one.key == "nksHoTen")
    decide(database, settings, who, Answer(FIRST, "nksHoTen", text=text, base=field.base))


def test_what_two_people_read_is_certain_only_when_they_agree_or_a_third_decided(
    database: Database, settings: Settings
) -> None:
    assert said(database, settings, FIRST, "nksHoTen").state == "open"
    read(database, settings, THU, "Nguyễn Văn Bân")
    once = said(database, settings, FIRST, "nksHoTen")
    assert (once.state, once.text, once.person) == ("open", "Nguyễn Văn Bân", "thu")
    read(database, settings, HOA, "Nguyễn Văn Bần")
    dispute = said(database, settings, FIRST, "nksHoTen")
    assert (dispute.state, dispute.text) == ("differs", "")
    read(database, settings, MAI, "Nguyễn Văn Bần")
    settled = said(database, settings, FIRST, "nksHoTen")
    assert (settled.state, settled.text, settled.person) == ("decided", "Nguyễn Văn Bần", "mai")


def test_a_field_that_a_person_emptied_does_not_show_what_the_machine_read(
    database: Database, settings: Settings
) -> None:
    decide(database, settings, THU, Answer(FIRST, "meHoTen", text=""))
    assert said(database, settings, FIRST, "meHoTen").text == ""


def test_what_was_typed_before_is_answered_for_anew(database: Database, settings: Settings) -> None:
    typed = said(database, settings, f"{BOOK.accession}/typed/2", "meHoTen")
    assert (typed.state, typed.has_picture) == ("open", False)


def test_a_place_that_no_table_knows_is_named_as_the_card_writes_it_alone(
    database: Database, settings: Settings
) -> None:
    everywhere = replace(OFFICER, rights=Rights())
    record = f"{NOWHERE.accession}/1/-/1"
    one = prepare(database, settings, everywhere, record)
    answers = Answers(one.seen, one.open, one.open, one.office, "", one.sign, "đi học")
    _record, made = extract_called(
        database, everywhere, certify(database, settings, everywhere, record, answers)
    )
    cells = [cell for block in made.blocks for row in block.rows for cell in row]
    assert [cell.text for cell in cells if cell.key == "noiDangKy"] == ["Kẻ Vọng Nguyệt Xa"]
    assert made.office == "Ủy ban nhân dân Kẻ Vọng Nguyệt Xa" and made.number is None


def test_a_death_has_its_own_paper_with_the_date_in_words(
    database: Database, settings: Settings
) -> None:
    record = f"{DEATHS.accession}/1/-/1"
    one = prepare(database, settings, OFFICER, record)
    nothing = Answers(one.seen, frozenset(), frozenset(), one.office, "3", one.sign, "thừa kế")
    with pytest.raises(OpenFieldsError) as left:
        certify(database, settings, OFFICER, record, nothing)
    assert {"nktHoTen", "nktNgayChet"} <= set(left.value.keys)
    answers = replace(nothing, right=one.open, blank=one.open)
    _record, made = extract_called(
        database, OFFICER, certify(database, settings, OFFICER, record, answers)
    )
    assert (made.title, made.sign, made.number) == ("TRÍCH LỤC KHAI TỬ", "TLKT-BS", 3)
    texts = [cell.text for block in made.blocks for row in block.rows for cell in row]
    assert "Lê Văn Sáu" in texts and "05/04/1990" in texts
    assert "ngày năm tháng tư năm một nghìn chín trăm chín mươi" in texts


def test_land_has_no_extract(database: Database, settings: Settings) -> None:
    with pytest.raises(MissingError):
        prepare(database, settings, OFFICER, f"{LAND.accession}/1/-/1")
