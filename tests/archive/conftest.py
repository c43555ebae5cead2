"""An invented book for the tests of the archive: scans drawn here, lines and records made up."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.values import (
    Alternative,
    Book,
    Cell,
    Doubt,
    FieldValue,
    Letter,
    Line,
    Master,
    Page,
    PageReading,
    Polygon,
    Quality,
    Record,
)

WIDTH, HEIGHT = 1240, 1754  # A4 at 150 dpi
DPI = 150.0
NAMES = ("Nguyễn Thị Bưởi", "Đặng Văn Hữu", "H’ Ŏŭƀ Ksơ̆r")


def box(left: float, top: float, width: float, height: float) -> Polygon:
    right, bottom = left + width, top + height
    return (left, top), (right, top), (right, bottom), (left, bottom)


def line(text: str, polygon: Polygon, confidence: float = 0.9) -> Line:
    return Line(polygon, text=text, confidence=confidence)


def noise(width: int = WIDTH, height: int = HEIGHT, mode: str = "RGB") -> Image.Image:
    samples = np.random.default_rng(1).integers(180, 255, (height // 8, width // 8, 3), np.uint8)
    return Image.fromarray(samples).resize((width, height)).convert(mode)


def packed(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return packed(noise(), "JPEG", quality=80)


@pytest.fixture
def page() -> Page:
    return Page("ks-1962", 7, "ab" * 32, 1, WIDTH, HEIGHT, DPI, Quality(3.0))


@pytest.fixture
def spread() -> tuple[PageReading, PageReading]:
    """A spread: a table on the left, two lines on the right, one of them with letters' places."""
    name = Line(
        box(110, 210, 280, 40),
        (2, 2),
        "Lê Na",
        0.875,
        "handwriting",
        (Alternative("Lê Nu", 0.1),),
        tuple(
            Letter(text, at / 10, (at + 1) / 10, 0.9 - at / 10) for at, text in enumerate("Lê Na")
        ),
        "ctc_onnx",
    )
    left = PageReading(
        "left",
        0,
        0.4,
        "birth_table",
        0.97,
        box(0, 0, 620, HEIGHT),
        (
            Cell(box(100, 100, 300, 100), 1, 2, is_header=True),
            Cell(box(100, 200, 300, 60), 2, 2),
            Cell(box(400, 200, 100, 60), 2, 3),
        ),
        (
            Line(box(110, 110, 200, 40), (1, 2), "Họ và tên", 0.95, "print"),
            name,
            Line(box(50, 40, 500, 40), None, "SỔ KHAI SINH năm 1962 <&>", 0.8, "typewriter"),
            Line(box(410, 210, 50, 40), (2, 3), "", 0.0),
        ),
    )
    right = PageReading(
        "right", 0, 0.0, "", 0.0, box(620, 0, 620, HEIGHT), (), (line("ở", box(700, 90, 40, 30)),)
    )
    return left, right


@dataclass(frozen=True)
class InventedBook:
    """A package folder with masters in place, and what is to be sealed into it."""

    package: Path
    book: Book
    masters: tuple[Master, ...]
    records: tuple[Record, ...]


@pytest.fixture
def invented(tmp_path: Path) -> Callable[[], InventedBook]:
    """Return a maker of the same book in a new folder."""
    import hashlib

    count = 0

    def make() -> InventedBook:
        nonlocal count
        count += 1
        package = tmp_path / f"books{count}" / "ks-1962"
        masters = []
        for number in (1, 2):
            data = f"invented scan {number}".encode() * 500
            path = f"data/masters/{number:04}.jpg"
            (package / path).parent.mkdir(parents=True, exist_ok=True)
            (package / path).write_bytes(data)
            digest = hashlib.sha256(data).hexdigest()
            masters.append(
                Master(digest, number, path, f"IMG {number}.JPG", "image/jpeg", len(data), 1)
            )
        book = Book("ks-1962", "birth_table", "xã Đông La,\nhuyện Hoài Đức", (1962, 1964), "2A")
        name = FieldValue(
            "nksHoTen",
            "Nguyễn Thị Bưởi",
            "Nguyễn Thị Bưởi",
            0.93,
            1,
            box(1, 2, 3, 4),
            alternatives=(Alternative("Nguyễn Thị Bười", 0.04),),
        )
        record = Record(
            "ks-1962/1/-/1",
            "birth_table",
            1,
            None,
            1,
            box(0, 0, 9, 9),
            (name,),
            (Doubt("so", "ditto"),),
        )
        return InventedBook(package, book, tuple(masters), (record,))

    return make
