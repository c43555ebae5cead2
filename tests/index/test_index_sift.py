from pipeline.index.documents import document
from pipeline.index.query import parse
from pipeline.index.sift import sift, written
from pipeline.values import Alternative, FieldValue, Record
from tests.index.index_books import BIRTHS, birth


def order(text: str, *records: Record) -> list[int]:
    scores = sift([written(document(one, BIRTHS)) for one in records], parse(text))
    return sorted(range(len(records)), key=lambda at: (-scores[at], at))


def test_names_are_told_without_marks_whom_it_is_about_first():
    record = birth(1, "Nguyễn Thị Lan", meHoTen="Trần Thị Hoà", chaHoTen="Nguyễn Văn Quý")
    told = written(document(record, BIRTHS))
    assert told == "nguyen thi lan\ntran thi hoa|nguyen van qui"


def test_a_slip_costs_less_than_another_name_and_parts_not_asked_for_cost_something():
    names = ("Lê Văn Toàn", "Lê Văn Tuấn", "Lê Văn Văn Toàn", "Phạm Thị Hoa", "Lê Văn Oan")
    found = order("le van oan", *(birth(at, name) for at, name in enumerate(names)))
    assert found == [4, 0, 2, 1, 3]


def test_a_part_that_comes_twice_is_not_met_by_one():
    names = ("Nguyễn Văn Thuận", "Nguyễn Văn Văn")
    assert order("nguyen van van", *(birth(at, name) for at, name in enumerate(names))) == [1, 0]


def test_another_reading_of_a_name_is_as_good():
    other = Alternative("Nguyễn Thị Lan", 0.1)
    fields = (FieldValue("nksHoTen", "Ngnyễn Tj Lau", "", 0.4, 1, (), alternatives=(other,)),)
    doubtful = Record("B/1/-/2", "birth_table", 1, None, 2, (), fields)
    assert order("nguyen thi lan", birth(1, "Nguyễn Thị Lam"), doubtful) == [1, 0]


def test_a_mother_is_looked_for_among_the_others_first():
    mother = birth(1, "Lê Lan", meHoTen="Trần Thị Hoà")
    child = birth(2, "Trần Thị Hoà", meHoTen="Lê Thị Lan")
    assert order("lan me tran thi hoa", child, mother) == [1, 0]


def test_who_has_no_name_has_no_score():
    assert sift(["\n"], parse("nguyen thi lan"))[0] == 0
    assert len(sift([], parse("nguyen thi lan"))) == 0
