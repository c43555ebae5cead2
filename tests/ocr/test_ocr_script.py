"""How a line was put on the paper."""

import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.ocr.crops import find_ink
from pipeline.ocr.script import FEATURES, SCRIPTS, load_weights, tell_script, tell_scripts
from pipeline.values import Pixels

TYPE = Path("/usr/share/fonts/truetype")
HANDS = Path(__file__).parents[2] / "scripts" / "fonts"
TEXT = "Trần Thị Bưởi, thôn Đông Kỳ, xã Phú Đông"


def written(text: str, font: Path, size: int = 40) -> Pixels:
    """A line in a face, on white."""
    face = ImageFont.truetype(str(font), size)
    sheet = Image.new("L", (int(face.getlength(text)) + 20, 3 * size), 255)
    ImageDraw.Draw(sheet).text((10, size // 2), text, fill=30, font=face)
    return np.array(sheet)


@pytest.mark.parametrize(
    ("font", "script"),
    [
        (TYPE / "freefont" / "FreeSerif.ttf", "print"),
        (TYPE / "dejavu" / "DejaVuSerif.ttf", "print"),
        (TYPE / "freefont" / "FreeMono.ttf", "typewriter"),
        (HANDS / "playwrite-vn.ttf", "handwriting"),
        (HANDS / "charm.ttf", "handwriting"),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else value,
)
def test_a_clean_line_is_told_by_its_face(font: Path, script: str) -> None:
    told, sure = tell_script(find_ink(written(TEXT, font)))
    assert told == script
    assert 0.5 < sure <= 1


def test_a_printed_label_with_handwriting_counts_as_handwriting() -> None:
    label = written("Họ và tên: ", TYPE / "freefont" / "FreeSerif.ttf")
    name = written("Nguyễn Văn Tám, thôn Đông", HANDS / "playwrite-vn.ttf", 32)
    height = max(label.shape[0], name.shape[0])
    both = [
        np.pad(part, ((0, height - part.shape[0]), (0, 0)), constant_values=255)
        for part in (label, name)
    ]
    assert tell_script(find_ink(np.hstack(both)))[0] == "handwriting"


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (40, 3), (60, 300)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_crop_without_letters_gets_a_script_too(shape: tuple[int, int], grey: int) -> None:
    script, sure = tell_script(find_ink(np.full(shape, grey, np.uint8)))
    assert script in SCRIPTS
    assert 0 <= sure <= 1


def test_short_entries_lean_on_the_rest_of_the_page() -> None:
    hand = HANDS / "charm.ttf"
    short = ["Nam", "Nữ", "25", "Kinh", "1987", "- nt -", "8/3/1962"]
    inks = [find_ink(written(text, hand, 32)) for text in [TEXT] * 8 + short]
    cells = [(row, 1) for row in range(4, 4 + len(inks))]
    alone, amid = (
        Counter(script for script, _sure in tell_scripts(inks, place)[8:])["handwriting"]
        for place in ([None] * len(inks), cells)
    )
    assert alone < amid == len(short)


def test_no_lines_no_scripts() -> None:
    assert tell_scripts([], []) == []


def test_the_shipped_weights_fit_the_features() -> None:
    weights = load_weights()
    assert weights.hidden.shape[0] == len(FEATURES) == len(weights.mean)
    assert weights.out.shape[1] == len(SCRIPTS)


@pytest.mark.corpus
def test_real_handwriting_is_told_as_handwriting(corpus: Path) -> None:
    home = corpus / "handwriting"
    rows = (home / "lines.jsonl").read_text(encoding="utf-8").splitlines()
    files = [json.loads(row)["file"] for row in rows[::64]]
    told = Counter(
        tell_script(find_ink(np.asarray(cv2.imread(str(home / file), 0), np.uint8)))[0]
        for file in files
    )
    assert told["handwriting"] / len(files) > 0.95
