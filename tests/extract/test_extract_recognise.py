"""A page's form is told by its words and its grid."""

from extract_pages import box, form_page, line, page, table
from test_extract_form_pages import CHILD, FOOT, HEAD, NOTES, PARENTS
from test_extract_tables import LEFT, LEFT_HEAD, PARCEL_HEAD, RIGHT, RIGHT_HEAD

from pipeline.extract.form import load_forms
from pipeline.extract.recognise import recognise, usual_forms
from pipeline.settings import shipped
from pipeline.values import PageReading

FORMS = load_forms(shipped("schemas"))


def told(*sheets: PageReading) -> tuple[str, float]:
    form, confidence = recognise(FORMS, sheets)
    return (form.id if form else "", confidence)


def test_a_form_is_told_by_its_labels() -> None:
    name, confidence = told(form_page(HEAD, [*CHILD, *PARENTS, *FOOT], NOTES))
    assert name == "birth_form"
    assert confidence > 0.9


def test_a_table_is_told_by_either_side_alone() -> None:
    left, right = table(LEFT_HEAD, LEFT, "left"), table(RIGHT_HEAD, RIGHT, "right")
    for sheets in ([left, right], [left], [right]):
        assert told(*sheets)[0] == "birth_table"


def test_a_parcel_table_is_told_from_a_table_of_births() -> None:
    assert told(table(PARCEL_HEAD, [["x"] * 9]))[0] == "parcel_table"


def test_misprints_cost_confidence_and_not_the_form() -> None:
    worn = [["So thú tự", "Ngàydăng", "Họ va tèn", "", "Sính ngay", "Nơi", "Dàn tôc", "Quoc tich"]]
    name, confidence = told(table(worn, LEFT))
    assert name == "birth_table"
    assert 0 < confidence <= told(table(LEFT_HEAD, LEFT))[1]


def test_a_cover_a_letter_and_a_blank_page_are_no_form() -> None:
    cover = ["BỘ TƯ PHÁP", "SỔ ĐĂNG KÝ KHAI SINH", "Mở ngày 01/01/2017"]
    letter = ["Kính gửi ông Nguyễn Văn An", "Về việc họp tổ dân phố ngày mai", "Trân trọng"]
    for texts in (cover, letter, []):
        lines = [line(t, box(0, 50 * i, 600, 50 * i + 30)) for i, t in enumerate(texts)]
        assert told(page(lines)) == ("", 0.0)


def test_no_sheets_and_no_forms_are_no_form() -> None:
    assert told() == ("", 0.0)
    assert recognise({}, [table(LEFT_HEAD, LEFT)]) == (None, 0.0)


def test_a_worn_page_takes_the_form_of_its_neighbours_and_a_letter_does_not() -> None:
    worn = table([["", "Ngàydăng", "", "", "Sính ngay", "", "", ""]], LEFT)
    alone, sure = recognise(FORMS, [worn])
    assert alone is None or sure < 0.6
    told, _sure = recognise(FORMS, [worn], "birth_table")
    assert told is not None
    assert told.id == "birth_table"
    letter = page([line("Kính gửi ông Nguyễn Văn An", box(0, 0, 600, 30))])
    assert recognise(FORMS, [letter], "birth_table") == (None, 0.0)


def test_neighbours_vote_and_covers_do_not() -> None:
    seen = [("book_cover", 0.9), ("birth_table", 0.9), ("", 0.0), ("birth_table", 0.8)]
    assert usual_forms(FORMS, seen) == ["birth_table"] * 4
    split = [("birth_table", 0.9), ("", 0.0), ("death_table", 0.9)]
    assert usual_forms(FORMS, split)[1] == ""
    assert usual_forms(FORMS, [("", 0.0)]) == [""]
