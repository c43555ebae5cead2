"""A page's picture as a PDF of one page. Runs in the limited child only.

A JPEG goes in byte for byte. Other pictures go in without loss: bilevel ones as CCITT G4, the rest
as deflated samples. What PDF/A has no place for (CMYK without a profile, JPEG 2000 that its checker
cannot follow, transparency) is decoded to grey or RGB first.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import img2pdf  # type: ignore[import-untyped]  # it has no types
import ocrmypdf.data
import pikepdf
import pypdfium2  # type: ignore[import-untyped]  # likewise
from PIL import Image, ImageDraw, ImageFile, ImageFont, TiffImagePlugin

POINTS = 72.0
_ORIENTATION = 0x0112
_SUBFILE = 0x00FE
_PDF_HEAD = 1024  # where the mark of a PDF may stand
_NO_PAGE = 0b101  # a smaller picture of another page, or its mask
_EXIF_TURNS = {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}
_EXIF_MIRRORED = (2, 4, 5, 7)
_PLAIN_MODES = ("1", "L", "P", "RGB", "I;16", "I;16B")
_LEVELS = 256
# Everything that the two libraries throw at a damaged or odd picture.
UNFIT = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    SyntaxError,
    EOFError,
    ArithmeticError,
    MemoryError,
    NotImplementedError,
    Image.DecompressionBombError,
    pikepdf.PdfError,
    pypdfium2.PdfiumError,
    img2pdf.AlphaChannelError,
    img2pdf.ExifOrientationError,
    img2pdf.ImageOpenError,
    img2pdf.JpegColorspaceError,
    img2pdf.NegativeDimensionError,
    img2pdf.PdfTooLargeError,
    img2pdf.UnsupportedColorspaceError,
)


class Sheet(NamedTuple):
    """A page of the book to be.

    Attributes:
        file: the picture.
        frame: which picture of a TIFF or page of a PDF, counted from 1.
        width_px: of the scan as a viewer shows it, likewise `height_px`; `dpi` belongs to these.
        turn_deg: clockwise turn that makes that scan upright.
        frame_turn_deg: clockwise turn that the PDF around the picture gave it; None when the
            picture's own EXIF counts.
        sentence: what stands on the page when the picture cannot be shown.
    """

    file: str
    frame: int
    width_px: int
    height_px: int
    dpi: float
    turn_deg: int
    frame_turn_deg: int | None
    sentence: str

    def size_points(self) -> tuple[float, float]:
        """Return the width and height of the scan on paper, in points."""
        return self.width_px / self.dpi * POINTS, self.height_px / self.dpi * POINTS


def as_is(sheet: Sheet) -> bytes:
    """Return the page with the picture's own compressed bytes.

    Raises:
        UNFIT: the picture cannot stand in a PDF/A as it is.
    """
    with Image.open(sheet.file) as image:
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            fits = image.n_frames == 1 and image.tag_v2.get(_ORIENTATION, 1) == 1
        else:
            fits = image.format in ("JPEG", "MPO") or (image.format == "PNG" and image.mode != "1")
        if not fits or image.mode not in _PLAIN_MODES or "transparency" in image.info:
            raise ValueError(image.mode)
        orientation = _orientation(image, sheet)
    return _laid_out(Path(sheet.file).read_bytes(), orientation, sheet)


def decoded(sheet: Sheet) -> bytes:
    """Return the page with the picture's samples, without loss.

    A page of a PDF is drawn anew: what else that file holds has no place in the book.

    Raises:
        UNFIT: the picture cannot be decoded.
    """
    with Path(sheet.file).open("rb") as stream:
        is_pdf = b"%PDF-" in stream.read(_PDF_HEAD)
    if is_pdf:
        return _laid_out(_packed(_drawn(sheet)), 1, sheet._replace(frame_turn_deg=None))
    with Image.open(sheet.file) as image:
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            _turn_to(image, sheet.frame)
        with _forgiving():
            image.load()
        is_tiff = image.format == "TIFF"  # Pillow turns those itself
        orientation = 1 if is_tiff else _orientation(image, sheet)
        plain = _plain(image)
        packed = _packed(plain)
    return _laid_out(packed, orientation, sheet)


def placeholder(sheet: Sheet) -> bytes:
    """Return an empty page of the scan's size, with a sentence on it."""
    width, height = sheet.size_points()
    if sheet.turn_deg in (90, 270):
        width, height = height, width
    image = Image.new("1", (max(1, round(width)), max(1, round(height))), 1)
    font = ImageFont.truetype(str(Path(ocrmypdf.data.__path__[0]) / "NotoSans-Regular.ttf"), 12)
    words = "\n".join(_folded(sheet.sentence.split(), font, image.width * 0.8))
    ImageDraw.Draw(image).multiline_text((image.width * 0.1, image.height * 0.1), words, 0, font)
    packed = io.BytesIO()
    # Drawn upright; the scan it stands for may lie on its side.
    image.rotate(sheet.turn_deg, expand=True).save(packed, "PNG")
    return _laid_out(packed.getvalue(), 1, sheet._replace(frame_turn_deg=None))


