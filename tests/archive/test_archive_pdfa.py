"""book.pdf: real pictures through the real OCRmyPDF; positions as poppler and pdfium see them."""

import io
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from pikepdf import pdfa
from PIL import Image, ImageDraw, ImageOps, TiffImagePlugin

from pipeline.archive.pdfa import PdfLimits, PdfPage, PdfResult, Picture, write_pdf
from pipeline.errors import ProgramError, UnreadableFileError
from pipeline.values import Line, Polygon, Turn
from tests.archive.conftest import DPI, HEIGHT, NAMES, WIDTH, box, line, noise, packed

needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="NOT RUN: pdftotext (poppler-utils) is missing"
)
POINTS = 72 / DPI


def lines_of(names: Sequence[str] = NAMES) -> tuple[Line, ...]:
    return tuple(line(name, box(150, 200 + 90 * at, 460, 50)) for at, name in enumerate(names))


def scan(
    picture: Picture | bytes | Path, number: int = 1, turn_deg: Turn = 0, names: Sequence[str] = ()
) -> PdfPage:
    if not isinstance(picture, Picture):
        picture = Picture(picture)
    return PdfPage(
        number, picture, WIDTH, HEIGHT, DPI, turn_deg, lines_of(names), f"masters/{number:04}.jpg"
    )


def written(tmp_path: Path, *pages: PdfPage, limits: PdfLimits | None = None) -> PdfResult:
    return write_pdf(
        pages, tmp_path / "book.pdf", title="Sổ khai sinh 1962", work=tmp_path / "w", limits=limits
    )


def pictures(file: Path) -> list[pikepdf.Stream]:
    with pikepdf.open(file) as pdf:
        found = []
        for page in pdf.pages:
            for thing in page.resources.XObject.values():
                if thing.Subtype == pikepdf.Name.Image:
                    found.append((thing.get("/Filter"), thing.read_raw_bytes(), thing.ColorSpace))
        return [(str(kind), raw, str(space)) for kind, raw, space in found]


def text_of(file: Path, *options: str) -> str:
    done = subprocess.run(
        ["pdftotext", *options, str(file), "-"], capture_output=True, check=True, timeout=30
    )
    return done.stdout.decode("utf-8")


def places(file: Path, word: str) -> list[tuple[float, ...]]:
    """Where poppler sees a word: left, top, right, bottom in px of the upright page."""
    found = re.findall(
        rf'xMin="(.*)" yMin="(.*)" xMax="(.*)" yMax="(.*)">{word}<', text_of(file, "-bbox")
    )
    return [tuple(float(value) / POINTS for value in values) for values in found]


