"""Known damage in, the measure of it out."""

import cv2
import numpy as np
import pytest

from pipeline.quality.blur import edge_width
from pipeline.quality.exposure import clipping, grain
from pipeline.quality.ink import INK_SHARE, cut_strokes, find_ink, ink_share
from pipeline.quality.looks import is_duplicate, look_of
from pipeline.quality.profiles import profile_called
from pipeline.values import Pixels
from tests.ingest.ingest_samples import A4_200, written_page

DPI = 200
MAX_BLUR = profile_called("civil-status").limits["blurred"].look or 0.0
WIDTH, HEIGHT = A4_200


def noisy(page: Pixels, sigma: float, seed: int = 0) -> Pixels:
    grain = np.random.default_rng(seed).normal(0, sigma, page.shape)
    return np.clip(page + grain, 0, 255).astype(np.uint8)


def blurred(page: Pixels, sigma_at_300: float) -> Pixels:
    return cv2.GaussianBlur(page, (0, 0), sigma_at_300 * DPI / 300) if sigma_at_300 else page


def rescanned(page: Pixels, seed: int) -> Pixels:
    """The page put on the glass again: moved, askew, lighter or darker, other grain."""
    random = np.random.default_rng(seed)
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(random.uniform(-0.5, 0.5)), 1.0)
    turn[:, 2] += random.uniform(-2, 2, 2) / 25.4 * DPI
    moved = cv2.warpAffine(page, turn, (width, height), borderValue=230)
    light = moved * random.uniform(0.9, 1.03) + random.uniform(-8, 8)
    again = np.clip(light + random.normal(0, 3, page.shape), 0, 255).astype(np.uint8)
    _done, packed = cv2.imencode(".jpg", again, [cv2.IMWRITE_JPEG_QUALITY, 65])
    return cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)


def is_blank(page: Pixels) -> bool:
    return ink_share(find_ink(page, DPI)) < INK_SHARE


def look(page: Pixels) -> str:
    return look_of(find_ink(page, DPI))


@pytest.mark.parametrize("noise", [0, 6])
@pytest.mark.parametrize("fading", [1.0, 0.4])
def test_blur_grows_with_blur_whatever_the_noise_and_the_ink(noise: float, fading: float) -> None:
    page = (232 - (232 - written_page().astype(float)).clip(0) * fading).astype(np.uint8)
    widths = [
        edge_width(noisy(blurred(page, sigma), noise) if noise else blurred(page, sigma), DPI)
        for sigma in (0, 0.8, 1.5, 2.5, 4)
    ]
    assert widths == sorted(widths)
    assert widths[0] < MAX_BLUR < widths[3]


def test_a_page_without_writing_has_no_blur() -> None:
    assert edge_width(np.full((HEIGHT, WIDTH), 230, np.uint8), DPI) == 0


def test_large_pages_are_measured_in_strips_like_small_ones() -> None:
    page = written_page()
    assert edge_width(np.vstack([page, page]), DPI) == pytest.approx(edge_width(page, DPI), rel=0.1)


def empty_page() -> Pixels:
    return noisy(np.full((HEIGHT, WIDTH), 228, np.uint8), 3)


def on_dark_bed(page: Pixels) -> Pixels:
    bed = np.full_like(page, 40)
    bed[80:-120, 90:-90] = page[80:-120, 90:-90]
    return cv2.GaussianBlur(bed, (0, 0), 1.2)


def with_the_back_shining_through(page: Pixels) -> Pixels:
    back = cv2.GaussianBlur(written_page(9)[:, ::-1], (0, 0), 2).astype(float)
    return np.clip(page - (232 - back) * 0.15, 0, 255).astype(np.uint8)


def ruled_page() -> Pixels:
    return noisy(written_page(rows=0), 1)


@pytest.mark.parametrize(
    "page",
    [
        empty_page(),
        on_dark_bed(empty_page()),
        with_the_back_shining_through(empty_page()),
        ruled_page(),
        on_dark_bed(with_the_back_shining_through(ruled_page())),
        np.full((HEIGHT, WIDTH), 255, np.uint8),
    ],
    ids=["paper", "bed", "back", "rules", "all", "white"],
)
def test_a_page_without_writing_is_blank(page: Pixels) -> None:
    assert is_blank(page)


