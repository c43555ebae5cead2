"""Addresses that end with known places: found, proposed, and never forced."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from ocr_steps import seen

from pipeline.letters import nfc
from pipeline.ocr.decode import decode, spelt_probability
from pipeline.ocr.gazetteer import Unit, load_places, propose, read_places, sound, units_at_end
from pipeline.ocr.language import load_language

PLACES = load_places()
CHARACTERS = (
    "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
)
CHARACTERS += nfc(CHARACTERS.upper()) + "0123456789 ,./"


def clear(text: str) -> list[dict[str, float]]:
    return [{letter: 1.0} for letter in text]


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("thôn Đông, xã Phú Lâm, huyện Tiên Du, tỉnh Bắc Ninh", 3),
        ("Phú Lâm Tiên Du Bắc Ninh", 3),
        ("Phường 13, Quận Gò Vấp, TP Hồ Chí Minh", 3),
        ("Tp Vĩnh Long Vĩnh Long", 2),
        ("xã Hoà Bình, Thủy Nguyên, Hải Phòng", 3),
        ("xã Hòa Bình, Thuỷ Nguyên, Hải Phòng", 3),
        ("xã Gò Vấp, Bắc Ninh", 1),
        ("Bắc Ninh", 1),
        ("Trạm xá", 0),
        ("", 0),
    ],
)
def test_the_units_at_the_end_of_an_address_are_counted(text: str, units: int) -> None:
    assert units_at_end(text, PLACES) == units


def test_communes_of_2025_stand_in_their_provinces_without_a_district() -> None:
    assert units_at_end("Phường Ba Đình, Thành phố Hà Nội", PLACES) == 2


def test_a_name_that_is_like_a_known_one_is_proposed_and_the_rest_stays_as_written() -> None:
    assert propose("12 Lê Lợi, Tiên Dy, Bắc Ninh", PLACES) == ["12 Lê Lợi, Tiên Du, Bắc Ninh"]
    assert propose("Vị Thuỷ Vị Thúy Hậu Giang", PLACES)[:2] == [
        "Vị Thuỷ Vị Thuỷ Hậu Giang",
        "Vị Thuỷ Vị Thủy Hậu Giang",
    ]
    for known_or_strange in ("Phú Lâm Tiên Du Bắc Ninh", "Ksor H'Bhang", "Bắc Ninh", ""):
        assert propose(known_or_strange, PLACES) == []


def test_the_place_of_a_tone_does_not_change_the_sound() -> None:
    assert sound("Hoà Thuỷ") == sound("HÒA Thủy")
    assert sound("Hoà") != sound("Hoá")


def test_a_doubtful_letter_is_settled_by_where_places_lie() -> None:
    look = seen(CHARACTERS, *clear("Cấp Dẫn "), {"L": 0.97, "C": 0.03}, *clear("ẩm Khê Phú Thọ"))
    language = load_language("place", CHARACTERS)
    assert decode(look, CHARACTERS, language).text == "Cấp Dẫn Lẩm Khê Phú Thọ"
    read = decode(look, CHARACTERS, language, PLACES)
    assert read.text == "Cấp Dẫn Cẩm Khê Phú Thọ"
    assert "Cấp Dẫn Lẩm Khê Phú Thọ" in [other.text for other in read.alternatives]
    total = read.probability + sum(other.confidence for other in read.alternatives)
    assert total == pytest.approx(1, abs=0.01)


def test_what_is_written_clearly_stays_though_no_such_place_is_known() -> None:
    look = seen(CHARACTERS, *clear("Cấp Dẫn Lẩm Khê Phú Thọ"))
    language = load_language("place", CHARACTERS)
    assert decode(look, CHARACTERS, language, PLACES).text == "Cấp Dẫn Lẩm Khê Phú Thọ"


def test_a_spelling_has_the_probability_of_all_its_paths() -> None:
    steps = np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.4, 0.5, 0.1]])
    # a: a__ _a_ __a aa_ _aa aaa
    a = 0.3 * 0.1 * 0.4 + 0.5 * 0.6 * 0.4 + 0.5 * 0.1 * 0.5
    a += 0.3 * 0.6 * 0.4 + 0.5 * 0.6 * 0.5 + 0.3 * 0.6 * 0.5
    assert spelt_probability(steps.astype(np.float32), (1,)) == pytest.approx(a)
    assert spelt_probability(steps.astype(np.float32), (1, 1)) == pytest.approx(0.3 * 0.1 * 0.5)


def test_a_file_of_places_is_read_as_a_tree(tmp_path: Path) -> None:
    file = tmp_path / "places.tsv.gz"
    file.write_bytes(gzip.compress("Bắc Ninh\tTiên Du\tPhú Lâm|Lim\nHuế\t\tAn Cựu\n".encode()))
    tree = read_places(file)
    assert isinstance(tree, Unit)
    assert units_at_end("Lim Tiên Du Bắc Ninh", tree) == 3
    assert units_at_end("An Cựu, Huế", tree) == 2