def shown(file: Path, page: int = 0, scale: float = 0.25) -> np.ndarray:
    """A page as pdfium shows it, in grey."""
    with pypdfium2.PdfDocument(file) as pdf:
        return np.asarray(pdf[page].render(scale=scale).to_pil().convert("L"))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, jpeg: bytes) -> tuple[Path, PdfResult]:
    """Three pages, one of them grey, one from a file."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "scan.jpg").write_bytes(jpeg)
    grey = packed(noise(mode="L"), "JPEG", quality=70)
    result = written(
        folder,
        scan(folder / "scan.jpg", 1, names=NAMES),
        scan(grey, 2),
        scan(jpeg, 3, names=["Trần Thị Ơn"]),
    )
    return folder / "book.pdf", result


def test_a_book_is_checked_pdfa(book: tuple[Path, PdfResult]) -> None:
    file, result = book
    assert result == PdfResult(conforms=True)
    with pikepdf.open(file) as pdf:
        assert pdfa.check(pdf, "2b").verdict == "pass"
        assert pdf.docinfo["/Title"] == "Sổ khai sinh 1962"
        assert "sohoa" in str(pdf.docinfo["/Creator"])


def test_jpegs_go_in_byte_for_byte(book: tuple[Path, PdfResult], jpeg: bytes) -> None:
    stored = [raw for _kind, raw, _space in pictures(book[0])]
    assert stored == [jpeg, packed(noise(mode="L"), "JPEG", quality=70), jpeg]


def test_nothing_temporary_is_left(book: tuple[Path, PdfResult]) -> None:
    folder = book[0].parent
    assert sorted(file.name for file in folder.rglob("*")) == ["book.pdf", "scan.jpg", "w"]


@needs_poppler
def test_names_are_found_with_every_letter(book: tuple[Path, PdfResult]) -> None:
    text = text_of(book[0])
    pages = text.split("\f")
    for name in NAMES:
        assert name in pages[0]
    assert "Trần Thị Ơn" in pages[2]
    assert not pages[1].strip()


def test_pdfium_finds_names_too(book: tuple[Path, PdfResult]) -> None:
    with pypdfium2.PdfDocument(book[0]) as pdf:
        text = pdf[0].get_textpage().get_text_range()
    assert "Nguyễn Thị Bưởi" in text
    assert "Ŏŭƀ Ksơ̆r" in text


def behind_a_thumbnail(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(stream) as writer:
        image.resize((31, 43)).save(writer, "TIFF", tiffinfo={0x00FE: 1})
        writer.newFrame()
        image.save(writer, "TIFF")
        writer.newFrame()
    return stream.getvalue()


def turned(turn_deg: Turn, place: tuple[int, int, int, int]) -> PdfPage:
    """A page with a black bar where a name stands, lying as the scanner saw it."""
    upright = Image.new("L", (WIDTH, HEIGHT), 255)
    left, top, width, height = place
    ImageDraw.Draw(upright).rectangle((left, top, left + width, top + height), fill=0)
    lying = upright.rotate(turn_deg, expand=True)  # counter-clockwise, so the turn undoes it
    on_scan: dict[int, Polygon] = {
        0: box(*place),
        90: tuple((y, WIDTH - x) for x, y in box(*place)),
        180: tuple((WIDTH - x, HEIGHT - y) for x, y in box(*place)),
        270: tuple((HEIGHT - y, x) for x, y in box(*place)),
    }
    name = line("Nguyễn", on_scan[turn_deg])
    return PdfPage(1, Picture(packed(lying, "JPEG")), *lying.size, DPI, turn_deg, (name,))


@needs_poppler
def test_the_text_lies_on_its_ink_and_the_page_stands_upright(tmp_path: Path) -> None:
    place = left, top, width, height = 300, 400, 340, 60
    turns: tuple[Turn, ...] = (0, 90, 180, 270)
    assert written(tmp_path, *[turned(turn, place) for turn in turns]).conforms
    words = places(tmp_path / "book.pdf", "Nguyễn")
    assert len(words) == len(turns)
    for number, word in enumerate(words):
        seen = shown(tmp_path / "book.pdf", number, scale=1 / POINTS)
        assert abs(seen.shape[0] - HEIGHT) <= 1
        rows, columns = np.nonzero(seen < 100)
        ink = columns.min(), rows.min(), columns.max(), rows.max()
        assert np.abs(np.subtract(ink, (left, top, left + width, top + height))).max() <= 3
        assert abs(word[0] - left) <= 4
        assert abs(word[2] - left - width) <= 0.06 * width  # a space follows the word
        assert abs((word[1] + word[3]) / 2 - top - height / 2) <= height / 4


@needs_poppler
def test_a_leaning_line_and_a_line_across_the_page_are_found(tmp_path: Path, jpeg: bytes) -> None:
    leaning = ((100, 300), (900, 340), (897, 400), (97, 360))
    rising = ((100, 740), (900, 700), (903, 760), (103, 800))
    across = ((1100, 900), (1100, 300), (1160, 300), (1160, 900))  # written from below upwards
    texts = ("Lê Thị Nghiêng Xuống", "Lê Thị Nghiêng Lên", "ghi chú bên lề")
    lines = tuple(
        line(text, where) for text, where in zip(texts, (leaning, rising, across), strict=True)
    )
    written(tmp_path, PdfPage(1, Picture(jpeg), WIDTH, HEIGHT, DPI, 0, lines))
    text = " ".join(text_of(tmp_path / "book.pdf", "-raw").split())
    for wanted in texts:
        assert wanted in text
    for word, x, y in (("Xuống", 800, 365), ("Lên", 830, 730), ("chú", 1130, 660)):
        ((left, top, right, bottom),) = places(tmp_path / "book.pdf", word)
        assert left <= x <= right
        assert top <= y <= bottom


def test_a_phone_photo_stands_as_a_viewer_shows_it(tmp_path: Path) -> None:
    image = Image.new("L", (400, 300), 255)
    ImageDraw.Draw(image).polygon([(20, 20), (200, 20), (20, 100)], fill=0)
    photos, uprights = [], []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        photos.append(packed(image, "JPEG", exif=exif))
        with Image.open(io.BytesIO(photos[-1])) as stored:
            uprights.append(ImageOps.exif_transpose(stored))
    pages = [
        PdfPage(number, Picture(photo), *upright.size, 72.0)
        for number, (photo, upright) in enumerate(zip(photos, uprights, strict=True), 1)
    ]
    assert written(tmp_path, *pages).conforms
    for number, upright in enumerate(uprights):
        seen = shown(tmp_path / "book.pdf", number, scale=1)
        assert seen.shape == upright.size[::-1]
        assert np.abs(seen.astype(int) - np.asarray(upright).astype(int)).mean() < 3
    assert [raw for _kind, raw, _space in pictures(tmp_path / "book.pdf")] == photos


def test_the_turn_of_a_pdf_around_the_picture_counts_instead_of_exif(tmp_path: Path) -> None:
    image = Image.new("L", (400, 300), 255)
    ImageDraw.Draw(image).rectangle((0, 0, 50, 50), fill=0)
    exif = Image.Exif()
    exif[0x0112] = 3
    page = PdfPage(1, Picture(packed(image, "JPEG", exif=exif), turn_deg=90), 300, 400, 72.0)
    assert written(tmp_path, page).conforms
    seen = shown(tmp_path / "book.pdf", scale=1)
    assert seen.shape == (400, 300)
    assert seen[:45, 255:].mean() < 60  # the top left corner, turned clockwise


def test_other_pictures_go_in_without_loss(tmp_path: Path) -> None:
    small = noise(310, 438)
    cases = {
        "bilevel": packed(small.convert("1"), "PNG"),
        "g4": packed(small.convert("1"), "TIFF", compression="group4"),
        "png": packed(small, "PNG"),
        "palette": packed(small.convert("P"), "PNG"),
        "lzw": packed(small, "TIFF", compression="tiff_lzw"),
        "jp2": packed(small, "JPEG2000"),
        "alpha": packed(small.convert("RGBA"), "PNG"),
        "deep": packed(Image.fromarray(np.asarray(small.convert("L"), np.uint16) * 257), "TIFF"),
        "cmyk": packed(small.convert("CMYK"), "JPEG", quality=95),
        "second": packed(
            Image.new("1", small.size), "TIFF", save_all=True, append_images=[small.convert("L")]
        ),
        "behind a thumbnail": behind_a_thumbnail(small.copy()),
    }
    pages = [
        PdfPage(number, Picture(data, 2 if name == "second" else 1), *small.size, 37.5)
        for number, (name, data) in enumerate(cases.items(), 1)
    ]
    assert written(tmp_path, *pages) == PdfResult(conforms=True)
    kinds = dict(
        zip(cases, (kind for kind, _raw, _space in pictures(tmp_path / "book.pdf")), strict=True)
    )
    assert "CCITT" in kinds["bilevel"]
    assert "CCITT" in kinds["g4"]
    assert all("Flate" in kind for name, kind in kinds.items() if name not in ("bilevel", "g4"))
    with pikepdf.open(tmp_path / "book.pdf") as pdf:
        stored = [
            np.asarray(pikepdf.PdfImage(thing).as_pil_image().convert("RGB"), int)
            for page in pdf.pages
            for thing in page.resources.XObject.values()
            if thing.Subtype == pikepdf.Name.Image
        ]
    for (name, data), seen in zip(cases.items(), stored, strict=True):
        with Image.open(io.BytesIO(data)) as image:
            image.seek(1 if name in ("second", "behind a thumbnail") else 0)
            wanted = image.convert("RGB") if name != "deep" else small.convert("L").convert("RGB")
        assert np.abs(seen - np.asarray(wanted, int)).max() == 0, name


def test_a_page_of_a_pdf_is_drawn_with_its_colours(tmp_path: Path) -> None:
    scans = noise(310, 438, "L").convert("RGB"), noise(438, 310)
    scans[0].save(
        tmp_path / "master.pdf", save_all=True, append_images=scans[1:], resolution=72, quality=95
    )
    with pikepdf.open(tmp_path / "master.pdf", allow_overwriting_input=True) as pdf:
        pdf.pages[1].Rotate = 90
        pdf.save()
    pages = [
        PdfPage(number, Picture(tmp_path / "master.pdf", number), 310, 438, 72.0)
        for number in (1, 2)
    ]
    assert written(tmp_path, *pages) == PdfResult(conforms=True)
    kinds = [(kind, space) for kind, _raw, space in pictures(tmp_path / "book.pdf")]
    assert kinds == [("/FlateDecode", "/DeviceGray"), ("/FlateDecode", "/DeviceRGB")]
    wanted = scans[0], scans[1].rotate(-90, expand=True)
    for number, image in enumerate(wanted):
        seen = shown(tmp_path / "book.pdf", number, scale=1)
        assert seen.shape == (438, 310)
        assert np.abs(seen.astype(int) - np.asarray(image.convert("L"), int)).mean() < 5


@needs_poppler
def test_a_page_that_cannot_be_shown_says_so_and_the_book_goes_on(
    tmp_path: Path, jpeg: bytes
) -> None:
    def refused() -> Picture:
        raise UnreadableFileError("0003.pdf", "hỏng")

    result = written(
        tmp_path,
        scan(jpeg, 1, names=NAMES),
        scan(b"this is no picture", 2, names=NAMES),
        PdfPage(3, refused, HEIGHT, WIDTH, DPI, 90, lines_of()),
        scan(tmp_path / "gone.jpg", 4),
        scan(jpeg, 5, names=NAMES),
    )
    assert result == PdfResult(conforms=True, missing=(2, 3, 4))
    assert text_of(tmp_path / "book.pdf").count("Bưởi") == 4
    stored = [raw for _kind, raw, _space in pictures(tmp_path / "book.pdf")]
    assert (stored[0], stored[4]) == (jpeg, jpeg)
    for number in (1, 2, 3):  # the sentence is drawn in the upper third
        page = shown(tmp_path / "book.pdf", number, scale=1)
        assert np.abs(np.subtract(page.shape, (HEIGHT * POINTS, WIDTH * POINTS))).max() < 1
        rows, _columns = np.nonzero(page < 128)
        assert 0 < rows.max() < page.shape[0] / 3


def test_a_torn_jpeg_is_shown_as_far_as_it_goes(tmp_path: Path, jpeg: bytes) -> None:
    torn = jpeg[: len(jpeg) // 2]
    assert written(tmp_path, scan(torn, 1), scan(jpeg, 2)) == PdfResult(conforms=True)
    (torn_kind, _raw, _space), (_kind, whole, _whole_space) = pictures(tmp_path / "book.pdf")
    assert "Flate" in torn_kind
    assert whole == jpeg
    upper = shown(tmp_path / "book.pdf", 0)[:80].astype(int)
    assert np.abs(upper - shown(tmp_path / "book.pdf", 1)[:80]).mean() < 3


def test_a_picture_that_kills_the_child_costs_its_own_page_only(
    tmp_path: Path, jpeg: bytes
) -> None:
    # A thousandth of the time that any picture needs: the child is killed again and again.
    limits = PdfLimits(page_seconds=1e-6)
    assert written(tmp_path, scan(jpeg), limits=limits).missing == (1,)


def test_what_is_not_pdfa_is_kept_and_said(tmp_path: Path) -> None:
    strange = packed(noise(310, 438), "JPEG", icc_profile=b"no colour profile" * 20)
    result = written(tmp_path, PdfPage(1, Picture(strange), 310, 438, 37.5))
    assert not result.conforms
    assert result.findings
    assert pictures(tmp_path / "book.pdf")[0][1] == strange


def test_a_failing_child_leaves_the_old_book(tmp_path: Path, jpeg: bytes) -> None:
    (tmp_path / "book.pdf").write_bytes(b"old")
    with pytest.raises(ProgramError, match="ocrmypdf"):
        written(tmp_path, scan(jpeg), limits=PdfLimits(max_memory_mb=40))
    assert (tmp_path / "book.pdf").read_bytes() == b"old"
    assert list((tmp_path / "w").iterdir()) == []
