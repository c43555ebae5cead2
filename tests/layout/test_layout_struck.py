"""Words struck out are told by the stroke and by what the reader left out, never by one alone."""

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.extract import reasons
from pipeline.flow.page import ScanJob, read_scan
from pipeline.ingest.files import Survey, survey
from pipeline.layout.struck import mark_struck
from pipeline.settings import load_settings
from pipeline.values import Letter, Line, Page, Strokes

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

import synthesis.sheets
from synthesis.books import Order
from synthesize_pages import synthesize

DPI = 150.0
STROKE = ((5, 20), (115, 22))


def ink(*, stroke: tuple[tuple[int, int], tuple[int, int]] | None) -> Strokes:
    """Draw a row of upright bars as letters, 20 mm long, and a stroke through the first of them."""
    pixels = np.full((40, 240), -1, np.int32)
    drawn = np.zeros((40, 240), np.uint8)
    for x in range(8, 232, 12):
        cv2.line(drawn, (x, 6), (x, 34), 1, 2)
    if stroke:
        cv2.line(drawn, *stroke, 1, 2)
    pixels[drawn > 0] = 0
    return Strokes(pixels, 1.0)


def line(first: float) -> Line:
    """Return a line whose letters begin at a fraction of its width."""
    step = (1 - first) / 10
    letters = tuple(Letter("a", first + step * n, first + step * (n + 0.9), 0.9) for n in range(10))
    return Line(((0, 0), (239, 0), (239, 39), (0, 39)), (1, 1), "a" * 10, 0.9, letters=letters)


def test_a_stroke_through_what_was_not_read_is_told() -> None:
    [marked] = mark_struck([line(0.5)], ink(stroke=STROKE), DPI)
    [(left, right)] = marked.struck
    assert left == pytest.approx(5 / 240, abs=0.03)
    assert right == pytest.approx(115 / 240, abs=0.03)


@pytest.mark.parametrize(
    ("first", "stroke"),
    [
        (0.5, None),  # ink that was not read, and no stroke
        (0.0, STROKE),  # a stroke through letters that were read: the bar of a t
        (0.5, ((5, 38), (115, 38))),  # underlined
        (0.5, ((5, 0), (115, 39))),  # too steep
    ],
)
def test_one_of_the_two_alone_is_not(
    first: float, stroke: tuple[tuple[int, int], tuple[int, int]] | None
) -> None:
    assert mark_struck([line(first)], ink(stroke=stroke), DPI)[0].struck == ()


def test_a_line_without_letters_and_one_beyond_the_picture_are_left_alone() -> None:
    empty = replace(line(0.5), text="", letters=())
    outside = replace(line(0.5), polygon=((300, 0), (500, 0), (500, 30), (300, 30)))
    for one in (empty, outside):
        assert mark_struck([one], ink(stroke=STROKE), DPI)[0].struck == ()


def test_struck_beginnings_on_a_page_are_doubts_of_their_fields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slips: list[float] = []
    real = synthesis.sheets.slip

    def slip(*given: object) -> float:
        slips.append(real(*given))  # type: ignore[arg-type]
        return slips[-1]

    monkeypatch.setattr(synthesis.sheets, "slip", slip)
    monkeypatch.setattr(synthesis.sheets, "SLIPS", 0.5)
    order = Order(form="birth_table", layout="ks-table-one-c", seed=7, degrade="none", shipped=True)
    list(synthesize(order, tmp_path))
    file = tmp_path / "0001.jpg"
    settings = load_settings(tmp_path, "thu")
    [found] = survey([file], settings.ingest)
    assert isinstance(found, Survey)
    seen = found.frames[0]
    page = Page(
        "B", 1, found.sha256, 1, seen.width_px, seen.height_px, seen.dpi, seen.quality, seen.look
    )
    job = ScanJob(file, file.name, found.sha256, page, "", (0, 0), settings)
    doubted = [
        doubt.key
        for side in read_scan(job).readings
        for record in side.records
        for doubt in record.doubts
        if doubt.reason == reasons.STRUCK_OUT
    ]
    written = sum(width > 0 for width in slips)
    assert 0.3 * written <= len(doubted) <= written  # short ones are mostly read as letters
