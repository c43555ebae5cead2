"""What the tables that come with the program say of places as ledgers write them."""

import csv
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.places.history import Places
from pipeline.places.lookup import Answer, look_up
from pipeline.places.tables import shipped_places
from pipeline.places.units import STILL
from pipeline.places.written import marked_key, split_level
from tests.conftest import SHARED

PLACES = shipped_places()


def find(name: str, parent: str = "", year: int | None = None) -> Answer:
    return look_up(PLACES, name, parent, year)


def then(answer: Answer) -> list[str]:
    return [", ".join(unit.title for unit in chain) for m in answer.matches for chain in m.then]


def today(answer: Answer) -> list[str]:
    return [
        ", ".join(unit.title for unit in PLACES.chains(target.unit, None)[0])
        for match in answer.matches
        for target in match.now.targets
    ]


def forerunners(name: str, parent: str) -> set[str]:
    answer = find(name, parent, 2026)
    unit = answer.matches[0].then[0][0]
    return {old.title for old in PLACES.forerunners(unit)}


# The customer's wards


@pytest.mark.parametrize(
    "year, province", [(1987, "Hà Bắc"), (1958, "Bắc Giang"), (2010, "Bắc Giang")]
)
@pytest.mark.parametrize("commune", ["Vân Trung", "Quang Châu", "Tăng Tiến"])
def test_a_commune_of_nenh_lay_in_the_province_of_its_year(
    commune: str, year: int, province: str
) -> None:
    answer = find(f"xã {commune}", "huyện Việt Yên", year)
    assert answer.outcome == "found"
    assert then(answer) == [f"xã {commune}, huyện Việt Yên, tỉnh {province}"]
    assert today(answer) == ["phường Nếnh, tỉnh Bắc Ninh"]
    assert answer.matches[0].now.state == "whole"


def test_the_year_in_which_a_commune_became_a_ward_is_not_guessed() -> None:
    assert then(find("Vân Trung", "Việt Yên", 2023)) == [
        "xã Vân Trung, huyện Việt Yên, tỉnh Bắc Giang",
        "phường Vân Trung, thị xã Việt Yên, tỉnh Bắc Giang",
    ]


def test_nenh_keeps_one_card_under_two_codes_and_hoang_ninh_is_only_remembered() -> None:
    town = find("TT Nếnh", "Việt Yên", 2015).matches[0].then[0][0]
    assert town.codes == ("07756", "07795")
    answer = find("xã Hoàng Ninh, huyện Việt Yên", year=1995)
    assert then(answer) == ["xã Hoàng Ninh, huyện Việt Yên, tỉnh Hà Bắc"]
    assert today(answer) == ["phường Nếnh, tỉnh Bắc Ninh"]
    assert any("07795" in source for source in answer.matches[0].unchecked)
    assert not find("xã Vân Trung, huyện Việt Yên", year=2015).matches[0].unchecked


@pytest.mark.parametrize("commune", ["Phương Liễu", "Phượng Mao"])
def test_the_communes_of_phuong_lieu(commune: str) -> None:
    answer = find(commune, "Quế Võ", 1985)
    assert then(answer) == [f"xã {commune}, huyện Quế Võ, tỉnh Hà Bắc"]
    assert today(answer) == ["phường Phương Liễu, tỉnh Bắc Ninh"]


def test_que_vo_was_two_districts_before_it_was_one() -> None:
    assert then(find("Phượng Mao", "", 1955)) == [
        "xã Phượng Mao, huyện Quế Dương, tỉnh Bắc Ninh",
        "xã Phượng Mao, huyện Võ Giàng, tỉnh Bắc Ninh",
    ]


TEN_WARDS = ["Phú Hiệp", "Phú Cát", "Phú Hòa", "Thuận Thành", "Phú Bình", "Phú Thuận",
             "Tây Lộc", "Thuận Lộc", "Phú Hậu", "Thuận Hòa"]  # fmt: skip


@pytest.mark.parametrize("ward", TEN_WARDS)
@pytest.mark.parametrize(
    "year, province", [(1980, "tỉnh Bình Trị Thiên"), (2015, "tỉnh Thừa Thiên Huế")]
)
def test_the_ten_wards_of_hue_are_phu_xuan(ward: str, year: int, province: str) -> None:
    answer = find(f"P. {ward}, TP Huế", year=year)
    assert then(answer) == [f"phường {ward}, thành phố Huế, {province}"]
    assert today(answer) == ["phường Phú Xuân, thành phố Huế"]


