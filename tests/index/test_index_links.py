"""The same person in two records: what agrees is weighed, what cannot be is never offered."""

from typing import Any

import pytest

from pipeline.index.links.compare import Commonness, bare_place, best_name, compare, weigh
from pipeline.index.links.people import Person, people
from pipeline.index.links.telling import kind_title, reasons
from pipeline.index.links.weights import link_rules
from pipeline.letters import syllables
from pipeline.values import Alternative, Book, FieldValue, Record, Suggestion

BOOK = Book("a", "birth_form", "Xã Vân Trung", (1987, 1987), "02")
NOBODY = Commonness()


def nowhere(_text: str) -> tuple[str, ...]:
    return ()


def record(form: str, **values: str) -> Record:
    fields = tuple(FieldValue(key, text, text, 0.9, 1, ()) for key, text in values.items())
    return Record("a/1/-/1", form, 1, None, 1, (), fields)


def person(**changed: Any) -> Person:
    told: dict[str, Any] = {
        "record": "a/1/-/1",
        "role": "self",
        "text": "Nguyễn Thị Lan",
        "names": (syllables("Nguyễn Thị Lan"),),
        "sex": "2",
        "born": (1987, 1987),
        "date": "1987-03-08",
        "places": ("thôn Vân Cốc, xã Vân Trung, huyện Việt Yên",),
        "paper": "",
        "others": (),
        "event": 1987,
        "died": 0,
    }
    return Person(**{**told, **changed})


def test_the_people_of_a_record_are_read_with_what_is_told_of_each() -> None:
    made = record(
        "birth_form",
        ngayDangKy="1987-03-20",
        nksHoTen="Nguyễn Thị Lan",
        nksGioiTinh="2",
        nksNgaySinh="1987-03-08",
        meHoTen="Trần Thị Hoa",
        meNgaySinh="25 tuổi",
        meSoGiayToTuyThan="123456789",
    )
    child, mother = people(made, BOOK)
    assert (child.role, child.sex, child.born, child.date) == (
        "self",
        "2",
        (1987, 1987),
        "1987-03-08",
    )
    assert child.others == (syllables("Trần Thị Hoa"),)
    assert (mother.sex, mother.born, mother.date) == ("2", (1961, 1963), "")
    assert mother.paper == "123456789"
    assert mother.places == ("Xã Vân Trung",)


def test_another_reading_of_a_name_counts_too() -> None:
    field = FieldValue("nksHoTen", "", "Nguyễn Thị Lam", 0.6, 1, (), alternatives=(
        Alternative("Nguyễn Thị Lan", 0.3),
    ))  # fmt: skip
    made = Record("a/1/-/1", "birth_form", 1, None, 1, (), (field,))
    (one,) = people(made, BOOK)
    assert best_name(one.names, person().names) == "same"


@pytest.mark.parametrize(
    "one, other, level",
    [
        ("Nguyễn Thị Hoà", "Nguyễn Thị Hòa", "same"),
        ("Nguyễn Thị Lan", "nguyen thi lan", "folded"),
        ("Nguyễn Thị Lan", "Nguyễn Thị Lanh", "near"),
        ("Nguyễn Thị Lan", "Nguyễn Ngọc Mai Lan", "part"),
        ("Nguyễn Thị Lan", "Trần Văn Bình", "other"),
    ],
)
def test_names_agree_by_degrees(one: str, other: str, level: str) -> None:
    assert best_name((syllables(one),), (syllables(other),)) == level


