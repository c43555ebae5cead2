"""Pictures (JPEG, PNG, TIFF, JPEG 2000) to upright samples: grey to be read, or in colour.

Runs in the limited child only.

Pillow alone, without numpy where it can be: a child is started for each page, and numpy would be
most of its start-up.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from PIL import Image, UnidentifiedImageError

from pipeline.errors import HugeFileError, UnreadableFileError
from pipeline.ingest.paper import settle_dpi
from pipeline.words import _

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "JPEG2000": "image/jp2",
    "MPO": "image/jpeg",  # Pillow's name for a phone's JPEG with a second picture behind it
}
FORMATS = ("JPEG", "PNG", "TIFF", "JPEG2000")
JPEG = ("JPEG", "MPO")
WORK_DPI = 300.0  # no stage needs more; a 600-dpi scan is read at half size
COLOUR_PX = 60_000_000  # of larger pictures the inks are not told apart: it would take too much
REDDER, RED_PX = 10, 40  # of a fourth of the size: how many points so much redder than most
# What Pillow's decoders raise on damaged files (its own tests, and the malformed files of ours).
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    EOFError,
    RuntimeError,
    ZeroDivisionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
Image.MAX_IMAGE_PIXELS = None  # we look at the header ourselves, with our own limit

_EXIF_ORIENTATION, _EXIF_TURNED = 0x0112, (5, 6, 7, 8)
_SUBFILE, _BITS, _PHOTOMETRIC, _ALIEN_SUBFILE = 254, 258, 262, 0b101  # reduced copy, or a mask
_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 273, 279, 324, 325


class Limits(NamedTuple):
    """What a foreign file may cost; the numbers of `IngestSettings`."""

    max_pixels: int
    max_frames: int
    max_seconds: int
    max_memory_mb: int
    render_dpi: int


class Frame(NamedTuple):
    """One page image of a file, decoded.

    Attributes:
        image: mode L, upright as a viewer shows it, at most `WORK_DPI`; RGB or YCbCr where colour
            was asked for and is there.
        red: likewise, what was written in red, which `image` then lacks; None where nothing was
            or nobody asked.
        width_px: of the scan itself, upright; likewise `height_px` and `dpi`.
        is_assumed: the dpi is a guess from the shape.
        bits: of a sample of the scan, all its colours together: 1, 8, 24.
    """

    image: Image.Image
    width_px: int
    height_px: int
    dpi: float
    is_assumed: bool
    bits: int
    red: Image.Image | None = None


class PictureFile:
    """A picture file that was recognised by its content; a context manager."""

    def __init__(self, file: Path, limits: Limits) -> None:
        self.file, self.limits = file, limits
        # A stream, not a name: Pillow 13.0 maps a named raw TIFF into memory and scrambles it when
        # its orientation is a quarter turn.
        self._stream = file.open("rb")
        try:
            self.image = open_stream(self._stream, str(file))
        except UnreadableFileError:
            self._stream.close()
            raise
        self.media_type = MEDIA_TYPES[str(self.image.format)]
        self.notes: tuple[str, ...] = ()
        self._places = self._find_places()

    def __enter__(self) -> "PictureFile":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.image.close()
        self._stream.close()

    def count(self) -> int:
        """Return how many page images the file holds."""
        return len(self._places)

    def frame(self, number: int, *, inks: bool = False, colour: bool = False) -> Frame:
        """Decode one page image, counted from 1.

        Args:
            inks: part red ink from the rest.
            colour: as people see it, not as it is read.

        Raises:
            ScanError: it is damaged, truncated, or has too many pixels.
        """
        name = str(self.file)
        with explained(name):
            if self.image.format == "TIFF":
                self.image.seek(self._places[number - 1])
                _check_strips(self.image, self.file.stat().st_size)
            return develop(self.image, name, self.limits, inks=inks, colour=colour)

    def jpegs(self, number: int) -> Iterator[bytes]:
        """Give the JPEGs that a page is made of."""
        if self.image.format in JPEG:
            yield self.file.read_bytes()

    def embedded(self, number: int) -> tuple[bytes, str, int] | None:
        """Return a JPEG's own bytes, media type and the clockwise turn that makes it upright."""
        if self.image.format not in JPEG or self.image.mode not in ("L", "RGB"):
            return None
        turn = {1: 0, 3: 180, 6: 90, 8: 270}.get(_orientation(self.image))
        return None if turn is None else (self.file.read_bytes(), self.media_type, turn)

    def _find_places(self) -> list[int]:
        """Return the positions of a TIFF's pages; other pictures are one page.

        A JPEG of a phone may hold a second picture (depth, other exposure) and a PNG an animation:
        neither is a page.
        """
        if self.image.format != "TIFF":
            return [0]
        pages: list[int] = []
        others: list[int] = []
        with explained(str(self.file)):
            for place in range(self.limits.max_frames + 1):
                try:
                    self.image.seek(place)
                except EOFError:
                    break
                kind = _tag(self.image, _SUBFILE, 0)
                (others if kind & _ALIEN_SUBFILE else pages).append(place)
            else:
                raise too_many_pages(str(self.file), self.limits)
        return pages or others


