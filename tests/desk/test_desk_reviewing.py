"""Records are decided: nobody's work is lost, nothing counts twice, readers do not peek."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.desk.archive import open_archive
from pipeline.desk.entries import entry_picture
from pipeline.desk.finding import search
from pipeline.desk.reviewing import (
    Answer,
    FieldConflict,
    Sheet,
    SheetField,
    accept_record,
    decide,
    field_picture,
    next_record,
    open_sheet,
    queue,
    suggestions,
    undo,
)
from pipeline.errors import MissingError, RightsError, UsageError
from pipeline.flow.reviewing import told_rules
from pipeline.review.rules import ReviewRules
from pipeline.settings import Settings, load_settings
from pipeline.store.database import Database
from pipeline.store.review import Review
from pipeline.values import Asker, Doubt, Rights
from tests.reviewing_archive import BOOK, OTHER, entry, make_archive

THU, HOA, BINH = Asker("thu"), Asker("hoa"), Asker("binh")
NOT_BLIND = ReviewRules(blind_share=0.0)
DOUBTFUL = entry(BOOK, 3, nksHoTen=("Nguyễn Văn Bìm", 0.4), meHoTen=("Trần Thị Hoa", 0.8))
TICK = entry(BOOK, 2, nksGioiTinh=("1", 0.5))
SURE = entry(BOOK, 1)
ODD = entry(BOOK, 4, (Doubt("", "serial_gap"),))
ROWS = [SURE, TICK, DOUBTFUL, ODD]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path, "thu")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    made = make_archive(settings, {BOOK: ROWS, OTHER: [entry(OTHER, 1, so=("7", 0.9))]})
    set_rules(made, NOT_BLIND)
    yield made
    made.close()


def set_rules(database: Database, rules: ReviewRules) -> None:
    review = Review(database)
    with database.write() as connection:
        review.keep_rules(connection, told_rules(rules))
    queue(database, THU)


def field(sheet: Sheet, key: str) -> SheetField:
    return next(one for one in sheet.fields if one.key == key)


def answer(sheet: Sheet, key: str, text: str, **more: str) -> Answer:
    return Answer(sheet.record, key, text=text, base=field(sheet, key).base, **more)


def say(
    database: Database, settings: Settings, who: Asker, sheet: Sheet, key: str, text: str
) -> Sheet:
    return decide(database, settings, who, answer(sheet, key, text))


# Order


def test_the_record_where_most_may_be_wrong_comes_first(database: Database) -> None:
    assert next_record(database, THU) == DOUBTFUL.id
    assert next_record(database, THU, after=DOUBTFUL.id) == TICK.id  # as likely wrong, matters less
    assert next_record(database, THU, OTHER.accession) == f"{OTHER.accession}/1/-/1"


def test_what_is_sure_waits_for_nobody(database: Database) -> None:
    one, _other = queue(database, THU)
    assert (one.book, one.records, one.done) == (BOOK, 4, 1)
    assert (one.waiting, one.fields) == ((3, 0, 0), (4, 0, 0))


def test_another_person_gets_the_next_record_until_the_lease_falls(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_sheet(database, THU, DOUBTFUL.id)
    assert next_record(database, HOA, BOOK.accession) == TICK.id
    assert next_record(database, THU, BOOK.accession) == DOUBTFUL.id
    assert open_sheet(database, HOA, DOUBTFUL.id).held_by == "thu"  # leased, not locked
    later = time.time() + 60 * NOT_BLIND.lease_minutes + 1
    monkeypatch.setattr("time.time", lambda: later)
    assert next_record(database, HOA, BOOK.accession) == DOUBTFUL.id


def test_who_opens_the_next_record_lets_the_last_one_go(database: Database) -> None:
    open_sheet(database, THU, DOUBTFUL.id)
    open_sheet(database, THU, TICK.id)
    assert next_record(database, HOA, BOOK.accession) == DOUBTFUL.id


def test_what_a_person_may_not_see_does_not_exist(database: Database, settings: Settings) -> None:
    ward = Asker("mai", "", Rights(places=frozenset({OTHER.place})))
    assert [one.book for one in queue(database, ward)] == [OTHER]
    assert next_record(database, ward) == f"{OTHER.accession}/1/-/1"
    for look in (
        lambda: next_record(database, ward, BOOK.accession),
        lambda: open_sheet(database, ward, SURE.id),
        lambda: open_sheet(database, ward, "none/1/-/1"),
        lambda: decide(database, settings, ward, Answer(SURE.id, "so", text="1")),
        lambda: suggestions(database, ward, SURE.id, "nksHoTen", "Ngu"),
        lambda: entry_picture(database, settings, ward, SURE.id),
        lambda: field_picture(database, settings, ward, SURE.id, "so"),
    ):
        with pytest.raises(MissingError):
            look()


def test_sensitive_fields_are_for_those_who_may_see_them(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    clerk = Asker("mai", "", Rights(sensitive=False))
    rules = replace(NOT_BLIND, twice=("nksDanToc",))
    set_rules(database, rules)
    assert "nksDanToc" not in [one.key for one in open_sheet(database, clerk, SURE.id).fields]
    seen = set()
    record = next_record(database, clerk, BOOK.accession)
    while record and record not in seen:
        seen.add(record)
        sheet = open_sheet(database, clerk, record)
        accept_record(database, settings, clerk, record, answers_of(sheet))
        record = next_record(database, clerk, BOOK.accession)
    assert record == ""  # what is left of them is for others
    assert next_record(database, THU, BOOK.accession)
    with pytest.raises(MissingError):
        decide(database, settings, clerk, Answer(SURE.id, "nksDanToc", text="Kinh"))
    with pytest.raises(MissingError):
        field_picture(database, settings, clerk, SURE.id, "nksDanToc")


def answers_of(sheet: Sheet) -> list[Answer]:
    told = [Answer(sheet.record, one.key, text=one.text, base=one.base) for one in sheet.fields]
    return [*told, *([Answer(sheet.record, "", base=sheet.whole_base)] if sheet.whole else [])]


# Deciding


def test_a_correction_stands_in_search_and_is_logged(
    database: Database, settings: Settings
) -> None:
    sheet = open_sheet(database, THU, DOUBTFUL.id)
    after = say(database, settings, THU, sheet, "nksHoTen", "Nguyễn Văn Bình")
    assert (field(after, "nksHoTen").text, field(after, "nksHoTen").is_done) == (
        "Nguyễn Văn Bình",
        True,
    )
    [decision] = database.decisions(BOOK.accession)
    assert (decision.act, decision.value, decision.shown, decision.base) == (
        "correct",
        "Nguyễn Văn Bình",
        "Nguyễn Văn Bìm",
        0,
    )
    hit = search(database, settings, THU, "nguyen van binh 1987", 5).hits[0]
    assert (hit.record.id, hit.reviewed) == (DOUBTFUL.id, {"nksHoTen"})


def test_a_field_left_as_it_is_was_accepted(database: Database, settings: Settings) -> None:
    sheet = open_sheet(database, THU, TICK.id)
    assert field(sheet, "nksGioiTinh").text == "Nam"
    after = say(database, settings, THU, sheet, "nksGioiTinh", "Nam")
    assert field(after, "nksGioiTinh").is_done
    [decision] = database.decisions(BOOK.accession)
    assert (decision.act, decision.value) == ("accept", "1")
    assert next_record(database, THU, BOOK.accession) == DOUBTFUL.id


@pytest.mark.parametrize(
    ("key", "text", "value", "raw"),
    [
        ("nksNgaySinh", "8/3/1987", "1987-03-08", ""),
        ("nksNgaySinh", "_/3/1987", "", "_/3/1987"),
        ("nksGioiTinh", "Nữ", "2", ""),
        ("nksHoTen", "Ksor H'Bli̇̆", "Ksor H'Bli̇̆", ""),
        ("nksHoTen", "Y  Bhiăng Êban", "Y Bhiăng Êban", ""),
        ("nksHoTen", "Nguyễn V_n [AE]n", "Nguyễn V_n [AE]n", "Nguyễn V_n [AE]n"),
        ("meHoTen", "ng. th. lan", "ng. th. lan", ""),
    ],
)
def test_what_is_typed_is_kept_as_typed_and_understood_where_it_can_be(
    database: Database, settings: Settings, key: str, text: str, value: str, raw: str
) -> None:
    sheet = open_sheet(database, THU, DOUBTFUL.id)
    after = say(database, settings, THU, sheet, key, text)
    [decision] = database.decisions(BOOK.accession)
    assert (decision.value, decision.raw) == (value, raw)
    assert field(after, key).is_done


def test_brackets_that_tell_of_no_letters_are_refused(
    database: Database, settings: Settings
) -> None:
    sheet = open_sheet(database, THU, DOUBTFUL.id)
    for text in ("Nguyễn [", "Nguyễn [A]n", "]A[", "a\x00b", "a" * 3000):
        with pytest.raises(UsageError):
            say(database, settings, THU, sheet, "nksHoTen", text)
    assert database.decisions(BOOK.accession) == []


def test_ditto_takes_what_stands_above_and_unreadable_leaves_it_open(
    database: Database, settings: Settings
) -> None:
    above = open_sheet(database, THU, TICK.id)
    say(database, settings, THU, above, "meHoTen", "Đặng Thị Bưởi")
    sheet = open_sheet(database, THU, DOUBTFUL.id)
    base = field(sheet, "meHoTen").base
    after = decide(database, settings, THU, Answer(sheet.record, "meHoTen", "ditto", base=base))
    assert field(after, "meHoTen").text == "Đặng Thị Bưởi"
    after = decide(database, settings, THU, Answer(sheet.record, "nksHoTen", "unreadable"))
    assert field(after, "nksHoTen").is_unreadable
    assert field(after, "nksHoTen").is_done
    first = open_sheet(database, THU, SURE.id)
    with pytest.raises(UsageError):
        decide(database, settings, THU, Answer(first.record, "meHoTen", "ditto"))


def test_the_same_form_sent_twice_decides_once(database: Database, settings: Settings) -> None:
    sheet = open_sheet(database, THU, DOUBTFUL.id)
    told = answer(sheet, "nksHoTen", "Nguyễn Văn Bình", token="t1")
    once = decide(database, settings, THU, told)
    assert decide(database, settings, THU, told) == once
    assert len(database.decisions(BOOK.accession)) == 1


def test_two_people_at_once_both_see_what_was_typed(database: Database, settings: Settings) -> None:
    mine, theirs = (open_sheet(database, who, DOUBTFUL.id) for who in (THU, HOA))
    say(database, settings, HOA, theirs, "nksHoTen", "Nguyễn Văn Bình")
    with pytest.raises(FieldConflict) as raised:
        say(database, settings, THU, mine, "nksHoTen", "Nguyễn Văn Bính")
    assert (raised.value.mine, raised.value.theirs) == ("Nguyễn Văn Bính", "Nguyễn Văn Bình")
    again = open_sheet(database, THU, DOUBTFUL.id)
    say(database, settings, THU, again, "nksHoTen", "Nguyễn Văn Bính")
    values = [one.value for one in database.decisions(BOOK.accession)]
    assert values == ["Nguyễn Văn Bình", "Nguyễn Văn Bính"]


def test_a_record_is_accepted_as_it_stands(database: Database, settings: Settings) -> None:
    sheet = open_sheet(database, THU, ODD.id)
    assert sheet.whole
    told = answers_of(sheet)
    after = accept_record(database, settings, THU, ODD.id, told)
    assert not after.whole
    assert next_record(database, THU, BOOK.accession) != ODD.id
    assert [one.act for one in database.decisions(BOOK.accession)] == ["seen"]
    sheet = open_sheet(database, THU, DOUBTFUL.id)
    accept_record(database, settings, THU, DOUBTFUL.id, answers_of(sheet))
    assert [one.key for one in database.decisions(BOOK.accession)[1:]] == ["nksHoTen", "meHoTen"]


def test_undo_goes_back_over_records_one_decision_at_a_time(
    database: Database, settings: Settings
) -> None:
    one = open_sheet(database, THU, DOUBTFUL.id)
    one = say(database, settings, THU, one, "nksHoTen", "Nguyễn Văn Bình")
    say(database, settings, THU, one, "nksHoTen", "Nguyễn Văn Bính")
    two = open_sheet(database, THU, TICK.id)
    say(database, settings, THU, two, "nksGioiTinh", "Nữ")
    told = []
    while undone := undo(database, settings, THU):
        sheet, key = undone
        told.append((sheet.record, field(sheet, key).text, field(sheet, key).asked))
    assert told == [
        (TICK.id, "Nam", True),
        (DOUBTFUL.id, "Nguyễn Văn Bình", False),
        (DOUBTFUL.id, "Nguyễn Văn Bìm", True),
    ]
    assert len(database.decisions(BOOK.accession)) == 6  # appended, nothing was taken away
    assert database.decided([DOUBTFUL.id, TICK.id]) == {}
    assert undo(database, settings, HOA) is None


def test_what_another_decided_since_is_not_taken_back(
    database: Database, settings: Settings
) -> None:
    sheet = open_sheet(database, THU, DOUBTFUL.id)
    sheet = say(database, settings, THU, sheet, "nksHoTen", "Nguyễn Văn Bình")
    say(database, settings, HOA, sheet, "nksHoTen", "Nguyễn Văn Bính")
    with pytest.raises(FieldConflict):
        undo(database, settings, THU)


# Second readers, and fields that are read blind


@pytest.fixture
def twice(database: Database) -> Database:
    set_rules(database, replace(NOT_BLIND, twice=("nksHoTen",)))
    return database


def test_the_second_reader_sees_no_reading_and_agreement_closes(
    twice: Database, settings: Settings
) -> None:
    first = open_sheet(twice, THU, DOUBTFUL.id)
    after = say(twice, settings, THU, first, "nksHoTen", "Nguyễn Văn Bình")
    assert not field(after, "nksHoTen").asked
    say(twice, settings, THU, after, "meHoTen", "Trần Thị Hoa")
    assert next_record(twice, THU, BOOK.accession) != DOUBTFUL.id
    second = open_sheet(twice, HOA, DOUBTFUL.id)
    name = field(second, "nksHoTen")
    assert (name.asked, name.is_blind, name.text, name.others, name.readings) == (
        True, True, "", (), (),
    )  # fmt: skip
    done = say(twice, settings, HOA, second, "nksHoTen", "Nguyễn  Văn Bình")
    assert field(done, "nksHoTen").is_done
    assert twice.decided([DOUBTFUL.id])[DOUBTFUL.id]["nksHoTen"].person == "thu"


def test_of_two_that_differ_a_third_decides_who_sees_both(
    twice: Database, settings: Settings
) -> None:
    say(twice, settings, THU, open_sheet(twice, THU, DOUBTFUL.id), "nksHoTen", "Nguyễn Văn Bình")
    say(twice, settings, HOA, open_sheet(twice, HOA, DOUBTFUL.id), "nksHoTen", "Nguyễn Văn Bính")
    for who in (THU, HOA):
        sheet = open_sheet(twice, who, DOUBTFUL.id)
        assert not field(sheet, "nksHoTen").asked
        with pytest.raises(RightsError):
            say(twice, settings, who, sheet, "nksHoTen", "Nguyễn Văn Bin")
    sheet = open_sheet(twice, BINH, DOUBTFUL.id)
    name = field(sheet, "nksHoTen")
    assert name.asked
    assert [one.text for one in name.readings] == ["Nguyễn Văn Bình", "Nguyễn Văn Bính"]
    done = say(twice, settings, BINH, sheet, "nksHoTen", "Nguyễn Văn Bính")
    assert field(done, "nksHoTen").is_done
    assert field(done, "nksHoTen").text == "Nguyễn Văn Bính"
    with twice.read() as connection:
        told = {
            one.person: one.overturned
            for one in Review(twice).people(connection, [BOOK.accession], 300)
        }
    assert told == {"thu": 1, "hoa": 0, "binh": 0}


def test_two_second_readers_at_once_do_not_see_each_other(
    twice: Database, settings: Settings
) -> None:
    say(twice, settings, THU, open_sheet(twice, THU, DOUBTFUL.id), "nksHoTen", "Nguyễn Văn Bình")
    one, other = (open_sheet(twice, who, DOUBTFUL.id) for who in (HOA, BINH))
    say(twice, settings, HOA, one, "nksHoTen", "Nguyễn Văn Bình")
    with pytest.raises(FieldConflict):
        say(twice, settings, BINH, other, "nksHoTen", "Nguyễn Văn Bin")


def test_a_sure_field_read_blind_measures_machine_and_reader(
    database: Database, settings: Settings
) -> None:
    set_rules(database, replace(NOT_BLIND, blind_share=1.0))
    sheet = open_sheet(database, THU, SURE.id)
    assert all(one.asked and one.is_blind and not one.text for one in sheet.fields)
    untouched = accept_record(database, settings, THU, SURE.id, answers_of(sheet))
    assert untouched == sheet  # nothing was typed, so nothing was read
    sheet = say(database, settings, THU, sheet, "meHoTen", "Trần Thị Hòa")
    assert field(sheet, "meHoTen").is_done
    sheet = say(database, settings, THU, sheet, "chaHoTen", "Nguyễn Đình Bao")
    assert not field(sheet, "chaHoTen").is_done
    with database.read() as connection:  # who was wrong, nobody knows yet
        assert Review(database).blind(connection, 0.95) == {BOOK.accession: (1, 0)}
    settling = open_sheet(database, HOA, SURE.id)
    assert [one.text for one in field(settling, "chaHoTen").readings] == [
        "Nguyễn Đình Bao",
        "Nguyễn Đình Bảo",
    ]
    say(database, settings, HOA, settling, "chaHoTen", "Nguyễn Đình Bảo")
    with database.read() as connection:
        assert Review(database).blind(connection, 0.95) == {BOOK.accession: (2, 0)}


# Suggestions and pictures


def test_the_books_own_names_come_first_and_nothing_typed_is_changed(database: Database) -> None:
    told = suggestions(database, THU, SURE.id, "meHoTen", "tran thi h")
    assert told[0] == "Trần Thị Hòa"
    assert suggestions(database, THU, SURE.id, "nksHoTen", "Ksor H'Bli") == []
    assert "Rơ Châm" in suggestions(database, THU, SURE.id, "nksHoTen", "Rơ C")
    assert suggestions(database, THU, SURE.id, "nksGioiTinh", "n") == ["Nam", "Nữ"]
    assert suggestions(database, THU, SURE.id, "nksHoTen", "  ") == []


def test_pictures_are_parts_of_the_page_made_anew(database: Database, settings: Settings) -> None:
    sheet = open_sheet(database, THU, DOUBTFUL.id)
    record = decoded(entry_picture(database, settings, THU, DOUBTFUL.id))
    assert record.shape[1] > 1260
    left, top, width, height = field(sheet, "nksHoTen").place
    own = record[
        round(top * record.shape[0]) : round((top + height) * record.shape[0]),
        round(left * record.shape[1]) : round((left + width) * record.shape[1]),
    ]
    enlarged = decoded(field_picture(database, settings, THU, DOUBTFUL.id, "nksHoTen"))
    shrunk = cv2.resize(enlarged, None, fx=1 / 1.6, fy=1 / 1.6)
    found = cv2.matchTemplate(shrunk, own[6:-6, 6:-6], cv2.TM_CCOEFF_NORMED)
    assert found.max() > 0.9


def decoded(coded: bytes) -> np.ndarray:
    assert coded[:3] == b"\xff\xd8\xff"  # a JPEG, whatever the master is
    return cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_GRAYSCALE)


def test_reading_a_book_again_keeps_what_people_decided(
    database: Database, settings: Settings
) -> None:
    say(database, settings, THU, open_sheet(database, THU, TICK.id), "nksGioiTinh", "Nữ")
    database.close()
    again = open_archive(settings)
    assert field(open_sheet(again, THU, TICK.id), "nksGioiTinh").text == "Nữ"
    again.close()
