"""Tick boxes are found, ticked or not, with the ink in them; words near by stay."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.layout.boxes import erase_boxes, find_tick_boxes
from pipeline.values import PageImage, Pixels, TickBox

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

from synthesis.books import Order
from synthesize_pages import synthesize

SIDE = 44  # 3.7 mm at 300 dpi


def paper() -> Pixels:
    return np.full((900, 1200), 235, np.uint8)


def draw_box(pixels: Pixels, x: int, y: int, tick: str = "") -> None:
    cv2.rectangle(pixels, (x, y), (x + SIDE, y + SIDE), 60, 3)
    if tick in ("x", "huge"):
        out = 6 if tick == "x" else 20
        cv2.line(pixels, (x - out, y - out), (x + SIDE + out, y + SIDE + out), 60, 4)
        cv2.line(pixels, (x - out, y + SIDE + out), (x + SIDE + out, y - out), 60, 4)
    if tick == "v":
        cv2.polylines(pixels, [np.array([(x + 4, y + 20), (x + 16, y + 36), (x + 50, y - 10)])],
                      isClosed=False, color=60, thickness=4)  # fmt: skip


def boxes_of(pixels: Pixels) -> tuple[TickBox, ...]:
    return find_tick_boxes(PageImage(pixels, 300.0, np.eye(3)))


@pytest.mark.parametrize("tick", ["x", "v", "huge"])
def test_a_tick_is_ink_inside_and_the_printed_outline_is_none(tick: str) -> None:
    pixels = paper()
    for row in range(4):
        draw_box(pixels, 300, 100 + 130 * row, tick if row == 2 else "")
    ink = [box.ink for box in boxes_of(pixels)]
    assert len(ink) == 4
    assert ink[2] > 0.15
    assert max(ink[0], ink[1], ink[3]) < 0.02


def test_boxes_beside_one_another_are_found_too() -> None:
    pixels = paper()
    draw_box(pixels, 200, 300)
    draw_box(pixels, 520, 302, "x")
    first, second = sorted(boxes_of(pixels), key=lambda box: box.polygon)
    assert first.polygon[0] == pytest.approx((200, 300), abs=4)
    assert second.ink > 0.15 > first.ink


def test_a_square_alone_and_squares_for_digits_are_no_tick_boxes() -> None:
    pixels = paper()
    draw_box(pixels, 300, 100)
    assert boxes_of(pixels) == ()
    for digit in range(9):
        draw_box(pixels, 300 + digit * (SIDE + 12), 500)
    assert boxes_of(pixels) == ()


def test_what_is_erased_is_the_box_with_its_tick_and_not_the_words() -> None:
    pixels = paper()
    words = paper()
    for row, text in enumerate(("Dung han", "Qua han")):
        at = (300 + SIDE + 22, 138 + 130 * row)
        cv2.putText(words, text, at, cv2.FONT_HERSHEY_SIMPLEX, 1.4, 60, 3)
    pixels[:] = words
    draw_box(pixels, 300, 100, "v")
    draw_box(pixels, 300, 230)
    image = PageImage(pixels, 300.0, np.eye(3))
    clean = erase_boxes(image, find_tick_boxes(image)).pixels
    assert clean[:, : 300 + SIDE + 8].min() > 215
    assert (clean[:, 300 + SIDE + 20 :] == words[:, 300 + SIDE + 20 :]).mean() > 0.999


def page(folder: Path, form: str, degrade: str) -> tuple[PageImage, list[list[float]]]:
    """Return an invented page with the outlines of its true ticks."""
    # fmt: off
    order = Order(form=form, pages=1, seed=4, dpi=200, shipped=True, degrade=degrade, entries=6)
    # fmt: on
    pages = list(synthesize(order, folder))
    with Image.open(folder / "0001.jpg") as scan:
        pixels = np.asarray(scan.convert("L"))
    records = [record for side in pages for record in side["records"]]
    ticks = [record["fields"].get("loaiDangKy", {}).get("polygon") for record in records]
    return PageImage(pixels, 200.0, np.eye(3)), [tick for tick in ticks if tick]


@pytest.mark.parametrize("degrade", ["light", "heavy"])
def test_every_box_of_an_invented_form_is_found_and_the_ticked_ones_stand_out(
    degrade: str, tmp_path: Path
) -> None:
    image, ticks = page(tmp_path, "birth_form", degrade)
    boxes = find_tick_boxes(image)
    assert len(boxes) == 6 * len(ticks) > 0
    inked = [box for box in boxes if box.ink > 0.1]
    assert len(inked) == len(ticks)
    middles = [np.mean(box.polygon, axis=0) for box in inked]
    for tick in ticks:
        assert min(np.abs(np.mean(tick, axis=0) - middle).max() for middle in middles) < 8
    assert max(box.ink for box in boxes if box not in inked) < 0.03


@pytest.mark.parametrize("form", ["birth_table", "parcel_table"])
def test_a_table_has_no_tick_boxes(form: str, tmp_path: Path) -> None:
    image, _ticks = page(tmp_path, form, "light")
    assert find_tick_boxes(image) == ()