def test_wards_of_hue_that_stood_when_it_became_a_central_city_changed_their_district() -> None:
    assert then(find("Gia Hội", "Huế", 2023)) == [
        "phường Gia Hội, thành phố Huế, tỉnh Thừa Thiên Huế"
    ]
    # In 2025 it lay in the district, and from July in nothing but the city.
    assert "phường Gia Hội, quận Phú Xuân, thành phố Huế" in then(find("Gia Hội", "Huế", 2025))


def test_all_forerunners_of_a_ward_of_today() -> None:
    assert forerunners("phường Nếnh", "Bắc Ninh") == {
        "phường Nếnh", "thị trấn Nếnh", "xã Hoàng Ninh", "phường Vân Trung", "xã Vân Trung",
        "phường Quang Châu", "xã Quang Châu", "phường Tăng Tiến", "xã Tăng Tiến",
    }  # fmt: skip
    assert {f"phường {ward}" for ward in TEN_WARDS} <= forerunners("phường Phú Xuân", "Huế")
    assert {"tỉnh Hà Bắc", "tỉnh Bắc Giang", "tỉnh Bắc Ninh"} == forerunners("tỉnh Bắc Ninh", "")


# How a place is written


@pytest.mark.parametrize(
    "written",
    [
        "Vân Trung, Việt Yên, Hà Bắc",
        "xã Vân Trung, huyện Việt Yên, tỉnh Hà Bắc",
        "xã Vân Trung huyện Việt Yên tỉnh Hà Bắc",
        "Vân Trung Việt Yên Hà Bắc",
        "X. Vân Trung, H. Việt Yên, T. Hà Bắc",
        "X.Vân Trung H.Việt Yên T.Hà Bắc",
        "XÃ VÂN TRUNG – VIỆT YÊN – HÀ BẮC",
        "Vân Trung - Việt Yên - Hà Bắc",
        "Vân Trung, Hà Bắc",
        unicodedata.normalize("NFD", "xã  Vân Trung ;\nhuyện Việt Yên"),
    ],
)
def test_levels_signs_and_case_are_set_aside(written: str) -> None:
    answer = find(written, year=1987)
    assert (answer.outcome, answer.rest) == ("found", "")
    assert then(answer) == ["xã Vân Trung, huyện Việt Yên, tỉnh Hà Bắc"]
    assert not any(answer.matches[0].weakness)


@pytest.mark.parametrize(
    "written, rest",
    [
        ("thôn Trung Đồng, xã Vân Trung, Việt Yên", "thôn Trung Đồng"),
        ("Trung Đồng, Vân Trung, Việt Yên, Hà Bắc", "Trung Đồng"),
        ("Trung Đồng Vân Trung Việt Yên", "Trung Đồng"),
        ("số 5, xóm 2, thôn Trung Đồng, xã Vân Trung, Việt Yên", "số 5, xóm 2, thôn Trung Đồng"),
    ],
)
def test_what_stands_before_the_commune_is_the_rest(written: str, rest: str) -> None:
    answer = find(written, year=1987)
    assert (answer.outcome, answer.rest) == ("found", rest)
    assert then(answer) == ["xã Vân Trung, huyện Việt Yên, tỉnh Hà Bắc"]


@pytest.mark.parametrize(
    "written, unit",
    [
        ("xã Hoà Bình, Thuỷ Nguyên, Hải Phòng", "Hoà Bình"),
        ("xã Hòa Bình, Thủy Nguyên, Hải Phòng", "Hoà Bình"),
        ("phường Vỹ Dạ, Huế", "Vĩ Dạ"),
        ("phường Vĩ Dạ, Huế", "Vĩ Dạ"),
        ("Bản Qua, Bát Xát", "Bản Qua"),
        ("TT NT Mộc Châu, Sơn La", "Nông trường Mộc Châu"),
        ("Phường Đúc, Huế", "Phường Đúc"),
        ("Tân Xã, Thạch Thất", "Tân Xã"),
        ("P.01, Q.3, TP Hồ Chí Minh", "01"),
        ("P1, Q3, TP Hồ Chí Minh", "01"),
        ("P.1, Q.3, TP.HCM", "01"),
        ("huyện Ea H’leo, Đắk Lắk", "Ea H'leo"),
        ("P Rao, Đông Giang", "P Rao"),
        ("Bà Rịa - Vũng Tàu", "Bà Rịa - Vũng Tàu"),
    ],
)
def test_spellings_that_are_the_same_name(written: str, unit: str) -> None:
    answer = find(written, year=2015)
    assert answer.outcome == "found"
    assert answer.matches[0].then[0][0].name == unit


