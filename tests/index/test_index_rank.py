import pytest

from pipeline.index.documents import document
from pipeline.index.query import parse
from pipeline.index.rank import rank
from pipeline.values import Book, Record
from tests.index.index_books import BIRTHS, DEATHS, MARRIAGES, PARCELS, birth, entry

LAN = birth(1, "Nguyễn Thị Lan", meHoTen="Trần Thị Hoà", chaHoTen="Nguyễn Văn Tám", so="45")


def best(text: str, *records: Record, book: Book = BIRTHS) -> list[int]:
    found = rank([parse(text)], [document(record, book) for record in records])
    return [int(item.document.id.split("/")[-1]) for item in found]


def test_the_why_names_fields_and_what_matched():
    scored = rank([parse("nguyen thi lan 1987 me tran thi hoa")], [document(LAN, BIRTHS)])[0]
    assert scored.why == (
        "họ tên: Nguyễn Thị Lan ~ nguyen thi lan",
        "mẹ: Trần Thị Hoà ~ tran thi hoa",
        "năm sinh 1987 đúng",
    )
    assert list(dict.fromkeys(mark.key for mark in scored.marks)) == [
        "nksHoTen", "meHoTen", "nksNgaySinh"
    ]  # fmt: skip
    assert scored.score == pytest.approx(1.0)
    assert scored.closeness == "exact"


def test_the_parts_that_match_are_marked_where_they_stand():
    scored = rank([parse("Lân thị 1988")], [document(birth(1, "Nguyễn Thị Lan"), BIRTHS)])[0]
    marked = {mark.text[mark.start : mark.end]: mark.exact for mark in scored.marks if mark.end}
    assert marked == {"Thị": True, "Lan": False}
    assert scored.closeness == "widened"


@pytest.mark.parametrize(
    ("text", "closeness"),
    [
        ("Nguyễn Thị Lan 1987", "exact"),
        ("nguyen thi lan 1987", "exact"),
        ("Nguyễn Thị Lân 1987", "spelling"),
        ("nguyen thi nan 1987", "spelling"),
        ("thi lan 1987", "spelling"),
        ("nguyen thi lam 1987", "misread"),
        ("lan thi nguyen 1987", "misread"),
        ("nguyen thi lan 1986", "widened"),
        ("nguyen thi lan 1987 me le thi mai", "widened"),
        ("khai tử nguyen thi lan 1987", "widened"),
    ],
)
def test_how_far_the_query_was_widened_is_told(text, closeness):
    assert rank([parse(text)], [document(LAN, BIRTHS)])[0].closeness == closeness


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Huỳnh Văn Phước", "hoàng văn phúc"),
        ("Võ Thị Sanh", "vũ thị sinh"),
        ("Ng. V. An", "nguyễn văn an"),
        ("Trg. Thị Hoa", "truong thi hoa"),
        ("Nguyễn Thị Xinh", "nguyễn thị sinh"),
    ],
)
def test_variants_of_regions_and_clerks_are_the_same_name_spelt_otherwise(written, wanted):
    scored = rank([parse(wanted)], [document(birth(1, written), BIRTHS)])[0]
    assert scored.closeness == "spelling"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("H'Lan Niê", "H’Lan Niê"),
        ("Y Bhiăng Niê Ê Đê", "y bhiang nie e de"),
        ("Ksor H'Nhi", "ksor h nhi"),
        ("K'Brếu", "k'breu"),
        ("Y Ayŭn Êban", "y ayun eban"),
        ("Thạch Sóc Kha", "thach soc kha"),
    ],
)
def test_names_of_other_peoples_are_found_as_people_type_them(written, wanted):
    assert rank([parse(wanted)], [document(birth(1, written), BIRTHS)])[0].closeness == "exact"


@pytest.mark.parametrize("wanted", ["ng_yễn thị lan", "nguyễn th* lan", "nguyễn thị [lt]an", "l*"])
def test_letters_that_are_left_open_fit(wanted):
    assert best(wanted, birth(1, "Nguyễn Thị Lan"), birth(2, "Vũ Đức")) == [1]


def test_an_age_is_compared_with_the_year_of_birth():
    dead = entry(DEATHS, 1, nktHoTen="Lê Văn An", nktNgaySinh="1920", nktNgayChet="1987-02-01")
    other = entry(DEATHS, 2, nktHoTen="Lê Văn An", nktNgaySinh="1950", nktNgayChet="1987-02-01")
    assert best("le van an 67 tuổi 1987", other, dead, book=DEATHS) == [1, 2]


def test_a_whole_date_tells_two_of_one_name_and_year_apart():
    found = [birth(1, "Lê Lan", "1987-05-02"), birth(2, "Lê Lan", "1987-03-08")]
    assert best("le lan 8/3/1987", *found) == [2, 1]


def test_marks_count_when_they_are_typed():
    others = [birth(1, "Nguyễn Thị Lân"), birth(2, "Nguyễn Thị Lan")]
    assert best("Nguyễn Thị Lan", *others) == [2, 1]
    assert best("nguyen thi lan", *others) == [1, 2]  # equals, in the order of their ids


@pytest.mark.parametrize(
    "text, order",
    [
        ("nguyen thi lan 1987", [1, 3, 2]),
        ("nguyen thi lan 1997", [2, 1]),
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


def test_an_announced_place_tells_books_apart():
    here, there = document(LAN, BIRTHS), document(LAN, PARCELS)
    assert rank([parse("lan xã Vân Trung")], [there, here])[0].document == here


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
