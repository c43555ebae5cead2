"""A broken rule is a doubt on the field, and never changes a value."""

import pytest
from extract_pages import box

from pipeline.extract import reasons
from pipeline.extract.ditto import is_ditto, may_be_ditto
from pipeline.extract.form import load_forms
from pipeline.extract.rules import broken_rules
from pipeline.settings import shipped
from pipeline.values import FieldValue

FORM = load_forms(shipped("schemas"))["birth_table"]
GOOD = {
    "so": "45",
    "ngayDangKy": "1987-01-09",
    "nksHoTen": "Nguyễn Văn An",
    "nksGioiTinh": "1",
    "nksNgaySinh": "1987-01-02",
    "meNgaySinh": "28 tuổi",
}


def told(**changes: str) -> set[tuple[str, str]]:
    values = {key: value for key, value in (GOOD | changes).items() if value}
    fields = {
        key: FieldValue(key, value, value, 0.9, 1, box(0, 0, 1, 1)) for key, value in values.items()
    }
    return {(doubt.key, doubt.reason) for doubt in broken_rules(FORM, fields)}


def test_a_good_record_raises_no_doubt() -> None:
    assert told() == set()


@pytest.mark.parametrize(
    "changes, doubt",
    [
        ({"nksNgaySinh": "1987-02-01"}, ("ngayDangKy", reasons.DATES_REVERSED)),
        ({"nksNgaySinh": "1988"}, ("nksNgaySinh", reasons.DATES_REVERSED)),
        ({"nksGioiTinh": "2"}, ("nksGioiTinh", reasons.SEX_NAME)),
        ({"nksHoTen": "Trần Thị Bưởi"}, ("nksGioiTinh", reasons.SEX_NAME)),
        ({"meNgaySinh": "60 tuổi"}, ("meNgaySinh", reasons.AGE_UNLIKELY)),
        ({"meNgaySinh": "1980"}, ("meNgaySinh", reasons.AGE_UNLIKELY)),
        ({"so": ""}, ("so", reasons.MISSING)),
        ({"ngayDangKy": "1987-01"}, ("ngayDangKy", reasons.NOT_AS_FORM)),
    ],
)
def test_a_broken_rule_is_told_on_its_field(
    changes: dict[str, str], doubt: tuple[str, str]
) -> None:
    assert doubt in told(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"nksNgaySinh": "1987"},  # may be before the ninth of January
        {"nksHoTen": "Trần Vân Anh", "nksGioiTinh": "2"},  # Vân is not Văn
        {"nksHoTen": "Lê Thị", "nksGioiTinh": "1"},  # a given name
        {"meNgaySinh": "1955"},
    ],
)
def test_what_may_be_right_is_not_doubted(changes: dict[str, str]) -> None:
    assert told(**changes) == set()


def test_an_age_is_taken_back_to_the_birth() -> None:
    """Registered seven years late, a mother of 20 would have been 13."""
    late = {"nksNgaySinh": "1980-05-01", "nksHoTen": "Lê An"}
    assert told(**late, meNgaySinh="20 tuổi") == set()
    assert told(**late, meNgaySinh="18 tuổi") == {("meNgaySinh", reasons.AGE_UNLIKELY)}


@pytest.mark.parametrize(
    "mark", ['"', "”", "〃", "''", ",,", "-nt-", "- nt -", "nt", "n.t.", "như trên", "Nhu tren.",
             "——", "---", "- - -", "//", "-mt-", "-Ht-", "- n -", "-/-"]
)  # fmt: skip
def test_ditto_marks_are_known(mark: str) -> None:
    assert is_ditto(mark)


@pytest.mark.parametrize(
    "text", ["", "-", "Kinh", "11", "1", "nt Kinh", "Nam", "n", "x", "--", "-5-", "-x-", "12-1-87"]
)
def test_other_texts_are_no_ditto_marks(text: str) -> None:
    assert not is_ditto(text)


def test_a_misread_mark_is_only_a_suspicion() -> None:
    assert may_be_ditto("11") and not is_ditto("11")
