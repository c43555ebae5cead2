"""The contract that every engine keeps; it runs over all files of ocr/engines."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from math import inf

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline import plugs
from pipeline.ocr.crops import crop, inks_of
from pipeline.ocr.engines import Engine, ctc_onnx
from pipeline.settings import OcrSettings
from pipeline.values import Line, PageImage

FOLDER = "pipeline.ocr.engines"
TEXTS = ["Họ và tên: Trần Thị Bưởi", "Xã Phú Đông, huyện Ba Vì", "Ngày 08 tháng 3 năm 1962"]
ROW_PX = 80
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"


@cache
def engine(name: str) -> Engine:
    loaded: Engine = plugs.load(FOLDER, name).create(OcrSettings())
    return loaded


def page(texts: list[str]) -> tuple[PageImage, list[Line]]:
    """A white page with a printed line every ROW_PX, and the lines on it."""
    width = 900
    sheet = Image.new("L", (width, ROW_PX * len(texts)), 255)
    draw = ImageDraw.Draw(sheet)
    lines = []
    for row, text in enumerate(texts):
        top = row * ROW_PX
        draw.text((20, top + 15), text, fill=20, font=ImageFont.truetype(FONT, 40))
        polygon = ((0, top), (width, top), (width, top + ROW_PX), (0, top + ROW_PX))
        lines.append(Line(polygon, cell=(row + 1, 1)))
    return PageImage(np.array(sheet), 300.0, np.eye(3)), lines


def read(engine: Engine, image: PageImage, lines: list[Line], kind: str = "") -> list[Line]:
    return engine.read(lines, inks_of(image, lines), kind)


@pytest.fixture(params=plugs.names(FOLDER))
def any_engine(request: pytest.FixtureRequest) -> Engine:
    return engine(request.param)


def test_lines_come_back_in_order_with_their_places(any_engine: Engine) -> None:
    image, lines = page(TEXTS)
    told = read(any_engine, image, lines)
    assert [(line.polygon, line.cell) for line in told] == [
        (line.polygon, line.cell) for line in lines
    ]
    assert {line.engine for line in told} == {any_engine.name}


def test_clean_print_is_read_as_it_stands(any_engine: Engine) -> None:
    image, lines = page(TEXTS)
    assert [line.text for line in read(any_engine, image, lines)] == TEXTS


def test_letters_spell_the_text_from_left_to_right(any_engine: Engine) -> None:
    image, lines = page(TEXTS)
    for line in read(any_engine, image, lines):
        assert "".join(letter.text for letter in line.letters) == line.text
        edges = [edge for letter in line.letters for edge in (letter.left, letter.right)]
        assert edges == sorted(edges)
        assert 0 <= edges[0] <= edges[-1] <= 1


def test_confidences_are_probabilities(any_engine: Engine) -> None:
    image, lines = page(TEXTS)
    for line in read(any_engine, image, lines):
        told = [line.confidence, *(letter.confidence for letter in line.letters)]
        told += [other.confidence for other in line.alternatives]
        assert all(0 <= confidence <= 1 for confidence in told)
        assert line.confidence > 0.3
        assert line.text not in [other.text for other in line.alternatives]


def test_a_line_without_ink_has_no_text(any_engine: Engine) -> None:
    image, lines = page([TEXTS[0], "", TEXTS[1]])
    assert [line.text for line in read(any_engine, image, lines)] == [TEXTS[0], "", TEXTS[1]]


@pytest.mark.parametrize(
    "polygon",
    [
        ((0, 0), (0, 0), (0, 0), (0, 0)),
        ((5000, 5000), (5100, 5000), (5100, 5040), (5000, 5040)),
        ((inf, 0), (10, 0), (10, 10), (0, 10)),
        ((0, 0), (10, 0)),
        ((0, 0), (1, 0), (1, 1), (0, 1)),
    ],
    ids=["no extent", "off the page", "infinite", "two corners", "one pixel"],
)
def test_a_bad_line_does_not_fail_the_others(
    any_engine: Engine, polygon: tuple[tuple[float, float], ...]
) -> None:
    image, lines = page(TEXTS)
    bad = replace(lines[0], polygon=polygon)
    told = read(any_engine, image, [lines[0], bad, lines[1]])
    assert [line.text for line in told] == [TEXTS[0], "", TEXTS[1]]


def test_no_lines_no_answers(any_engine: Engine) -> None:
    image, _lines = page(TEXTS)
    assert read(any_engine, image, []) == []


def test_the_same_page_is_read_the_same_way(any_engine: Engine) -> None:
    image, lines = page(TEXTS)
    assert read(any_engine, image, lines) == read(any_engine, image, lines)


def test_the_page_is_not_written_on(any_engine: Engine) -> None:
    image, lines = page(TEXTS)
    before = image.pixels.copy()
    read(any_engine, image, lines)
    assert (image.pixels == before).all()


@pytest.mark.parametrize("turn", [cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE])
def test_upright_text_is_more_legible(any_engine: Engine, turn: int) -> None:
    image, lines = page(TEXTS)
    upright = [crop(image, line) for line in lines]
    turned = [np.asarray(cv2.rotate(pixels, turn), np.uint8) for pixels in upright]
    assert 0 <= any_engine.legibility(turned) < any_engine.legibility(upright) <= 1


def test_nothing_is_not_legible(any_engine: Engine) -> None:
    assert any_engine.legibility([]) == 0
    assert any_engine.legibility([np.full((40, 200), 255, np.uint8)]) == 0


def test_only_what_the_kind_is_written_with_is_read(any_engine: Engine) -> None:
    image, lines = page(["1O5 l7 Z3", "Bưởi"])
    told = read(any_engine, image, lines, kind="decimal")
    assert {letter for line in told for letter in line.text} <= set("0123456789,. ")
    assert told[0].text


def test_a_part_of_a_line_read_again_is_that_part(any_engine: Engine) -> None:
    image, lines = page(TEXTS)
    line = read(any_engine, image, lines)[0]
    start = line.text.index("Trần")
    part = (line.letters[start].left, line.letters[-1].right)
    again = any_engine.reread(line, part, "person_name", ())
    if again is None:  # an engine may keep nothing to read again
        assert line.signal is None
        return
    assert again.text == "Trần Thị Bưởi"
    assert again.letters[0].left == pytest.approx(0.0, abs=0.05)
    assert again.letters[-1].right == pytest.approx(1.0, abs=0.05)
    twice = any_engine.reread(again, (0.0, 1.0), "person_name", ())
    assert twice is not None
    assert twice.text == again.text


def test_digits_are_read_again_only_where_they_may_stand() -> None:
    image, lines = page(["1O37", "1037", "Bưởi"])
    # The reader that still takes 1O37 for what it looks like.
    plain = ctc_onnx.create(OcrSettings(hand_model="asternet", language=False))
    letters, digits, word = read(plain, image, lines)
    assert not letters.text.isdecimal()
    for line in (letters, digits):
        again = plain.reread(line, (0.0, 1.0), "digits", ())
        assert again is not None
        assert again.text == "1037"
        assert 0.3 < again.confidence <= 1
    assert plain.reread(word, (0.0, 1.0), "digits", ()) is None


def test_a_long_strip_is_read_in_overlapping_pieces_that_the_network_can_hold() -> None:
    strip = np.full((32, 5000), 255, np.uint8)
    strip[:, ::40] = 0
    strip[:, 1500:1540] = 255  # the widest gap
    cut = ctc_onnx.spans(strip, 2048)
    assert cut[0][0] == 0 and cut[-1][1] == 5000
    assert all(right - left <= 2048 for left, right in cut)
    assert all(after[0] < before[1] for before, after in pairwise(cut))
    assert cut[0][1] - ctc_onnx.OVERLAP_PX in range(1500, 1541)
    assert ctc_onnx.spans(strip[:, :2048], 2048) == [(0, 2048)]


def test_pieces_of_a_long_strip_join_without_lost_or_doubled_steps() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(0, 4, (1250, 20)).astype(np.float32)  # 5,000 px, 4 px a step
    whole = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    cut = [(0, 1628), (1368, 3000), (2744, 5000)]
    pieces = [whole[left // 4 : right // 4].copy() for left, right in cut]
    pieces[0][-12:] = np.log(1 / 20)  # a letter without its right neighbours is not known
    pieces[1][:12] = np.log(1 / 20)
    assert np.array_equal(ctc_onnx.join(pieces, cut), whole)
