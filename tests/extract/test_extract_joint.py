"""Fields decoded over a book: what other entries say settles a doubt, and is told."""

from collections.abc import Sequence

import pytest
from extract_pages import box
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract import reasons
from pipeline.extract.form import load_forms
from pipeline.extract.joint import SUREST, choices_of, decode_book
from pipeline.settings import shipped
from pipeline.values import Alternative, Doubt, FieldValue, Record

BIRTHS = load_forms(shipped("schemas"))["birth_table"]
Readings = Sequence[tuple[str, float]]  # what a field may say, the reader's own choice first


def field(key: str, readings: Readings) -> FieldValue:
    (text, share), *others = readings
    offered = tuple(Alternative(other, part) for other, part in others)
    return FieldValue(key, text, text, share, 1, box(0, 0, 9, 9), alternatives=offered)


def record(row: int, **fields: Readings) -> Record:
    values = tuple(field(key, readings) for key, readings in fields.items())
    return Record(f"B/1/-/{row}", "birth_table", 1, None, row, box(0, 0, 99, 9), values)


def decoded(records: Sequence[Record], key: str) -> list[FieldValue]:
    book = decode_book(BIRTHS, records)
    return [next(one for one in entry.fields if one.key == key) for entry in book]


def serials(*readings: Readings) -> list[Record]:
    return [record(row, so=reading) for row, reading in enumerate(readings, 1)]


SURE = 0.97


def test_a_serial_that_its_neighbours_ask_for_becomes_the_value_and_says_so() -> None:
    book = serials([("11", SURE)], [("17", 0.6), ("12", 0.3)], [("13", SURE)])
    doubtful = decode_book(BIRTHS, book)[1]
    (serial,) = doubtful.fields
    assert serial.value == "12"
    assert serial.raw == "17", "what was read stays"
    assert serial.confidence > 0.9
    assert serial.alternatives[0].text == "17"
    assert doubtful.doubts == (Doubt("so", reasons.FROM_BOOK),)


def test_no_number_is_put_in_that_no_reader_saw() -> None:
    book = serials([("11", SURE)], [("17", 0.6)], [("13", SURE)])
    settled = decode_book(BIRTHS, book)[1]
    assert settled.fields[0].value == "17"
    assert settled.fields[0].confidence < 0.3, "but it is doubted"
    assert settled.doubts == ()


def test_a_clear_jump_stays() -> None:
    book = serials([("11", SURE)], [("40", SURE)], [("41", SURE)], [("42", SURE)])
    assert [one.value for one in decoded(book, "so")] == ["11", "40", "41", "42"]
    assert min(one.confidence for one in decoded(book, "so")) > 0.8


def test_serials_that_follow_grow_surer() -> None:
    book = serials([("11", 0.8)], [("12", 0.8)], [("13", 0.8)], [("14", 0.8)])
    assert all(one.confidence > 0.95 for one in decoded(book, "so"))


def test_a_date_that_would_fall_gives_way_to_one_that_does_not() -> None:
    days = ["1987-03-02", "1987-03-05", "1987-03-09", "1987-03-12"]
    book = [record(row, ngayDangKy=[(day, SURE)]) for row, day in enumerate(days, 1)]
    unsure = [("1987-08-05", 0.5), ("1987-03-05", 0.4)]
    book[1] = record(2, ngayDangKy=unsure)
    assert decoded(book, "ngayDangKy")[1].value == "1987-03-05"


def test_a_child_bears_its_fathers_name_or_another() -> None:
    doubtful = record(
        1, nksHoTen=[("Phan Văn An", 0.5), ("Phạm Văn An", 0.4)], chaHoTen=[("Phạm Văn Ba", SURE)]
    )
    assert decoded([doubtful], "nksHoTen")[0].value == "Phạm Văn An"
    clear = record(1, nksHoTen=[("Lê Văn An", SURE)], chaHoTen=[("Phạm Văn Ba", SURE)])
    assert decoded([clear], "nksHoTen")[0].value == "Lê Văn An"
    assert decoded([clear], "nksHoTen")[0].confidence > 0.7


def test_who_declares_a_child_is_mostly_its_parent() -> None:
    entry = record(
        1,
        meHoTen=[("Trần Thị Dậu", 0.8)],
        nycHoTen=[("Trần Thị Lậu", 0.55), ("Trần Thị Dậu", 0.3)],
    )
    assert decoded([entry], "nycHoTen")[0].value == "Trần Thị Dậu"


def test_hamlets_return() -> None:
    home = [("Vân Cốc, Vân Trung", SURE)]
    book = [record(row, meNoiCuTru=home) for row in range(1, 6)]
    book.append(record(6, meNoiCuTru=[("Vân Cóc, Vân Trung", 0.45), ("Vân Cốc, Vân Trung", 0.4)]))
    assert decoded(book, "meNoiCuTru")[-1].value == "Vân Cốc, Vân Trung"
    lone = [record(1, meNoiCuTru=[("Vân Cóc", 0.45), ("Vân Cốc", 0.4)])]
    assert decoded(lone, "meNoiCuTru")[0].value == "Vân Cóc"


def test_what_is_not_there_and_what_cannot_be_compared_says_nothing() -> None:
    assert decode_book(BIRTHS, []) == ()
    empty = record(1)
    unread = record(2, so=[("", 0.0)], ngayDangKy=[("1987", 0.9)])
    assert decode_book(BIRTHS, [empty, unread]) == (empty, unread)
    assert choices_of(None)[0].share == 1.0


readings = st.lists(
    st.tuples(st.sampled_from(["1", "2", "3", "7", "x", ""]), st.floats(0, 1)),
    min_size=1, max_size=4,
)  # fmt: skip


@given(st.lists(readings, max_size=6))
def test_only_what_was_read_becomes_a_value(book: list[list[tuple[str, float]]]) -> None:
    before = serials(*book)
    for old, new in zip(before, decode_book(BIRTHS, before), strict=True):
        (was,), (now,) = old.fields, new.fields
        seen = {was.value, *(one.text for one in was.alternatives)}
        assert now.value in seen
        assert 0 <= now.confidence <= max(SUREST, was.confidence)
        assert now.raw == was.raw
        assert (now.value != was.value) == (Doubt("so", reasons.FROM_BOOK) in new.doubts)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_shares_never_make_more_than_one(share: float) -> None:
    offered = choices_of(field("so", [("1", 1.0), ("2", share)]))
    assert sum(choice.share for choice in offered) == pytest.approx(1.0)
    assert offered[-1].share >= 1 - SUREST - 1e-9
