import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.index.keys import query_keys
from pipeline.index.query import Query, parse


def names(query: Query) -> dict[str, str]:
    return {name.role: " ".join(name.readings[0]) for name in query.names}


def test_the_whole_box_is_understood_without_marks():
    query = parse("khai sinh nguyen thi lan 1987 me tran thi hoa bo le van tam quyen 2 so 45")
    assert names(query) == {"": "nguyen thi lan", "mother": "tran thi hoa", "father": "le van tam"}
    assert (query.kind, query.years) == ("birth", (1987,))
    assert query.numbers == {"volume": "2", "number": "45"}
    assert not query.is_marked


@pytest.mark.parametrize(
    "text, numbers, years",
    [
        ("quyển 02/1987 số 45", {"volume": "2", "number": "45"}, (1987,)),
        ("thửa 112 tờ 7", {"parcel": "112", "sheet": "7"}, ()),
        ("to ban do so 7 thua dat so 112", {"parcel": "112", "sheet": "7"}, ()),
        ("trang 5 quyen so 2A", {"page": "5", "volume": "2a"}, ()),
        ("45/1987", {"number": "45"}, (1987,)),
    ],
)
def test_numbers_of_the_book(text, numbers, years):
    query = parse(text)
    assert (query.numbers, query.years, query.names) == (numbers, years, ())


@pytest.mark.parametrize(
    "text, years",
    [
        ("lan 1987", (1987,)),
        ("lan sinh năm 1987", (1987,)),
        ("lan 12/3/1987", (1987,)),
        ("lan 12-3-1987", (1987,)),
        ("lan 1987-1989", (1987, 1988, 1989)),
        ("lan 1987 1990", (1987, 1990)),
        ("lan 1700 3000", ()),
    ],
)
def test_years(text, years):
    assert parse(text).years == years


@pytest.mark.parametrize(
    "text, name",
    [
        ("vo thi hoa 1980", "vo thi hoa"),
        ("nguyen thi trang 1987", "nguyen thi trang"),
        ("nguyen thi phuong", "nguyen thi phuong"),
        ("ho van quan", "ho van quan"),
        ("nguyen van tai 1987", "nguyen van tai"),
        ("ông Hồ Văn Ba", "hồ văn ba"),
        ("Nguyễn Thị Mè", "nguyễn thị mè"),
    ],
)
def test_names_that_look_like_announcements_stay_names(text, name):
    assert names(parse(text)) == {"": name}


def test_a_place_word_that_announces_nothing_is_a_name():
    query = parse("thi tran 1987")
    assert (names(query), query.places, query.years) == ({"": "thi tran"}, (), (1987,))
    assert parse("lan thi tran nenh").places


def test_a_year_word_that_may_be_a_name_is_read_both_ways():
    assert parse("nguyen van nam 2007").names[0].readings == (
        ("nguyen", "van", "nam"),
        ("nguyen", "van"),
    )


def test_a_spouse_is_told_from_the_surname_vo():
    assert names(parse("nguyen van an vo tran thi hoa")) == {
        "": "nguyen van an",
        "wife": "tran thi hoa",
    }
    assert names(parse("nguyen van an me vo thi lan"))["mother"] == "vo thi lan"


def test_each_person_may_have_a_year():
    query = parse("lan 1987 mẹ hoa 1960")
    assert query.years == (1987,)
    assert query.names[1].years == (1960,)
    assert parse("lan mẹ hoa 1987").years == (1987,)


def test_places_are_announced():
    query = parse("lan xã Vân Trung huyện Việt Yên mẹ hoa")
    assert query.places == (("vân", "trung"), ("việt", "yên"))
    assert names(query) == {"": "lan", "mother": "hoa"}


@given(st.text(max_size=400) | st.text("nameướ hosv123/-'\"*()^:{}\\;%_\0 ", max_size=400))
def test_any_text_is_a_query(text):
    query = parse(text)
    for key, weight in query_keys(query):
        assert weight > 0
        assert not set(key) & set("\"'*()^:{}; \0")
    assert len(query_keys(query)) < 2000
