"""A page's lines, each read by the engine for its script."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from jiwer import cer
from PIL import Image, ImageDraw, ImageFont

from pipeline.errors import ReadingError
from pipeline.ocr.crops import Ink, inks_of
from pipeline.ocr.engines import Engine, ctc_onnx, tesseract
from pipeline.ocr.reading import Unread, read_crop, read_pages, reread
from pipeline.settings import OcrSettings, shipped
from pipeline.values import Line, PageImage, Pixels, Script

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from line_pictures import bare, real_lines

HAND = Path(__file__).parents[2] / "scripts" / "fonts" / "charm.ttf"
PRINT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
LABEL = "Họ, chữ đệm, tên người được khai sinh"


class Echo:
    """An engine that answers with its name and counts its calls."""

    def __init__(self, name: str) -> None:
        self.name = self.reader = self.version = name
        self.calls: list[str] = []

    def read(self, lines: Sequence[Line], inks: Sequence[Ink | None], kind: str = "") -> list[Line]:
        self.calls.append(kind)
        return [replace(line, text=self.name, engine=self.name) for line in lines]

    def reread(
        self, line: Line, part: tuple[float, float], kind: str, said: tuple[str, ...]
    ) -> Line | None:
        return replace(line, text=f"{kind} {part} {said}")

    def legibility(self, crops: Sequence[Pixels]) -> float:
        return 0.5


def page(texts: Sequence[tuple[str, str]]) -> tuple[PageImage, list[Line]]:
    """A page with a line every 90 px, each in a face of its own."""
    sheet = Image.new("L", (1200, 90 * len(texts)), 255)
    draw, lines = ImageDraw.Draw(sheet), []
    for row, (text, font) in enumerate(texts):
        top = 90 * row
        draw.text((20, top + 15), text, fill=20, font=ImageFont.truetype(font, 40))
        lines.append(Line(((0, top), (1200, top), (1200, top + 90), (0, top + 90))))
    return PageImage(np.array(sheet), 300.0, np.eye(3)), lines


def engines(print_: Engine, typewriter: Engine, hand: Engine) -> dict[Script, Engine]:
    return {"print": print_, "typewriter": typewriter, "handwriting": hand}


MIXED = [(LABEL, PRINT), ("Trần Thị Bưởi, thôn Đông Kỳ", str(HAND)), (LABEL, PRINT)]


def test_each_line_goes_to_the_engine_for_its_script_and_back_to_its_place() -> None:
    image, lines = page(MIXED)
    printed, hand = Echo("printed"), Echo("hand")
    (read,) = read_pages([Unread(image, lines)], engines(printed, printed, hand))
    assert [line.text for line in read] == ["printed", "hand", "printed"]
    assert [line.script for line in read] == ["print", "handwriting", "print"]
    assert [line.polygon for line in read] == [line.polygon for line in lines]


def test_an_engine_is_called_once_a_page() -> None:
    image, lines = page(MIXED)
    one = Echo("one")
    assert len(read_pages([Unread(image, lines)], engines(one, one, one))[0]) == 3
    assert len(one.calls) == 1


def test_a_page_without_lines_has_no_readings() -> None:
    image, _lines = page(MIXED)
    one = Echo("one")
    assert read_pages([Unread(image, [])], engines(one, one, one)) == [()]
    assert one.calls == []


@pytest.mark.parametrize("kind", ["int", "person_name", ""])
def test_the_engine_is_told_the_kind_of_a_line(kind: str) -> None:
    image, _lines = page(MIXED[:1])
    one = Echo("one")
    assert read_crop(image, engines(one, one, one), kind).text == "one"
    assert one.calls == [kind]


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    for file in (shipped("ocr_models") / "vie" / "asternet").glob("*.[jt][sx]*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "asternet.onnx").write_bytes(b"something else")
    with pytest.raises(ReadingError, match="SHA-256"):
        ctc_onnx.load_model(tmp_path)


def test_a_model_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(ReadingError, match="nowhere"):
        ctc_onnx.create(OcrSettings(hand_model="nowhere"))


@pytest.mark.parametrize("engine", [ctc_onnx, tesseract])
def test_a_page_that_takes_too_long_is_given_up(engine: ModuleType) -> None:
    image, lines = page([("Số " + "7" * digits, PRINT) for digits in range(1, 9)])
    hurried = engine.create(OcrSettings(page_seconds=0.0001))
    with pytest.raises(ReadingError, match="page_seconds"):
        hurried.read(lines, inks_of(image, lines))


def test_a_line_far_longer_than_the_network_bears_is_read_whole() -> None:
    text = "Ngày tám tháng ba năm một nghìn chín trăm sáu mươi hai tại xã Phú Đông"
    text = f"{text} {text} {text}"
    face = ImageFont.truetype(PRINT, 28)
    sheet = Image.new("L", (int(face.getlength(text)) + 40, 60), 255)
    ImageDraw.Draw(sheet).text((20, 10), text, fill=20, font=face)
    image = PageImage(np.array(sheet), 200.0, np.eye(3))
    engine = ctc_onnx.create(OcrSettings())
    line = read_crop(image, engines(engine, engine, engine))
    assert cer(text, line.text) < 0.03
    assert "".join(letter.text for letter in line.letters) == line.text


@pytest.mark.corpus
@pytest.mark.parametrize("known", [True, False], ids=["table cells", "address lines"])
def test_real_handwriting_of_unseen_writers_is_read_at_least_so_well(
    corpus: Path, *, known: bool
) -> None:
    held = [line for line in real_lines(corpus, "held") if ("/" not in line.group) == known]
    some = held[:: len(held) // 30]
    engine = ctc_onnx.create(OcrSettings())
    read = [
        read_crop(PageImage(line.pixels, 200.0, np.eye(3)), engines(engine, engine, engine)).text
        for line in some
    ]
    assert cer([bare(line.text) for line in some], [bare(text) for text in read]) < 0.10


@pytest.mark.parametrize("name", ["ctc_onnx", "tesseract"])
def test_print_is_read_at_least_so_well(name: str) -> None:
    texts = [
        "UBND xã Phú Đông, huyện Ba Vì",
        "Nơi sinh: Trạm y tế xã Yên Sở",
        "Dân tộc: Kinh. Quốc tịch: Việt Nam",
        "Ngày, tháng, năm đăng ký: 08/3/1962",
        "Họ và tên người đi khai: Lê Quang Ẩn",
        "Số định danh cá nhân: 001162004567",
    ]
    faces = [PRINT, "/usr/share/fonts/truetype/freefont/FreeSerif.ttf"]
    image, lines = page([(text, face) for text in texts for face in faces])
    engine: Engine = {"ctc_onnx": ctc_onnx, "tesseract": tesseract}[name].create(OcrSettings())
    read = [line.text for line in engine.read(lines, inks_of(image, lines))]
    assert cer([text for text in texts for _face in faces], read) < 0.02


def test_the_pages_of_a_spread_are_read_in_one_call() -> None:
    image, lines = page(MIXED)
    one = Echo("one")
    read = read_pages(
        [Unread(image, lines), Unread(image, []), Unread(image, lines[:1])], engines(one, one, one)
    )
    assert [len(some) for some in read] == [3, 0, 1]
    assert [line.polygon for line in read[2]] == [lines[0].polygon]
    assert len(one.calls) == 1


def test_a_line_is_read_again_by_the_engine_that_read_it() -> None:
    image, lines = page(MIXED[:1])
    one, other = Echo("one"), Echo("other")
    ((line,),) = read_pages([Unread(image, lines)], engines(one, one, one))
    ways = engines(other, other, one)
    told = reread(ways, line, (0.0, 0.5), "place_text", ("a",))
    assert told is not None
    assert told.text == "place_text (0.0, 0.5) ('a',)"
    assert reread(ways, replace(line, engine="gone"), (0.0, 1.0), "", ()) is None
