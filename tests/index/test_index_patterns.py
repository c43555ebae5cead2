import numpy as np
import pytest

from pipeline.index.documents import document
from pipeline.index.patterns import WORDS, most, row, score
from pipeline.index.query import parse
from tests.index.index_books import BIRTHS, birth


def scores(text: str, *names: str, **fields: str) -> list[float]:
    rows = [row(document(birth(at, name, **fields), BIRTHS)) for at, name in enumerate(names, 1)]
    words = np.array(rows, np.uint64).T
    assert words.shape == (2 * WORDS, len(names))
    return [round(float(one), 3) for one in score(words, parse(text))]


def test_the_whole_name_has_the_full_score_however_it_is_typed():
    for text in ("Nguyễn Thị Lan", "nguyen thi lan", "lan nguyen thi", "NGUYỄN thị lan"):
        (found,) = scores(text, "Nguyễn Thị Lan")
        assert found == pytest.approx(most(parse(text)))


def test_a_misread_letter_costs_a_part_and_a_stranger_has_little():
    right, misread, stranger = scores(
        "nguyen thi lan", "Nguyễn Thị Lan", "Nguvễn Thị Lam", "Phạm Đức Hổ"
    )
    assert right > misread > 2 * stranger


def test_variants_and_abbreviations_that_are_written_are_found_whole():
    for text, name in (("hoàng an", "Huỳnh An"), ("nguyen an", "Ng. An")):
        assert scores(text, name) == [pytest.approx(most(parse(text)))]


def test_a_companion_is_found_under_its_role_and_less_without_one():
    asked, not_asked = "me tran thi hoa", "tran thi hoa"
    (named,) = scores(asked, "Lê Lan", meHoTen="Trần Thị Hoà")
    (unnamed,) = scores(not_asked, "Lê Lan", meHoTen="Trần Thị Hoà")
    assert named == pytest.approx(most(parse(asked)))
    assert 0 < unnamed < named


def test_letters_left_open_count_for_neither_side():
    right, other = scores("ng_yen l*", "Nguyễn Lan", "Phạm Đức")
    assert right == pytest.approx(most(parse("ng_yen l*")))
    assert other < right / 3