def develop(
    image: Image.Image,
    name: str,
    limits: Limits,
    *,
    turn_deg: int = 0,
    declared: tuple[float, float] | None = None,
    inks: bool = False,
    colour: bool = False,
) -> Frame:
    """Decode a picture that is open at its page: upright, grey, at most `WORK_DPI`.

    Args:
        name: for the sentence of an error.
        turn_deg: clockwise turn that the PDF around it asks for; then its EXIF counts for nothing.
        declared: dpi by the PDF around it, across and down of the upright page, likewise.
        inks: part red ink from the rest, see `inks.part_inks`.
        colour: keep the colours; those of very large pictures are not.
    """
    check_pixels(*image.size, name, limits)
    if image.format == "PNG":  # its EXIF may stand at the end, and asking for it hides damage
        image.load()
    is_alone = declared is None
    orientation = _orientation(image) if is_alone else 1
    width, height = image.size
    if turn_deg in (90, 270) or (orientation in _EXIF_TURNED and image.format != "TIFF"):
        width, height = height, width  # Pillow gives a TIFF's size as it will be after loading
    dpi, is_assumed = settle_dpi(declared or _declared_dpi(image), width, height)
    bits = _sample_bits(image)
    scale = min(1.0, WORK_DPI / dpi) if dpi > WORK_DPI * 1.01 else 1.0
    target = max(1, round(width * scale)), max(1, round(height * scale))
    drafted = 4 * target[0] * target[1] if image.format in JPEG else width * height
    is_small = min(width * height, drafted) <= COLOUR_PX
    inks, colour = inks and is_small, colour and is_small
    if image.format in JPEG:  # grey alone is half the work, half size a quarter
        mode = "YCbCr" if inks or colour else "L"
        image.draft(mode, (min(image.size[0], min(target)), min(image.size[1], min(target))))
    parts = _parted(image, dpi * max(image.size) / max(width, height)) if inks else None

    def finished(part: Image.Image) -> Image.Image:
        turned = _upright(part, orientation if image.format != "TIFF" else 1, turn_deg)
        if max(abs(turned.width - target[0]), abs(turned.height - target[1])) <= 1:
            return turned  # else a needless blur
        return turned.resize(target, Image.Resampling.HAMMING)

    whole = to_colour if colour else to_grey
    shown, red = parts or (whole(image), None)
    told = finished(red) if red is not None else None
    return Frame(finished(shown), width, height, dpi, is_assumed, bits, told)


def _parted(image: Image.Image, dpi: float) -> tuple[Image.Image, Image.Image | None] | None:
    """Return a picture without its red ink, and that ink alone; None where it has none."""
    image.load()
    if image.mode not in ("RGB", "YCbCr") or "transparency" in image.info:
        return None
    counts = image.reduce(4).convert("YCbCr").getchannel("Cr").histogram()
    half, usual = sum(counts) / 2, 0
    while sum(counts[: usual + 1]) < half:
        usual += 1
    if sum(counts[usual + REDDER :]) < RED_PX:
        return None
    from pipeline.ingest.inks import part_inks  # numpy is most of a child's start

    parts = part_inks(image, dpi)
    if parts is None:
        return None
    red = None if parts.red is None else Image.fromarray(parts.red)
    return Image.fromarray(parts.grey), red


def _sample_bits(image: Image.Image) -> int:
    """Return the bits of a sample, all its colours together; transparency is none."""
    if image.mode == "1":
        return 1
    if image.mode.startswith("I") or image.mode == "F":
        return _bits(image)
    if image.mode in ("P", "PA"):  # a palette holds whole colours, but no more than 256 of them
        return 8
    return 8 * sum(band not in "Aa" for band in image.getbands())


def open_stream(stream: IO[bytes], name: str) -> Image.Image:
    """Open a picture of one of our kinds.

    Raises:
        UnreadableFileError: its head is damaged.
    """
    with explained(name):
        try:
            return Image.open(stream, formats=FORMATS)
        except UnidentifiedImageError as error:
            raise UnreadableFileError(name, _("phần đầu của ảnh hỏng")) from error


