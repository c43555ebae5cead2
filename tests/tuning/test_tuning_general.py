"""The general set that comes with the program."""

import unicodedata

import numpy as np
import pytest

from pipeline.ocr.engines.ctc_onnx import load_model
from pipeline.settings import shipped
from pipeline.tuning.general import STRIP_PX, TextLine, check_lines, pack, replay_lines, unpack
from pipeline.tuning.steps import least_steps

FOLDER = shipped("ocr_models") / "vie"


@pytest.fixture(scope="module", params=[replay_lines, check_lines])
def lines(request: pytest.FixtureRequest) -> list[TextLine]:
    return request.param()


def test_there_are_lines_enough_and_they_are_small() -> None:
    assert len(replay_lines()) >= 400
    assert len(check_lines()) >= 300
    assert sum(file.stat().st_size for file in (FOLDER / "general").iterdir()) < 2_500_000


def test_the_shipped_reader_can_write_every_line(lines: list[TextLine]) -> None:
    letters = set(load_model(FOLDER / "hand").characters)
    for pixels, text in lines:
        assert set(text) <= letters
        assert text == unicodedata.normalize("NFC", text).strip()
        assert text
        assert pixels.shape[0] == STRIP_PX
        assert pixels.min() < 128 < pixels.max()


def test_it_holds_names_numbers_dates_and_capitals(lines: list[TextLine]) -> None:
    texts = [text for _pixels, text in lines]
    assert sum(text.isdecimal() for text in texts) > 5
    assert sum(text.istitle() for text in texts) > 50
    assert sum(text.isupper() for text in texts) > 10
    assert sum(text.count("/") == 2 for text in texts) > 3


def test_no_line_is_in_both() -> None:
    seen = {pixels.tobytes() for pixels, _text in replay_lines()}
    assert not any(pixels.tobytes() in seen for pixels, _text in check_lines())


@pytest.mark.parametrize(("text", "steps"), [("", 0), ("abc", 3), ("aab", 4), ("aaa", 5)])
def test_equal_letters_need_a_step_between_them(text: str, steps: int) -> None:
    assert least_steps(text) == steps


def test_what_is_packed_comes_back() -> None:
    drawn = [(np.full((STRIP_PX, width), 200, np.uint8), f"số {width}") for width in (40, 90)]
    for (pixels, text), (back, same) in zip(drawn, unpack(pack(drawn)), strict=True):
        assert same == text
        assert back.shape == pixels.shape
        assert np.abs(back.astype(int) - pixels).max() < 8
