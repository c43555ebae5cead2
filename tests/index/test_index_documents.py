import json
from dataclasses import replace

import pytest

from pipeline.index.documents import Name, Year, document, plain_number
from pipeline.index.keys import document_keys
from pipeline.index.rules import search_rules
from tests.index.index_books import BIRTHS, MARRIAGES, PARCELS, birth, entry


def test_names_stand_in_the_roles_that_the_rules_give_their_keys():
    found = document(birth(1, "Nguyễn Thị Lan", meHoTen="Trần Thị Hoà", so="45"), BIRTHS)
    assert found.names == (
        Name("nksHoTen", "self", "Nguyễn Thị Lan"),
        Name("meHoTen", "mother", "Trần Thị Hoà"),
    )
    assert found.kind == "birth"
    assert ("number", "so", "45") in found.numbers
    assert ("volume", "", "2") in found.numbers


def test_years_come_from_dates_as_precise_as_they_are():
    found = document(birth(1, "Lan", "1987", ngayDangKy="1988-01-02"), BIRTHS)
    assert found.years == (
        Year("nksNgaySinh", "birth", 1987),
        Year("ngayDangKy", "registration", 1988, date="1988-01-02"),
    )


def test_an_age_gives_a_year_that_may_be_one_off():
    record = birth(1, "Lan", "1987-03", ngayDangKy="1987-04-01", meNgaySinh="32 tuổi")
    assert Year("meNgaySinh", "mother", 1955, spread=1) in document(record, BIRTHS).years


def test_an_entry_without_a_date_has_the_years_of_its_book():
    record = entry(BIRTHS, 1, nksHoTen="Lan")
    assert {item.year for item in document(record, BIRTHS).years} == {1987, 1988}
    decade = replace(BIRTHS, years=(1956, 1960))
    assert [item.year for item in document(record, decade).years] == [*range(1956, 1961)]
    undated = replace(BIRTHS, years=(0, 0))
    assert document(record, undated).years == ()


def test_other_readings_of_the_ink_are_searched_too():
    record = entry(BIRTHS, 1, {"nksHoTen": ("Nguyễn Thị Lang",)}, nksHoTen="Nguyễn Thị Lan")
    found = document(record, BIRTHS)
    assert Name("nksHoTen", "self", "Nguyễn Thị Lang", is_alternative=True) in found.names
    only = replace(found, names=found.names[:1])
    assert set(document_keys(only)) < set(document_keys(found))


def test_raw_text_stands_in_where_no_value_could_be_made():
    record = birth(1, "x")
    field = replace(record.fields[0], value="", raw="Ng. Thị Lan")
    assert document(replace(record, fields=(field,)), BIRTHS).names[0].text == "Ng. Thị Lan"


def test_every_book_is_analysed_by_the_same_code():
    parcel = entry(PARCELS, 1, thua_dat_so="112", to_ban_do_so="007", ten_nguoi_su_dung="Lê Văn A")
    found = document(parcel, PARCELS)
    assert {("parcel", "thua_dat_so", "112"), ("sheet", "to_ban_do_so", "7")} <= set(found.numbers)
    couple = document(entry(MARRIAGES, 1, chongHoTen="Lê An", voHoTen="Vũ Mai"), MARRIAGES)
    assert [name.role for name in couple.names] == ["husband", "wife"]


@pytest.mark.parametrize(
    "written, plain",
    [("02/1987", "2"), ("45A", "45a"), ("45 bis", "45bis"), ("000", "0"), ("", "")],
)
def test_numbers_compare_without_year_zeros_and_case(written, plain):
    assert plain_number(written) == plain


def test_the_rules_name_only_roles_and_parts_that_have_a_label_in_both_languages():
    rules = search_rules()
    used = {*rules.roles, *rules.years.values(), *rules.numbers.values(), "place", "kind", "book"}
    for name in used:
        assert set(rules.labels[name]) == {"vi", "en"}, name
    assert set(rules.names.values()) <= set(rules.roles)
    assert all(near in rules.roles for role in rules.roles.values() for near in role.near)


def test_no_letter_is_in_two_classes_of_confusion():
    letters = "".join(search_rules().confusable)
    assert len(set(letters)) == len(letters)


def test_keys_are_plain_tokens():
    keys = document_keys(document(birth(1, "Nguyễn '\" OR Lan*", so="4/5"), BIRTHS))
    assert keys == sorted(set(keys))
    assert all(set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789_/") for key in keys), keys
    assert json.loads(json.dumps(keys)) == keys
