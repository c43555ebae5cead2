"""Cut lines out of pages, and their ink out of lines."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from pipeline.ocr.crops import crop, find_ink, inks_of, stretch_contrast, trim_to_ink
from pipeline.values import Line, PageImage, Pixels, Strokes

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
HAND = Path(__file__).parents[2] / "scripts" / "fonts" / "playwrite-vn.ttf"


def written(text: str = "Trần Thị Bưởi", font: str = FONT, grey: int = 20) -> Pixels:
    """A line with paper around it: 80 px high, its letters in rows 15 to 70."""
    face = ImageFont.truetype(font, 40 if font == FONT else 30)
    sheet = Image.new("L", (600, 80), 255)
    ImageDraw.Draw(sheet).text((100, 12), text, fill=grey, font=face)
    return np.array(sheet)


def box(pixels: Pixels) -> tuple[int, int, int, int]:
    found = find_ink(pixels)
    assert found is not None
    return tuple(found.box)


def near(first: tuple[int, ...], second: tuple[int, ...], px: int = 2) -> bool:
    return all(abs(a - b) <= px for a, b in zip(first, second, strict=True))


CLEAN = box(written())


def test_a_straight_outline_is_cut_out_pixel_by_pixel() -> None:
    page = np.arange(100 * 200, dtype=np.uint32).reshape(100, 200).astype(np.uint8)
    line = Line(((20, 10), (120, 10), (120, 40), (20, 40)))
    cut = crop(PageImage(page, 300.0, np.eye(3)), line)
    assert (cut == page[10:40, 20:120]).all()


@pytest.mark.parametrize("angle_deg", [-8.0, 3.0, 12.0])
def test_a_leaning_line_comes_out_level(angle_deg: float) -> None:
    flat = np.full((400, 800), 255, np.uint8)
    flat[150:230, 100:700] = written()
    turn = cv2.getRotationMatrix2D((400, 200), angle_deg, 1.0)
    page = np.asarray(cv2.warpAffine(flat, turn, (800, 400), borderValue=255), np.uint8)
    corners = (
        np.array([[100, 150], [700, 150], [700, 230], [100, 230]]) @ turn[:, :2].T + turn[:, 2]
    )
    outline = tuple((float(x), float(y)) for x, y in corners)
    cut = crop(PageImage(page, 300.0, np.eye(3)), Line(outline))
    assert cut.shape == (80, 600)
    assert near(box(cut), CLEAN)


def test_a_bent_outline_is_cut_by_the_frame_around_it() -> None:
    page = np.full((200, 800), 255, np.uint8)
    page[60:140, 100:700] = written()
    bent = ((100, 62), (400, 60), (700, 62), (700, 138), (400, 140), (100, 138))
    cut = crop(PageImage(page, 300.0, np.eye(3)), Line(bent))
    assert abs(cut.shape[0] - 80) <= 2
    assert abs(cut.shape[1] - 600) <= 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=0, max_size=7).map(
        tuple
    )
)
def test_any_outline_gives_a_crop(outline: tuple[tuple[float, float], ...]) -> None:
    page = PageImage(np.full((50, 60), 200, np.uint8), 300.0, np.eye(3))
    cut = crop(page, Line(outline))
    assert cut.dtype == np.uint8
    assert cut.ndim == 2
    assert cut.size > 0


@pytest.mark.parametrize("grey", [20, 120, 190])
@pytest.mark.parametrize("paper", [255, 200])
def test_pale_ink_becomes_black_on_white(grey: int, paper: int) -> None:
    pale = np.asarray(written(grey=grey) * (paper / 255), np.uint8)
    clear = stretch_contrast(pale)
    assert clear.min() < 30
    assert np.median(clear) == 255
    assert near(box(pale), CLEAN)


def test_a_shadow_across_the_line_is_no_ink() -> None:
    shade = np.linspace(1.0, 0.45, 600)
    assert near(box(np.asarray(written() * shade, np.uint8)), CLEAN, 3)


@pytest.mark.parametrize("grey", [0, 90, 255])
def test_paper_without_ink_has_none(grey: int) -> None:
    rng = np.random.default_rng(1)
    grain = np.clip(rng.normal(grey, 2, (80, 600)), 0, 255).astype(np.uint8)
    assert find_ink(grain) is None
    assert trim_to_ink(grain).shape == (1, 1)


def test_a_lone_digit_in_a_wide_cell_is_found() -> None:
    wide = np.full((90, 1500), 240, np.uint8)
    wide[30:60, 700:704] = 40
    assert near(box(wide), (700, 30, 704, 60))


@pytest.mark.parametrize("font", [FONT, str(HAND)], ids=["print", "hand"])
@pytest.mark.parametrize("top", [0, 2, 74, 77])
def test_a_rule_along_the_line_is_left_out(font: str, top: int) -> None:
    ruled = written(font=font)
    expected = box(ruled)
    cv2.line(ruled, (0, top), (599, top + 2), 60, 2)
    assert near(box(ruled), expected)


@pytest.mark.parametrize("left", [1, 12, 590])
def test_a_rule_across_the_line_is_left_out(left: int) -> None:
    ruled = written()
    ruled[:, left : left + 3] = 60
    assert near(box(ruled), CLEAN)


@pytest.mark.parametrize("text", ["1968", "nt", "18/2/1980"])
def test_thin_letters_of_a_small_line_are_no_rules(text: str) -> None:
    face = ImageFont.truetype(FONT, 24)
    left, top, right, bottom = face.getbbox(text)
    sheet = Image.new("L", (round(right - left) + 10, round(bottom - top) + 9), 255)
    ImageDraw.Draw(sheet).text((5 - left, 5 - top), text, fill=20, font=face)
    pixels = np.array(sheet)
    assert pixels.shape[0] < 32
    columns, rows = (
        np.flatnonzero((pixels < 128).any(axis=0)),
        np.flatnonzero((pixels < 128).any(axis=1)),
    )
    expected = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert near(box(pixels), tuple(map(int, expected)), px=1)


def test_a_cells_rule_goes_with_what_is_beyond_it_though_neighbours_reach_in() -> None:
    cell = written()
    cell[:, 560:563] = 60
    cell[:9, 200:216] = 30  # the tail of a g above, as wide as it is cut
    cell[-8:, 300:318] = 30  # and the head of a letter below
    cell[40:44, 590:593] = 90  # a speck of the next column
    assert near(box(cell), CLEAN)


def test_tails_of_the_neighbours_are_left_out() -> None:
    crowded = written()
    crowded[:7, 300:306] = 20  # a g from above
    crowded[72:, 150:190] = 20  # the head of a capital below
    assert near(box(crowded), CLEAN)


@pytest.mark.parametrize("text", ["Bưởi", "l", "1", "17", "Ý", "gỹ", "- nt -", "I. Họ tên", "Đ"])
@pytest.mark.parametrize("font", [FONT, str(HAND)], ids=["print", "hand"])
def test_nothing_of_a_tight_crop_is_lost(text: str, font: str) -> None:
    left, top, right, bottom = box(written(text, font))
    tight = written(text, font)[top:bottom, left:right]
    assert near(box(tight), (0, 0, right - left, bottom - top))


def test_the_crop_is_not_written_on() -> None:
    pixels = written()
    pixels[2] = 0
    before = pixels.copy()
    trim_to_ink(pixels)
    assert (pixels == before).all()


def test_strokes_of_other_lines_are_not_shown() -> None:
    pixels = np.full((120, 300), 255, np.uint8)
    pixels[40:60, 20:120] = 30  # of the line
    pixels[10:30, 200:280] = 30  # a neighbour's tail, well inside the outline
    owners = np.full((60, 150), -1, np.int32)
    owners[20:30, 10:60] = 0
    owners[5:15, 100:140] = 1
    image = PageImage(pixels, 200.0, np.eye(3))
    whole = Line(((0, 0), (300, 0), (300, 120), (0, 120)))
    lines = [whole, whole]
    first, second = inks_of(image, lines, Strokes(owners, 2.0))
    assert first is not None and second is not None
    assert (first.box.left, first.box.right) == (20, 120)
    assert (second.box.left, second.box.right) == (200, 280)
    (both,) = inks_of(image, [whole])
    assert both is not None
    assert (both.box.left, both.box.right) == (20, 280)
