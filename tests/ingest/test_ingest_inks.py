"""Red seals fade from a page, red notes stand by themselves; rules and pages in red stay."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.ingest.files import open_frame, survey
from pipeline.ingest.inks import part_inks
from pipeline.settings import IngestSettings
from pipeline.values import Pixels

DPI = 200.0
PAPER, BLUE, RED = (238, 228, 200), (38, 52, 120), (205, 45, 55)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def paper() -> Pixels:
    return np.full((900, 1200, 3), PAPER, np.uint8)


def inked(page: Pixels, other: Pixels, colour: tuple[int, int, int]) -> Pixels:
    """Lay one ink over whatever is on the page; `other` is white where it was drawn."""
    light = np.where(other[..., None] > 0, np.array(colour) / 255, 1.0)
    return (page * light).astype(np.uint8)


def drawn(*, seal: bool = False, note: bool = False, text: bool = True) -> Pixels:
    page = paper()
    if text:
        layer = np.zeros(page.shape[:2], np.uint8)
        cv2.putText(layer, "Nguyen Van Hung", (300, 450), FONT, 2, 255, 5)
        page = inked(page, layer, BLUE)
    layer = np.zeros(page.shape[:2], np.uint8)
    if seal:
        cv2.circle(layer, (500, 430), 135, 255, 6)
        cv2.circle(layer, (500, 430), 80, 255, 4)
        cv2.putText(layer, "UBND XA", (420, 340), FONT, 1, 255, 3)
    if note:
        cv2.putText(layer, "Cai chinh 1980", (320, 480), FONT, 1.2, 255, 3)
    return inked(page, layer, RED)


def darkness(grey: Pixels, at: tuple[slice, slice]) -> float:
    return float(grey.max()) - float(np.percentile(grey[at], 2))


def test_under_a_seal_the_writing_stays_and_the_seal_goes() -> None:
    parts = part_inks(Image.fromarray(drawn(seal=True)), DPI)
    assert parts is not None
    assert parts.red is None
    plain = cv2.cvtColor(drawn(), cv2.COLOR_RGB2GRAY)
    assert np.abs(parts.grey.astype(int) - plain).mean() < 0.5
    ring = (slice(285, 310), slice(480, 520))  # nothing but the seal's ring is there
    assert darkness(cv2.cvtColor(drawn(seal=True), cv2.COLOR_RGB2GRAY), ring) > 80
    assert darkness(parts.grey, ring) < 20
    stem = (slice(400, 452), slice(300, 330))
    assert darkness(parts.grey, stem) > 100


def test_a_note_in_red_is_taken_apart_from_what_it_crosses() -> None:
    parts = part_inks(Image.fromarray(drawn(note=True)), DPI)
    assert parts is not None
    assert parts.red is not None
    alone = cv2.cvtColor(drawn(note=True, text=False), cv2.COLOR_RGB2GRAY) < 150
    found = parts.red < 150
    assert (found & alone).sum() > 0.8 * alone.sum()
    assert (found & ~cv2.dilate(alone.astype(np.uint8), np.ones((5, 5))).astype(bool)).sum() == 0
    plain = cv2.cvtColor(drawn(), cv2.COLOR_RGB2GRAY)
    assert np.abs(parts.grey.astype(int) - plain).mean() < 0.5


def red_rules() -> Pixels:
    layer = np.zeros((900, 1200), np.uint8)
    for x in range(100, 1101, 200):
        cv2.line(layer, (x, 100), (x, 800), 255, 3)
    for y in range(100, 801, 100):
        cv2.line(layer, (100, y), (1100, y), 255, 3)
    return inked(drawn(), layer, RED)


def all_in_red() -> Pixels:
    layer = np.zeros((900, 1200), np.uint8)
    for y in range(150, 850, 100):
        cv2.putText(layer, "Nguyen Van Hung 1980", (100, y), FONT, 1.5, 255, 3)
    return inked(paper(), layer, RED)


def brown_stain() -> Pixels:
    page = drawn().astype(np.float32)
    ys, xs = np.mgrid[: page.shape[0], : page.shape[1]]
    inside = np.hypot(ys - 450, xs - 600) < 200
    page[inside] *= np.array([0.93, 0.88, 0.8])
    return page.astype(np.uint8)


@pytest.mark.parametrize("page", [drawn(), red_rules(), all_in_red(), brown_stain()],
                         ids=["no red", "rules", "all in red", "a stain"])  # fmt: skip
def test_what_is_no_seal_and_no_note_stays(page: Pixels) -> None:
    assert part_inks(Image.fromarray(page), DPI) is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_an_opened_page_has_its_red_ink_apart_and_a_survey_sees_it_whole(
    tmp_path: Path, kind: str
) -> None:
    stream = io.BytesIO()
    options = {"quality": 92} if kind == "JPEG" else {}
    picture = Image.fromarray(drawn(note=True))
    picture.save(stream, kind, dpi=(DPI, DPI), **options)
    file = tmp_path / "page"
    file.write_bytes(stream.getvalue())
    image = open_frame(file, 1, "page", IngestSettings())
    assert image.red is not None
    assert image.red.pixels.shape == image.pixels.shape
    assert (image.red.pixels < 128).sum() > 500
    plain = np.asarray(Image.fromarray(drawn()).convert("L"))
    assert np.abs(image.pixels.astype(int) - plain).mean() < 1.5
    [seen] = survey([file], IngestSettings())
    assert (seen.frames[0].width_px, seen.frames[0].height_px) == picture.size  # type: ignore[union-attr]


def test_a_grey_page_has_no_red_ink(tmp_path: Path) -> None:
    file = tmp_path / "grey.png"
    Image.fromarray(drawn(note=True)).convert("L").save(file, dpi=(DPI, DPI))
    assert open_frame(file, 1, "grey", IngestSettings()).red is None