# Hazards: what a place must not be taken for


def test_thanh_quoi_is_not_gia_hoa() -> None:
    answer = find("xã Thạnh Quới", "Vĩnh Thạnh, Cần Thơ", 2015)
    assert answer.outcome == "found"
    assert today(answer) == ["xã Thạnh Quới, thành phố Cần Thơ"]


def test_a_district_that_is_in_no_table_does_not_make_a_commune_a_province() -> None:
    answer = find("xã Bình Định, huyện Gia Lương, tỉnh Hà Bắc", year=1987)
    assert answer.outcome == "doubtful"
    assert answer.matches[0].weakness.partly
    assert then(answer) == ["xã Bình Định, huyện Lương Tài, tỉnh Hà Bắc"]


def test_an_unknown_commune_is_not_its_district() -> None:
    answer = find("xã Không Có", "Việt Yên", 1987)
    assert (answer.outcome, answer.rest) == ("within", "xã Không Có")
    assert then(answer) == ["huyện Việt Yên, tỉnh Hà Bắc"]


def test_what_an_unknown_district_is_said_to_lie_in_is_no_commune_of_that_name() -> None:
    answer = find("huyện Gia Lương", "Hà Bắc", 1987)
    assert (answer.outcome, then(answer)) == ("within", ["tỉnh Hà Bắc"])


@pytest.mark.parametrize(
    "one, other, parent",
    [
        ("Tân Thành", "Tân Thạnh", "Đồng Tháp"),
        ("Ba Tơ", "Ba Tô", "Quảng Ngãi"),
        ("Sơn Hà", "Sơn Hạ", "Quảng Ngãi"),
    ],
)
def test_names_that_differ_in_marks_alone_are_two(one: str, other: str, parent: str) -> None:
    names = [
        {chain[0].name for match in find(name, parent, 2026).matches for chain in match.then}
        for name in (one, other)
    ]
    assert names == [{one}, {other}]
    bare = find("".join(ch for ch in unicodedata.normalize("NFD", one) if ch.isascii()), parent)
    assert bare.outcome == "doubtful"
    assert all(match.weakness.unmarked for match in bare.matches)
    assert {one, other} <= {chain[0].name for m in bare.matches for chain in m.then}


def test_without_marks_a_place_is_found_and_never_for_sure() -> None:
    answer = find("xa van trung, huyen viet yen", year=1987)
    assert answer.outcome == "doubtful"
    assert answer.matches[0].weakness.unmarked
    assert today(answer) == ["phường Nếnh, tỉnh Bắc Ninh"]


def test_equal_names_are_all_told_and_a_parent_tells_them_apart() -> None:
    answer = find("xã Tân Thành", year=2015)
    assert answer.outcome == "ambiguous"
    assert len(answer.matches) > 10
    assert find("xã Tân Thành", "Phú Bình, Thái Nguyên", 2015).outcome == "found"


def test_a_level_or_a_year_that_does_not_fit_is_said() -> None:
    town = find("phường Nếnh", "Việt Yên", 1987)
    assert (town.outcome, then(town)) == (
        "doubtful",
        ["thị trấn Nếnh, huyện Việt Yên, tỉnh Hà Bắc"],
    )
    assert town.matches[0].weakness.other_level
    city = find("xã Phương Liễu, thành phố Bắc Ninh", year=2010)  # it is not in the city, but
    assert city.matches[0].weakness.other_level  # in the province of that name
    assert find("phường Đáp Cầu, thành phố Bắc Ninh", year=2010).outcome == "found"
    province = find("tỉnh Hà Bắc", year=2010)
    assert province.outcome == "doubtful"
    assert province.matches[0].weakness.other_time
    assert today(province) == ["tỉnh Bắc Ninh"]


