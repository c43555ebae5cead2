import pytest

from pipeline.index.documents import document
from pipeline.index.query import parse
from pipeline.index.rank import rank
from pipeline.values import Book, Record
from tests.index.index_books import BIRTHS, MARRIAGES, PARCELS, birth, entry

LAN = birth(1, "Nguyễn Thị Lan", meHoTen="Trần Thị Hoà", chaHoTen="Nguyễn Văn Tám", so="45")


def best(text: str, *records: Record, book: Book = BIRTHS) -> list[int]:
    found = rank(parse(text), [document(record, book) for record in records])
    return [int(item.document.id.split("/")[-1]) for item in found]


def test_the_why_names_fields_and_what_matched():
    scored = rank(parse("nguyen thi lan 1987 me tran thi hoa"), [document(LAN, BIRTHS)])[0]
    assert scored.why == (
        "họ tên: Nguyễn Thị Lan ~ nguyen thi lan",
        "mẹ: Trần Thị Hoà ~ tran thi hoa",
        "năm sinh 1987 đúng",
    )
    assert scored.matched == ("nksHoTen", "meHoTen", "nksNgaySinh")
    assert scored.score == pytest.approx(1.0)


def test_marks_count_when_they_are_typed():
    others = [birth(1, "Nguyễn Thị Lân"), birth(2, "Nguyễn Thị Lan")]
    assert best("Nguyễn Thị Lan", *others) == [2, 1]
    assert best("nguyen thi lan", *others) == [1, 2]  # equals, in the order of their ids


@pytest.mark.parametrize(
    "text, order",
    [
        ("nguyen thi lan 1987", [1, 3, 2]),
        ("nguyen thi lan 1997", [2, 1, 3]),
        ("nguyen thi lan", [1, 2, 3]),
    ],
)
def test_the_right_year_comes_first(text, order):
    found = [birth(1, "Nguyễn Thị Lan"), birth(2, "Nguyễn Thị Lan", "1997")]
    assert best(text, *found, birth(3, "Nguyễn Thị Lam")) == order


def test_parts_in_another_order_are_the_same_name_but_later():
    assert best("lan nguyen thi", birth(1, "Nguyễn Thị Lan"), birth(2, "Lan Nguyễn Thị")) == [2, 1]


def test_the_shorter_name_fits_better_than_a_longer_one():
    assert best("le lan", birth(1, "Lê Lan Anh"), birth(2, "Lê Lan")) == [2, 1]


def test_a_parents_name_finds_the_child_after_people_of_that_name():
    assert best("tran thi hoa", LAN, birth(2, "Trần Thị Hoa")) == [2, 1]
    assert best("me tran thi hoa", LAN, birth(2, "Trần Thị Hoa")) == [1]


def test_other_names_and_other_numbers_are_no_answer():
    assert best("pham van duc", LAN) == []
    assert best("so 46", LAN) == []
    assert best("so 45", LAN) == [1]


def test_a_misread_letter_is_no_obstacle():
    assert best("nguyen thi lan 1987", birth(2, "Nguyẽn Thi Tam"), LAN) == [1, 2]
    assert best("nguyen thi lan 1987", birth(2, "Ngnyễn Thị Lan"), birth(3, "Vũ Đức")) == [2]


def test_swapped_letters_are_one_slip():
    others = [birth(2, "Trần Thị Hiền"), birth(3, "Trần Thị Hoè")]
    assert best("tran thi hein 1987", *others) == [2]


def test_a_well_known_mother_outweighs_a_misread_child():
    child = birth(2, "Nguyễn Thị Lna", meHoTen="Trần Thị Hoà")
    stranger = birth(3, "Phạm Đức Khuê", meHoTen="Trần Thị Hoà")
    assert best("nguyen thi lan 1987 me tran thi hoa", stranger, child)[0] == 2


def test_last_words_may_be_the_place():
    scored = rank(parse("nguyen thi lan me tran thi hoa van trung"), [document(LAN, BIRTHS)])[0]
    assert scored.score == pytest.approx(1.0)
    assert "nơi: xã Vân Trung, huyện Việt Yên" in scored.why


def test_an_announced_place_tells_books_apart():
    here, there = document(LAN, BIRTHS), document(LAN, PARCELS)
    assert rank(parse("lan xã Vân Trung"), [there, here])[0].document == here


def test_a_couple_is_found_from_either_side():
    couple = entry(MARRIAGES, 1, chongHoTen="Lê Văn An", voHoTen="Vũ Thị Mai", ngayDangKy="1990")
    for text in ("le van an vo vu thi mai", "vu thi mai chong le van an 1990", "vu thi mai 1990"):
        assert best(text, couple, book=MARRIAGES) == [1]


def test_a_birth_shows_the_parents_when_a_couple_is_asked_for():
    assert best("nguyen van tam vo tran thi hoa", LAN) == [1]


def test_a_parcel_is_found_by_its_numbers():
    parcels = [
        entry(PARCELS, row, thua_dat_so=parcel, to_ban_do_so="7", ten_nguoi_su_dung="Lê Văn A")
        for row, parcel in enumerate(("111", "112", "113"), start=1)
    ]
    assert best("thửa 112 tờ 7", *parcels, book=PARCELS)[0] == 2
    assert best("thửa 112 tờ 7 Tăng Tiến", *parcels, book=PARCELS)[0] == 2


def test_an_empty_query_has_no_answers():
    assert best("", LAN) == best("!!!", LAN) == []
