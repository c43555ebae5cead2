import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.index.keys import query_keys
from pipeline.index.query import parse, readings
from pipeline.index.wanted import Query
from pipeline.letters import bare


def names(query: Query) -> dict[str, str]:
    return {name.role: " ".join(name.said) for name in query.names}


def both(text: str) -> list[dict[str, str]]:
    return [names(query) for query in readings(text)]


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
        ("pham van nam 66 tuoi", "pham van nam"),
        ("ho trong thang 2010", "ho trong thang"),
        ("Lê Thế Độ 2010", "lê thế độ"),
        ("duong thi tran sinh nam 1978", "duong thi tran"),
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


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("nguyen van nam 2007", [{"": "nguyen van"}, {"": "nguyen van nam"}]),
        ("nguyen thi lan 1987", [{"": "nguyen thi lan"}]),
        ("Nguyễn Văn Năm năm 2007", [{"": "nguyễn văn năm"}]),
        ("vo tran thi hoa", [{"": "vo tran thi hoa"}, {"wife": "tran thi hoa"}]),
        (
            "nguyen van an vo thi hoa",
            [{"": "nguyen van an", "wife": "thi hoa"}, {"": "nguyen van an vo thi hoa"}],
        ),
    ],
)
def test_what_may_mean_two_things_is_read_both_ways(text, readings):
    assert both(text) == readings


def test_how_the_box_was_read_is_told_piece_by_piece():
    query = parse("khai sinh lan 1987 mẹ hoa xã vân trung quyển 2")
    assert query.chips == (
        ("name", "lan"), ("mother", "hoa"), ("kind", "khai sinh"), ("year", "1987"),
        ("place", "vân trung"), ("volume", "2"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("lan khoảng 1987", tuple(range(1984, 1991))),
        ("lan khoảng năm 1987", tuple(range(1984, 1991))),
        ("lan 1985 đến 1987", (1985, 1986, 1987)),
        ("lan 1985 den 1987", (1985, 1986, 1987)),
        ("lan sinh năm 87", (1987,)),
        ("lan sinh năm 05", (2005,)),
    ],
)
def test_years_as_people_say_them(text, years):
    assert (parse(text).years, names(parse(text))) == (years, {"": "lan"})


@pytest.mark.parametrize(
    "text", ["lan 8/3/1987", "lan 08-03-1987", "lan ngày 8 tháng 3 năm 1987", "lan 8.3.1987"]
)
def test_a_whole_date_is_kept(text):
    query = parse(text)
    assert (query.dates, query.years, names(query)) == (("1987-03-08",), (1987,), {"": "lan"})


def test_an_age_belongs_to_its_person():
    query = parse("lan 1987 mẹ hoa 32 tuổi")
    assert [(name.said, name.age) for name in query.names] == [(("lan",), None), (("hoa",), 32)]
    assert query.years == (1987,)


@pytest.mark.parametrize("text", ["ng_yễn thị lan", "h'[nm]i * niê", "ng*"])
def test_letters_may_be_left_open(text):
    assert parse(text).names[0].said == tuple(
        word for word in text.replace("'", " ").split() if word != "*"
    )


class Near:
    """A gazetteer of an office in Vân Trung."""

    def is_near(self, words):
        return [bare(word) for word in words] in (["van", "trung"], ["nenh"])

    def names(self, words):
        said = tuple(bare(word) for word in words)
        return [(said, "same", "x"), (("van", "trung"), "before", "phường Nếnh")]


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ("nguyen thi lan van trung", "nguyen thi lan", ("van", "trung")),
        ("nguyen thi lan nenh 1987", "nguyen thi lan", ("nenh",)),
        ("lan mẹ hoa vân trung", "lan", ("vân", "trung")),
        ("nguyen thi lan nenh khoảng 1987", "nguyen thi lan", ("nenh",)),
    ],
)
def test_a_near_place_at_the_end_needs_no_announcement(text, name, place):
    query = parse(text, Near())
    assert (names(query)[""], [found.said for found in query.places]) == (name, [place])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("lan xa lang son 2010", ("lang", "son")),
        ("lan xã Cao Xá 2010", ("cao", "xá")),
        ("lan xã Phương Sơn mẹ hoa", ("phương", "sơn")),
        ("lan xã Vân Trung huyện Việt Yên", ("vân", "trung")),
        ("lan phuong nenh", ("nenh",)),
    ],
)
def test_a_places_own_words_announce_nothing(text, place):
    assert parse(text, Near()).places[0].said == place


def test_a_place_has_the_names_of_other_times():
    place = parse("thửa 112 tờ 7 Nếnh", Near()).places[0]
    assert [(name.words, name.time) for name in place.names] == [
        (("nenh",), "same"), (("van", "trung"), "before"),
    ]  # fmt: skip


def test_the_second_reading_of_a_near_place_is_a_name():
    assert [len(query.places) for query in readings("lan van trung 1987", Near())] == [1, 0]


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
    assert [place.said for place in query.places] == [("vân", "trung"), ("việt", "yên")]
    assert names(query) == {"": "lan", "mother": "hoa"}


@given(st.text(max_size=400) | st.text("nameướ hosv123/-'\"*()^:{}[]\\;%_\0 ", max_size=400))
def test_any_text_is_a_query(text):
    for query in readings(text, Near()):
        for key, weight in query_keys(query):
            assert weight > 0
            assert not set(key) & set("\"'*()^:{}[]; \0")
        assert len(query_keys(query)) < 4000


def test_a_commune_whose_name_begins_like_a_role_is_a_commune():
    found = parse("dang thi hao 2005 xa vo tranh")
    assert [place.said for place in found.places] == [("vo", "tranh")]
    assert [name.said for name in found.names] == [("dang", "thi", "hao")]