def test_a_parent_of_another_time_is_said_but_does_not_hide_the_place() -> None:
    answer = find("xã Vân Trung, tỉnh Bắc Ninh", year=2010)
    assert answer.outcome == "found"
    assert answer.matches[0].weakness.other_parent
    assert then(answer) == ["xã Vân Trung, huyện Việt Yên, tỉnh Bắc Giang"]


def test_a_parent_that_it_never_lay_in_leaves_only_that_parent() -> None:
    answer = find("xã Vân Trung", "huyện Quế Võ", 2010)
    assert (answer.outcome, answer.rest) == ("within", "xã Vân Trung")
    assert then(answer) == ["huyện Quế Võ, tỉnh Bắc Ninh"]


@pytest.mark.parametrize(
    "written, unit",
    [
        ("An Hòa, Bình Trị Thiên", "phường An Hòa, thành phố Huế, tỉnh Bình Trị Thiên"),
        (
            "xã Quang Châu, huyện Việt Yên, tỉnh Hà Bắc",
            "xã Quang Châu, huyện Việt Yên, tỉnh Hà Bắc",
        ),
        ("xã Nguyệt Đức, Yên Lạc, Vĩnh Phú", "xã Nguyệt Đức, huyện Yên Lạc, tỉnh Vĩnh Phú"),
        ("van trung viet yen ha bac", "xã Vân Trung, huyện Việt Yên, tỉnh Hà Bắc"),
    ],
)
def test_a_province_of_that_time_tells_where_to_look(written: str, unit: str) -> None:
    assert then(find(written, year=1980)) == [unit]


def test_what_is_older_than_the_lists_is_said_to_be_inferred() -> None:
    assert find("xã Vân Trung, Việt Yên", year=1987).matches[0].inferred
    assert not find("xã Vân Trung, Việt Yên", year=2020).matches[0].inferred
    assert not find("xã Vân Trung, Việt Yên").matches[0].inferred
    assert not find("tỉnh Hà Bắc", year=1987).matches[0].inferred


def test_a_code_of_a_province_is_of_its_time() -> None:
    codes = {
        (name, year): find(f"tỉnh {name}", year=year).matches[0].then[0][0].codes
        for name, year in [("Bắc Giang", 2010), ("Bắc Ninh", 2010), ("Bắc Ninh", 2026)]
    }
    assert list(codes.values()) == [("24",), ("27",), ("24",)]


def test_today_there_are_34_provinces_and_3321_communes_in_no_district() -> None:
    ranks = [PLACES.ranks(unit) for unit in PLACES.units if unit.until == STILL]
    assert (ranks.count({"province"}), ranks.count({"commune"}), len(ranks)) == (34, 3321, 3355)


# Now


def test_a_split_commune_is_all_its_candidates_with_the_notes_of_the_office() -> None:
    now = find("xã Tân Thạnh", "Thanh Bình, Đồng Tháp", 2015).matches[0].now
    assert now.state == "candidates"
    assert [(target.unit.title, target.share, target.note) for target in now.targets] == [
        ("xã Thanh Bình", "part", "Nhập một phần"),
        ("xã Tân Thạnh", "part", "Nhập một phần"),
    ]


def test_where_no_list_says_what_became_of_a_unit_nothing_is_said() -> None:
    answer = find("thị trấn Phù Yên", "Phù Yên, Sơn La", 2015)
    assert (answer.outcome, answer.matches[0].now.state) == ("found", "unknown")


def test_a_district_is_where_its_communes_are() -> None:
    now = find("huyện Việt Yên", "Hà Bắc", 1980).matches[0].now
    assert (now.state, now.by_parts) == ("candidates", True)
    assert {"phường Nếnh", "phường Việt Yên"} <= {target.unit.title for target in now.targets}


def test_an_island_district_is_one_special_zone() -> None:
    answer = find("huyện Côn Đảo", "Bà Rịa - Vũng Tàu", 2015)
    assert today(answer) == ["đặc khu Côn Đảo, thành phố Hồ Chí Minh"]
    assert answer.matches[0].now.state == "whole"


