"""What a page is worth: blur, blank, and the same page twice."""

import cv2
import numpy as np
import pytest
from ingest_samples import A4_200, written_page

from pipeline.ingest.checks import (
    INK_SHARE,
    edge_width,
    find_ink,
    ink_share,
    is_duplicate,
    look_of,
)
from pipeline.settings import IngestSettings
from pipeline.values import Pixels

DPI = 200
MAX_BLUR = IngestSettings().max_blur
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