@pytest.mark.parametrize(
    "one, other, feature, level",
    [
        ({}, {}, "birth", "day"),
        ({}, {"date": "1987-04-08"}, "birth", "year, another day"),
        ({}, {"date": "1987"}, "birth", "year"),
        ({}, {"date": "", "born": (1986, 1988)}, "birth", "age"),
        ({}, {"date": "1988", "born": (1988, 1988)}, "birth", "one year off"),
        ({}, {"date": "1990", "born": (1990, 1990)}, "birth", "a few years off"),
        ({}, {"born": None, "date": ""}, "birth", None),
        ({}, {"sex": "1"}, "sex", "other"),
        ({}, {"sex": ""}, "sex", None),
        ({"paper": "123456789"}, {"paper": "123456789"}, "paper", "same"),
        ({"paper": "123456789"}, {"paper": "123456780"}, "paper", "other"),
        ({"paper": "123456789"}, {"paper": "001187000001"}, "paper", None),
        ({}, {}, "place", "hamlet"),
        ({}, {"places": ("xã Vân Trung",)}, "place", "commune"),
        ({}, {"places": ("Xã Quang Châu",)}, "place", "other"),
    ],
)
def test_what_agrees_has_its_level_and_what_is_unknown_has_none(
    one: dict[str, Any], other: dict[str, Any], feature: str, level: str | None
) -> None:
    ones, others = person(**{"event": 1995, **one}), person(**{"event": 1995, **other})
    levels = compare(ones, others, NOBODY, nowhere)
    assert levels is not None and levels.get(feature) == level


def test_places_that_are_one_today_agree_so() -> None:
    def today(text: str) -> tuple[str, ...]:
        return ("phường Nếnh",) if "Trung" in text or "Châu" in text else ()

    levels = compare(person(), person(places=("xã Quang Châu",)), NOBODY, today)
    assert levels and levels["place"] == "commune today"
    assert bare_place("UBND xã Vân Trung, Việt Yên") == "van trung"


@pytest.mark.parametrize(
    "one, other",
    [
        ({"born": (1990, 1990)}, {"event": 1985}),  # not born yet
        ({"born": (1850, 1850)}, {"event": 1990}),  # too old
        ({"born": (1987, 1987)}, {"event": 1995, "role": "wife"}),  # a child
        ({"died": 1990}, {"event": 1999, "role": "mother"}),  # dead
    ],
)
def test_what_cannot_be_one_person_is_no_pair(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert compare(person(**one), person(**other), NOBODY, nowhere) is None


def test_a_common_name_says_less_than_a_rare_one() -> None:
    common = Commonness()
    for _one in range(200):
        common.add(syllables("Nguyễn Thị Lan"))
    common.add(syllables("Ngạc Thị Ve"))
    levels = compare(person(), person(), common, nowhere)
    rare = person(names=(syllables("Ngạc Thị Ve"),))
    other = compare(rare, rare, common, nowhere)
    assert levels and other
    assert (levels["name"], other["name"]) == ("same, common", "same, rare")
    for kind in link_rules().kinds.values():
        weights = kind.weights["name"]
        if {"same, common", "same, rare"} <= weights.keys():
            assert weights["same, rare"] > weights["same, common"], kind.name


def test_the_weights_say_what_every_officer_knows() -> None:
    for kind in link_rules().kinds.values():
        weights = kind.weights
        assert weights["birth"].get("other", -1) < 0, kind.name
        near = max(weights["birth"].get(level, -9) for level in ("day", "year", "age"))
        assert near > 0, kind.name
        assert weights["name"]["same, rare"] > max(0, weights["name"].get("near", 0)), kind.name
        assert kind.probability(99) > 0.99 and kind.probability(-99) < 0.01


def test_weights_add_up_and_unknown_levels_weigh_nothing() -> None:
    weights = {"name": {"same, rare": 6.0}, "birth": {"day": 5.0}}
    assert weigh({"name": "same, rare", "birth": "day", "sex": "same"}, weights) == 11.0


def test_reasons_are_told_the_weightiest_first() -> None:
    weights = {"birth": ("day", 5.0), "name": ("same, rare", 8.0), "sex": ("other", -3.0)}
    made = Suggestion("birth_death", "a", "b", ("self", "self"), 0.9, weights)
    told = reasons(made)
    assert told[0] == "họ tên: giống hệt, tên hiếm (+8.0)"
    assert told[1:] == ["năm sinh: đúng ngày (+5.0)", "giới tính: khác nhau (-3.0)"]
    assert kind_title("birth_death") == "khai sinh – khai tử"