def check_pixels(width_px: int, height_px: int, name: str, limits: Limits) -> None:
    """Refuse a picture that would not fit into memory, before anything of it is decoded."""
    if width_px < 1 or height_px < 1:
        raise UnreadableFileError(name, _("ảnh không có điểm ảnh nào"))
    if width_px * height_px > limits.max_pixels:
        what = _("ảnh {width} x {height} điểm, nhiều nhất {most} triệu điểm").format(
            width=width_px, height=height_px, most=limits.max_pixels // 1_000_000
        )
        raise HugeFileError(name, what)


def too_many_pages(name: str, limits: Limits) -> HugeFileError:
    """Return the error for a file with more pages than allowed."""
    return HugeFileError(name, _("hơn {most} trang").format(most=limits.max_frames))


def to_colour(image: Image.Image) -> Image.Image:
    """Return the picture in its colours, RGB or YCbCr, on white paper; mode L where it has none."""
    image.load()
    if image.mode in ("P", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        if image.mode == "RGBa":
            image = image.convert("RGBA")
        layered = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(layered, mask=layered.getchannel("A"))
        return paper
    if image.mode == "CMYK":
        return image.convert("RGB")
    return image if image.mode in ("RGB", "YCbCr") else to_grey(image)


def to_grey(image: Image.Image) -> Image.Image:
    """Return the picture in mode L, transparent parts on white paper."""
    image.load()
    mode = image.mode
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return _on_white(image)
    if mode.startswith("I") or mode == "F":
        return _deep_to_grey(image)
    if mode == "LAB":
        return image.getchannel(0)
    if mode == "YCbCr":
        return image.getchannel("Y")
    return image if mode == "L" else image.convert("L")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("La", "RGBa"):  # premultiplied: only these conversions exist
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    layered = image.convert("LA" if image.mode == "LA" else "RGBA")
    paper = Image.new("L", image.size, 255)
    paper.paste(layered.convert("L"), mask=layered.getchannel("A"))
    return paper


def _deep_to_grey(image: Image.Image) -> Image.Image:
    """Return 12-, 16- and 32-bit samples as 8-bit ones, by the depth that the file declares."""
    import numpy as np

    samples = np.asarray(image)
    if image.mode == "F":
        most = 1.0 if float(samples.max(initial=0.0)) <= 1.0 else 255.0
        scaled = np.nan_to_num(samples) * (255.0 / most)
    else:
        bits = _bits(image)
        highest = int(samples.max(initial=0))
        if highest >= 1 << bits:  # the tag understates: keep what is there
            bits = highest.bit_length()
        scaled = samples.astype(np.float32) * (255.0 / ((1 << bits) - 1))
    grey = np.clip(scaled, 0, 255).round().astype(np.uint8)
    if image.format == "TIFF" and _tag(image, _PHOTOMETRIC, 1) == 0:  # white is zero
        grey = 255 - grey
    return Image.fromarray(grey)


def _bits(image: Image.Image) -> int:
    declared = _tag(image, _BITS, 16) if image.format == "TIFF" else 16
    return declared if 8 <= declared <= 32 else 16


def _upright(image: Image.Image, orientation: int, turn_deg: int) -> Image.Image:
    flips: dict[int, Image.Transpose] = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    # Pillow names counter-clockwise turns.
    turns = {
        90: Image.Transpose.ROTATE_270,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_90,
    }
    for step in (flips.get(orientation), turns.get(turn_deg)):
        if step is not None:
            image = image.transpose(step)
    return image


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except DAMAGE:  # a torn EXIF block is no reason to refuse a whole picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _declared_dpi(image: Image.Image) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return across, down


def _tag(image: Image.Image, number: int, otherwise: int) -> int:
    value: Any = image.tag_v2.get(number, otherwise)  # type: ignore[attr-defined]
    if isinstance(value, tuple):
        value = value[0] if value else otherwise
    return value if isinstance(value, int) else otherwise


def _check_strips(image: Image.Image, size_bytes: int) -> None:
    """Refuse a TIFF whose data would lie beyond its end: libtiff pads G4 pages without a word."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    for offsets, lengths in ((_STRIP_OFFSETS, _STRIP_BYTES), (_TILE_OFFSETS, _TILE_BYTES)):
        pairs = zip(_numbers(tags.get(offsets)), _numbers(tags.get(lengths)), strict=False)
        if any(offset + length > size_bytes for offset, length in pairs):
            raise OSError(_("tệp bị cắt cụt"))


def _numbers(value: Any) -> tuple[int, ...]:
    values = value if isinstance(value, tuple) else (value,)
    return tuple(each for each in values if isinstance(each, int))


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what a decoder raises on damage into our error."""
    try:
        yield
    except DAMAGE as error:
        reason = _("ảnh hỏng hoặc bị cắt cụt: {detail}").format(detail=_short(error))
        raise UnreadableFileError(name, reason) from error


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