# The provinces before 2025


@pytest.mark.parametrize(
    "province, year, now",
    [
        ("Hà Bắc", 1980, ["Bắc Ninh"]),
        ("Bình Trị Thiên", 1980, ["Quảng Trị", "Huế"]),
        ("Nam Hà", 1970, ["Ninh Bình"]),
        ("Hải Hưng", 1980, ["Hải Phòng", "Hưng Yên"]),
        ("Hà Nam Ninh", 1980, ["Ninh Bình"]),
        ("Quảng Nam - Đà Nẵng", 1980, ["Đà Nẵng"]),
        ("Nghệ Tĩnh", 1980, ["Nghệ An", "Hà Tĩnh"]),
        ("Hà Tây", 2000, ["Hà Nội"]),
        ("Minh Hải", 1980, ["Cà Mau"]),
        ("Thừa Thiên Huế", 2000, ["Huế"]),
        ("Bắc Ninh", 1950, ["Bắc Ninh"]),
        ("Bắc Giang", 2010, ["Bắc Ninh"]),
    ],
)
def test_a_province_of_the_past(province: str, year: int, now: list[str]) -> None:
    answer = find(f"tỉnh {province}", year=year)
    assert answer.outcome == "found"
    assert {target.unit.name for target in answer.matches[0].now.targets} == set(now)


@pytest.mark.parametrize(
    "written, year, province",
    [
        ("xã Ba Vì, huyện Ba Vì", 2000, {"tỉnh Hà Tây"}),
        ("xã Ba Vì, huyện Ba Vì", 1985, {"tỉnh Hà Sơn Bình", "thành phố Hà Nội"}),
        ("phường Trúc Bạch, quận Ba Đình", 2000, {"thành phố Hà Nội"}),
        ("xã Hương Long, Hương Khê", 1980, {"tỉnh Nghệ Tĩnh"}),
        ("xã Đắk Som", 2000, {"tỉnh Đắk Lắk"}),
    ],
)
def test_what_a_commune_lay_in(written: str, year: int, province: set[str]) -> None:
    chains = find(written, year=year).matches[0].then
    assert {chain[-1].title for chain in chains} == province


# All of the statistics office's table


@pytest.mark.skipif(not (SHARED / "places").is_dir(), reason=f"NOT RUN: no tables at {SHARED}")
def test_every_commune_of_the_conversion_is_found_with_all_its_targets() -> None:
    file = SHARED / "places" / "commune-conversion-2025-07-01.csv"
    wanted: dict[tuple[str, str, str], set[str]] = {}
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["old_code"]:
                place = (row["old_name"], row["old_district"].lower(), row["old_province"])
                wanted.setdefault(place, set()).add(marked_key(split_level(row["new_name"]).name))
    wrong = []
    for (name, district, province), targets in wanted.items():
        answer = find(name, f"{district}, {province}", 2025)
        found = {marked_key(t.unit.name) for m in answer.matches for t in m.now.targets}
        if not targets <= found or answer.outcome not in ("found", "ambiguous"):
            wrong.append((name, district, province))
    # Its province is another's by mistake.
    assert wrong == [("Phường 4", "thành phố tân an", "Tỉnh Tiền Giang")]


# Anything


@given(st.text(max_size=60), st.text(max_size=40), st.none() | st.integers(1, 3000))
def test_any_text_has_an_answer(name: str, parent: str, year: int | None) -> None:
    answer = find(name, parent, year)
    assert bool(answer.matches) == (answer.outcome != "unknown")


@given(st.sampled_from(PLACES.units), st.integers(1900, 2030))
def test_a_unit_is_among_what_its_own_name_finds(unit_, year: int) -> None:  # type: ignore[no-untyped-def]
    chain = PLACES.chains(unit_, None)[0]
    answer = find(", ".join(one.title for one in chain))
    assert unit_ in [c[0] for match in answer.matches for c in match.then]
    for chain in PLACES.chains(unit_, year):
        assert all(one.may_stand_in(year) for one in chain[1:])


def test_no_places_no_answer() -> None:
    assert look_up(Places(), "Vân Trung") == Answer("unknown", "", ())