def check_whole(sheet: Sheet) -> None:
    """Decode the picture to its end.

    Raises:
        UNFIT: it is damaged.
    """
    with Image.open(sheet.file) as image:
        image.load()


LADDER: tuple[Callable[[Sheet], bytes], ...] = (as_is, decoded, placeholder)


def _drawn(sheet: Sheet) -> Image.Image:
    with pypdfium2.PdfDocument(sheet.file) as pdf:
        page = pdf[sheet.frame - 1]
        size = sheet.width_px, sheet.height_px
        if size[0] * size[1] > (Image.MAX_IMAGE_PIXELS or 0):
            raise ValueError(size)
        image: Image.Image = page.render(scale=max(size) / max(page.get_size())).to_pil()
    red, green, blue = image.convert("RGB").split()
    is_grey = red.tobytes() == green.tobytes() == blue.tobytes()
    return red if is_grey else image.convert("RGB")


def _packed(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    if image.mode == "1":
        image.save(stream, "TIFF", compression="group4")
    else:
        image.save(stream, "PNG", compress_level=6, icc_profile=None)
    return stream.getvalue()


def _laid_out(picture: bytes, orientation: int, sheet: Sheet) -> bytes:
    turn_deg = _EXIF_TURNS[orientation]
    if sheet.frame_turn_deg is not None:
        turn_deg = sheet.frame_turn_deg
    width, height = sheet.size_points()
    if turn_deg in (90, 270):  # the page is laid out as the picture is stored
        width, height = height, width
    packed = img2pdf.convert(
        picture,
        layout_fun=lambda *_size: (width, height, width, height),
        rotation=img2pdf.Rotation.none,
        engine=img2pdf.Engine.pikepdf,
        first_frame_only=True,
    )
    with pikepdf.open(io.BytesIO(packed)) as pdf:
        (page,) = pdf.pages
        if orientation in _EXIF_MIRRORED and sheet.frame_turn_deg is None:
            page.contents_add(b"-1 0 0 1 %.3f 0 cm\n" % width, prepend=True)
        page.Rotate = (turn_deg + sheet.turn_deg) % 360
        laid_out = io.BytesIO()
        pdf.save(laid_out)
    return laid_out.getvalue()


def _orientation(image: Image.Image, sheet: Sheet) -> int:
    if sheet.frame_turn_deg is not None:
        return 1
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except UNFIT:  # a torn EXIF block is no reason to lose the picture
        return 1
    return value if value in _EXIF_TURNS else 1


def _turn_to(image: TiffImagePlugin.TiffImageFile, frame: int) -> None:
    """Go to a page of a TIFF; thumbnails and masks between the pages are none."""
    kinds: list[Any] = []
    for place in range(image.n_frames):
        image.seek(place)
        kinds.append(image.tag_v2.get(_SUBFILE, 0))
    pages = [place for place, kind in enumerate(kinds) if not kind & _NO_PAGE]
    image.seek((pages or list(range(len(kinds))))[frame - 1])


@contextmanager
def _forgiving() -> Iterator[None]:
    """Decode what is there of a picture whose end is missing."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("1", "L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode.startswith(("I", "F")):
        return _deep_to_grey(image)
    if image.mode in ("LA", "La"):
        white: Any = Image.new("LA", image.size, (255, 255))
        return Image.alpha_composite(white.convert("RGBA"), image.convert("RGBA")).convert("L")
    if image.mode in ("PA", "RGBA", "RGBa") or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _deep_to_grey(image: Image.Image) -> Image.Image:
    samples = image.convert("F")
    _low, high = cast(tuple[float, float], samples.getextrema())
    scale = 1.0 if high < _LEVELS else 1.0 / (_LEVELS + 1)  # 65,535 becomes 255
    return samples.point(lambda sample: sample * scale + 0.0).convert("L")


def _folded(words: Iterable[str], font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