@pytest.mark.parametrize("rows", [1, 3, 24])
def test_a_page_with_a_line_of_writing_is_not_blank(rows: int) -> None:
    assert not is_blank(written_page(rows=rows))
    assert not is_blank(on_dark_bed(written_page(rows=rows)))


def test_a_page_scanned_twice_is_known_again() -> None:
    for seed in range(4):
        page = written_page(seed)
        assert is_duplicate(look(page), look(rescanned(page, seed)))


def test_other_writing_on_the_same_form_is_another_page() -> None:
    looks = [look(written_page(seed)) for seed in range(6)]
    pairs = [(a, b) for i, a in enumerate(looks) for b in looks[:i]]
    assert not any(is_duplicate(a, b) for a, b in pairs)


def test_blank_pages_are_nobodys_double() -> None:
    assert not is_duplicate("", "")
    assert not is_duplicate("", look(written_page()))
    assert not is_duplicate(look(empty_page()), look(empty_page()))


@pytest.mark.parametrize("sigma", [2, 5, 10, 20])
def test_noise_is_told_in_grey_levels_whatever_is_written(sigma: float) -> None:
    page = cv2.GaussianBlur(written_page(), (0, 0), 1.5)  # its own grain is smoothed away
    page = np.asarray(cv2.subtract(page, 60), np.uint8)  # and none is cut off at white
    assert grain(noisy(page, sigma)) == pytest.approx(sigma, rel=0.1, abs=0.4)


def test_shadows_and_folds_are_no_noise() -> None:
    fall = np.linspace(120, 240, WIDTH)[None, :] + np.zeros((HEIGHT, 1))
    fall[HEIGHT // 2 :] -= 15
    assert grain(fall.astype(np.uint8)) < 0.5


def test_a_page_smaller_than_a_tile_has_no_noise() -> None:
    assert grain(np.full((20, 20), 200, np.uint8)) == 0


@pytest.mark.parametrize("gain, least, most", [(1.0, 0.0, 0.01), (1.2, 0.95, 1.0)])
def test_paper_that_the_scanner_burnt_out_is_clipped(
    gain: float, least: float, most: float
) -> None:
    page = cv2.convertScaleAbs(written_page(), alpha=gain)
    assert least <= clipping(page, find_ink(page, DPI)).white <= most


def test_a_white_lid_around_the_paper_is_not_clipped_paper() -> None:
    page = cv2.copyMakeBorder(written_page(), 150, 150, 150, 150, cv2.BORDER_CONSTANT, value=255)
    assert clipping(page, find_ink(page, DPI)).white < 0.02


def test_strokes_that_the_scanner_made_black_are_clipped() -> None:
    page = written_page()
    dark = np.clip((page.astype(float) - 90) * 1.5, 0, 255).astype(np.uint8)
    assert clipping(page, find_ink(page, DPI)).black < 0.01
    assert clipping(dark, find_ink(dark, DPI)).black > 0.5


def test_a_page_without_writing_is_not_clipped() -> None:
    white = np.full((HEIGHT, WIDTH), 255, np.uint8)
    assert clipping(white, find_ink(white, DPI)) == (0.0, 0.0)


@pytest.mark.parametrize("side", range(4))
def test_writing_that_the_frame_cuts_is_counted_at_its_side(side: int) -> None:
    page = written_page()
    left, top, right, bottom = (side == at for at in range(4))
    line = HEIGHT // 28  # the cut goes through the middle of the letters
    part = page[
        10 * line - line // 2 if top else 0 : 10 * line - line // 2 if bottom else HEIGHT,
        WIDTH // 5 if left else 0 : WIDTH // 3 if right else WIDTH,
    ]
    cut = cut_strokes(find_ink(part, DPI))
    assert cut[side] >= 3
    assert sum(cut) == cut[side]


def test_whole_writing_rules_and_the_bed_are_not_cut() -> None:
    for page in (written_page(), on_dark_bed(written_page()), ruled_page(), ruled_page()[:, 300:]):
        assert cut_strokes(find_ink(page, DPI)) == (0, 0, 0, 0)


@pytest.mark.parametrize("slope", [0.004, 0.02])
def test_a_sliver_of_the_bed_along_the_frame_is_no_writing(slope: float) -> None:
    page = written_page()
    for row in range(HEIGHT):
        page[row, : int(row * slope)] = 40
    assert cut_strokes(find_ink(page, DPI))[0] < 3
