"""Who signs sees what is done and what may be wrong; a lot stands or falls by its sample."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.desk.archive import open_archive, verify_books
from pipeline.desk.lots import draw_lot, judge, lot_called, lots, settle
from pipeline.desk.overseeing import (
    current_rules,
    fixity,
    overview,
    preview,
    save_rules,
    try_again,
    work,
)
from pipeline.desk.reviewing import Answer, decide, next_record, open_sheet, queue, undo
from pipeline.errors import ConflictError, MissingError, UsageError
from pipeline.review.rules import ReviewRules
from pipeline.review.sampling import draw
from pipeline.settings import Settings, load_settings
from pipeline.store import chain
from pipeline.store.database import Database
from pipeline.store.review import COUNTED, BookSums, Review
from pipeline.values import Asker, Rights
from tests.reviewing_archive import BOOK, KEYS, OTHER, doubtful, make_archive

THU, HOA = Asker("thu"), Asker("hoa")
WARD = Asker("mai", "", Rights(places=frozenset({OTHER.place})))
RULES = ReviewRules(blind_share=0.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path, "thu")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    books = {replace(BOOK, pages=3): doubtful(BOOK, 20), OTHER: doubtful(OTHER, 4)}
    made = make_archive(settings, books)
    save_rules(made, THU, RULES)
    yield made
    made.close()


def review_all(database: Database, settings: Settings, accession: str) -> None:
    while record := next_record(database, THU, accession):
        for field in open_sheet(database, THU, record).fields:
            if field.asked:
                told = Answer(record, field.key, text=field.text, base=field.base, keys=2)
                decide(database, settings, THU, told)


def test_a_books_line_says_what_is_there_what_waits_and_what_may_be_wrong(
    database: Database, settings: Settings
) -> None:
    seen = overview(database, settings, THU)
    line = seen.books[0]
    assert (line.pages, line.unread, line.expected) == (1, 1, 3)
    assert (line.records, line.accepted, line.waiting, line.fields) == (20, 10, (10, 0, 0), 10)
    assert line.left.fields == 20 * len(KEYS) - 10
    assert line.left.expected == pytest.approx(130 * 0.01)
    assert line.left.low < line.left.expected < line.left.high
    review_all(database, settings, BOOK.accession)
    line = overview(database, settings, THU).books[0]
    assert (line.accepted, line.waiting, line.fields) == (20, (0, 0, 0), 0)
    assert line.left.fields == 130


def test_people_are_told_by_name_with_what_it_took(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_800_000_000.0]
    monkeypatch.setattr("time.time", lambda: clock.__setitem__(0, clock[0] + 12) or clock[0])
    review_all(database, settings, BOOK.accession)
    seen = overview(database, settings, THU)
    [line] = seen.people
    assert (line.person, line.fields, line.keys, line.overturned) == ("thu", 10, 2.0, 0.0)
    assert line.an_hour and 50 < line.an_hour < 200
    assert seen.forecast.hours is not None
    [point] = seen.bins
    assert (point.told, point.right, point.fields) == (0.5, 1.0, 10)


def test_who_may_see_one_ward_sees_its_numbers_alone(
    database: Database, settings: Settings
) -> None:
    review_all(database, settings, BOOK.accession)
    seen = overview(database, settings, WARD)
    assert [line.book for line in seen.books] == [OTHER]
    assert (seen.total.records, seen.people, seen.bins) == (4, (), ())
    for look in (
        lambda: draw_lot(database, WARD, BOOK.accession, "II", "1.0"),
        lambda: try_again(database, WARD, BOOK.accession),
        lambda: lot_called(database, WARD, 1),
    ):
        with pytest.raises(MissingError):
            look()


def test_what_thresholds_would_change_is_told_before_they_are_saved(database: Database) -> None:
    now = preview(database, current_rules(database))
    assert (now.fields, now.asked, now.unseen) == (168, 12, 156)
    assert now.wrong == pytest.approx(1.56)
    strict = replace(RULES, sure=0.995)
    assert preview(database, strict).asked == 168
    assert current_rules(database) == RULES
    save_rules(database, THU, strict)
    assert current_rules(database) == strict
    assert sum(sum(one.fields) for one in queue(database, THU)) == 168
    with database.read() as connection:
        [_first, last] = chain.events(connection, kind="rules.changed")
    assert (last.person, last.told["sure"]) == ("thu", 0.995)


@pytest.mark.parametrize(
    "rules",
    [
        ReviewRules(sure=0.2),
        ReviewRules(sure=1.5),
        ReviewRules(blind_share=0.9),
        ReviewRules(lease_minutes=0),
        ReviewRules(twice=("nothing",)),
    ],
)
def test_rules_out_of_range_are_refused(database: Database, rules: ReviewRules) -> None:
    with pytest.raises(UsageError):
        save_rules(database, THU, rules)
    assert current_rules(database) == RULES


# Lots


def test_a_lot_is_what_is_done_and_its_sample_can_be_drawn_again(
    database: Database, settings: Settings
) -> None:
    number = draw_lot(database, THU, BOOK.accession, "II", "6.5")
    lot = lot_called(database, THU, number).lot
    assert len(lot.records) == 10  # of twenty, ten are done
    assert (lot.letter, len(lot.sample), lot.accept) == ("A", 2, 0)
    assert list(lot.sample) == draw(lot.records, 2, lot.seed)
    with pytest.raises(UsageError):  # they are in a lot already
        draw_lot(database, THU, BOOK.accession, "II", "6.5")
    review_all(database, settings, BOOK.accession)
    second = draw_lot(database, THU, BOOK.accession, "II", "6.5", seed="told")
    assert lot_called(database, THU, second).lot.seed == "told"
    assert [one.number for one in lots(database, THU)] == [second, number]
    for level, aql in (("IV", "1.0"), ("II", "2")):
        with pytest.raises(UsageError):
            draw_lot(database, THU, OTHER.accession, level, aql)


def test_a_lot_whose_sample_is_right_is_accepted(database: Database) -> None:
    number = draw_lot(database, HOA, BOOK.accession, "II", "6.5")
    one, other = lot_called(database, HOA, number).lot.sample
    judge(database, HOA, number, one, ["so"], "nhìn nhầm")
    judge(database, HOA, number, one, [])
    with pytest.raises(UsageError):
        settle(database, HOA, number)  # the other was not looked at
    judge(database, HOA, number, other, [])
    assert settle(database, HOA, number).state == "accepted"
    for act in (
        lambda: settle(database, HOA, number),
        lambda: judge(database, HOA, number, one, []),
    ):
        with pytest.raises(ConflictError):
            act()


def test_a_returned_lot_comes_back_to_the_desk_with_what_was_wrong(
    database: Database, settings: Settings
) -> None:
    review_all(database, settings, BOOK.accession)
    number = draw_lot(database, HOA, BOOK.accession, "II", "6.5")
    lot = lot_called(database, HOA, number).lot
    assert (len(lot.records), len(lot.sample)) == (20, 8)
    for record in lot.sample:
        judge(database, HOA, number, record, ["meHoTen"], "sai tên mẹ")
    with pytest.raises(UsageError):
        judge(database, HOA, number, lot.sample[0], ["nothing"])
    with pytest.raises(UsageError):
        judge(database, HOA, number, f"{BOOK.accession}/1/-/99", [])
    assert settle(database, HOA, number).state == "returned"
    [line, _other] = queue(database, THU)
    # ten doubtful names are asked again, and the eight that were found wrong
    assert line.fields == (18, 0, 0)
    sheet = open_sheet(database, THU, lot.sample[0])
    assert [one.key for one in sheet.fields if one.asked and one.key == "meHoTen"]
    review_all(database, settings, BOOK.accession)
    assert draw_lot(database, HOA, BOOK.accession, "II", "6.5") > number


def test_the_log_bears_witness_to_lots(database: Database) -> None:
    number = draw_lot(database, HOA, BOOK.accession, "II", "6.5")
    review = Review(database)

    def breaks() -> list[str]:
        with database.read() as connection:
            found = {"lot": list(review.contents(connection))}
            return [one.what for one in chain.find_breaks(connection, found)]

    assert breaks() == []
    with database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE review_lot SET card = replace(card, 'drawn', 'accepted')"
        )
    assert breaks() == ["changed"]
    assert number


@pytest.mark.parametrize("twice", [(), ("nksHoTen", "nksDanToc")])
def test_the_sums_of_books_follow_every_answer(
    database: Database, settings: Settings, twice: tuple[str, ...]
) -> None:
    save_rules(database, THU, replace(RULES, sure=0.995, twice=twice))
    review = Review(database)

    def check() -> dict[str, BookSums]:
        with database.read() as connection:
            kept = connection.exec_driver_sql("SELECT * FROM review_sums ORDER BY accession").all()
            counted = connection.exec_driver_sql(f"{COUNTED} ORDER BY 1").all()
            assert [tuple(row)[1:] for row in kept] == [
                pytest.approx(tuple(row)[1:], abs=1e-9) for row in counted
            ]
            return review.sums(connection)

    for person in (THU, HOA):
        for _record in range(6):
            sheet = open_sheet(database, person, next_record(database, person, BOOK.accession))
            for field in sheet.fields[:4]:
                text = field.text if person is THU else f"{field.text}x"
                told = Answer(sheet.record, field.key, text=text, base=field.base)
                decide(database, settings, person, told)
                check()
    undo(database, settings, HOA)
    before = check()
    assert before[BOOK.accession].waiting and before[BOOK.accession].records == 20
    with database.write() as connection:  # an archive from before there were sums
        connection.exec_driver_sql("DROP TABLE review_sums")
    with closing(open_archive(settings)) as again:
        older = Review(again)
        with again.read() as connection:
            after = older.sums(connection)[BOOK.accession]
        assert (after.done, after.waiting) == (
            before[BOOK.accession].done,
            before[BOOK.accession].waiting,
        )


# The archive


def test_when_packages_were_last_verified_is_told(database: Database, settings: Settings) -> None:
    assert [one.time for one in fixity(database, THU)] == ["", ""]
    verify_books(database, settings, [BOOK.accession])
    first, second = fixity(database, THU)
    assert (bool(first.time), first.differences > 0, second.time) == (True, True, "")


def test_failed_pages_are_told_and_can_be_tried_again(
    database: Database, settings: Settings
) -> None:
    [page] = database.pages(BOOK.accession)
    database.keep_failure(page, "ReadingError", "máy đọc hỏng")
    [failed] = [one for one in work(database, settings, THU).books if one.failed]
    assert (failed.book.accession, failed.failed) == (BOOK.accession, ((1, "máy đọc hỏng"),))
    assert not any(one.failed for one in work(database, settings, WARD).books)
    assert overview(database, settings, THU).total.failed == 1
    assert try_again(database, WARD) == 0
    assert try_again(database, THU, BOOK.accession) == 1
    assert not any(one.failed for one in work(database, settings, THU).books)
    assert overview(database, settings, THU).free > 0
