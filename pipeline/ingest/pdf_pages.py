"""PDF pages to upright grey samples. Runs in the limited child only.

A page that shows one embedded picture and nothing else is that picture: it is taken out unchanged,
which is faster than rendering and loses nothing. Anything else (vectors, visible text, several
pictures, masks, crops, CMYK) is rendered by poppler. JavaScript and launch actions never run:
neither pikepdf nor pdftoppm has an engine for them; that they are there is noted.
"""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pikepdf
from pikepdf import Name
from PIL import Image

from pipeline.errors import EncryptedFileError, HugeFileError, UnreadableFileError
from pipeline.ingest.pdf_sole import Mixed, Placed, box_of, sole_picture
from pipeline.ingest.pictures import (
    DAMAGE,
    Frame,
    Limits,
    check_pixels,
    develop,
    open_stream,
    too_many_pages,
)
from pipeline.programs import missing
from pipeline.words import _

MAX_UNPACKED_BYTES = 64 << 20
_TAIL_BYTES = 2048
_PLAIN_SPACES = frozenset(("/DeviceGray", "/DeviceRGB", "/CalGray", "/CalRGB"))


class PdfFile:
    """A PDF; a context manager."""

    media_type = "application/pdf"

    def __init__(self, file: Path, limits: Limits) -> None:
        self.file, self.limits, self.name = file, limits, str(file)
        self._given: set[tuple[int, int]] = set()  # pictures whose bytes were given already
        with _explained(self.name):
            self.pdf = pikepdf.open(file, access_mode=_access(file, limits))
            self._check_whole()
            self.notes = tuple(sorted(set(_active_content(self.pdf))))

    def __enter__(self) -> "PdfFile":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.pdf.close()

    def count(self) -> int:
        """Return how many pages the file has.

        Raises:
            ScanError: the page tree is damaged, empty, or too long.
        """
        with _explained(self.name):
            pages = len(self.pdf.pages)
        if pages == 0:
            raise UnreadableFileError(self.name, _("PDF không có trang nào"))
        if pages > self.limits.max_frames:
            raise too_many_pages(self.name, self.limits)
        return pages

    def frame(self, number: int, *, inks: bool = False, colour: bool = False) -> Frame:
        """Decode one page, counted from 1.

        Args:
            inks: part red ink from the rest; not of pages that must be rendered, which are grey.
            colour: as people see it, not as it is read.

        Raises:
            ScanError: it is damaged or too large.
            ProgramError: it must be rendered, and poppler is not installed.
        """
        self.count()
        placed = self._sole(number)
        if placed is not None:
            with _explained(self.name):
                picture = _plain_picture(placed.picture, self.name, self.limits)
            if picture is not None:
                return develop(
                    picture,
                    self.name,
                    self.limits,
                    turn_deg=placed.turn_deg,
                    declared=placed.dpi,
                    inks=inks,
                    colour=colour,
                )
        return self._render(number, colour=colour)

    def jpegs(self, number: int) -> Iterator[bytes]:
        """Give the JPEGs that a page is made of, those of an earlier page not again."""
        with _explained(self.name):
            pictures = list(self.pdf.pages[number - 1].images.values())
        for picture in pictures:
            if picture.objgen in self._given:
                continue
            self._given.add(picture.objgen)
            if _filters(picture)[-1:] == ["/DCTDecode"]:
                with _explained(self.name):
                    packed = _packed_picture(picture)
                if packed is not None:
                    yield packed

    def embedded(self, number: int) -> tuple[bytes, str, int] | None:
        """Return the page's own JPEG or JPEG 2000, its media type and the clockwise turn."""
        self.count()
        placed = self._sole(number)
        if placed is None:
            return None
        with _explained(self.name):
            picture = _plain_picture(placed.picture, self.name, self.limits)
            packed = _packed_picture(placed.picture) if picture is not None else None
        if packed is None:
            return None
        return packed, "image/jpeg" if packed[:2] == b"\xff\xd8" else "image/jp2", placed.turn_deg

    def _check_whole(self) -> None:
        """Refuse a PDF whose end is missing: what qpdf rescues of it may lack pages unseen."""
        if not any("xref" in str(warning) for warning in self.pdf.get_warnings()):
            return
        with self.file.open("rb") as stream:
            stream.seek(max(0, self.file.stat().st_size - _TAIL_BYTES))
            if b"%%EOF" not in stream.read():
                raise UnreadableFileError(self.name, _("tệp PDF bị cắt cụt"))

    def _sole(self, number: int) -> Placed | None:
        try:
            return sole_picture(self.pdf.pages[number - 1])
        except (Mixed, pikepdf.PikepdfError, *DAMAGE):
            return None

    def _render(self, number: int, *, colour: bool = False) -> Frame:
        from pdf2image import convert_from_path
        from pdf2image.exceptions import (
            PDFInfoNotInstalledError,
            PDFPageCountError,
            PDFPopplerTimeoutError,
            PDFSyntaxError,
        )

        with _explained(self.name):
            self._check_render_size(number)
            self._check_content(number)
        try:
            images = convert_from_path(
                self.file,
                dpi=self.limits.render_dpi,
                first_page=number,
                last_page=number,
                grayscale=not colour,
                use_cropbox=True,
                strict=True,  # else a page whose picture breaks off would pass half drawn
                timeout=self.limits.max_seconds * 3,
            )
            for image in images:
                image.load()
        except PDFInfoNotInstalledError as error:
            raise missing("pdftoppm") from error
        except (PDFPageCountError, PDFPopplerTimeoutError, PDFSyntaxError, *DAMAGE) as error:
            raise _damaged(self.name, error) from error
        if len(images) != 1:
            reason = _("không vẽ được trang {number} trong giới hạn bộ nhớ và thời gian")
            raise UnreadableFileError(self.name, reason.format(number=number))
        (image,) = images
        mode = "RGB" if colour else "L"
        drawn = image if image.mode == mode else image.convert(mode)
        # What was drawn anew has all the colours that the page could have.
        dpi = float(self.limits.render_dpi)
        return Frame(drawn, drawn.width, drawn.height, dpi, is_assumed=False, bits=24)

    def _check_render_size(self, number: int) -> None:
        box = box_of(self.pdf.pages[number - 1].cropbox)
        scale = self.limits.render_dpi / 72
        width, height = (box.right - box.left) * scale, (box.top - box.bottom) * scale
        most = self.limits.max_pixels + 1.0  # also for NaN and infinity
        width, height = (side if side < most else most for side in (width, height))
        check_pixels(round(width), round(height), self.name, self.limits)

    def _check_content(self, number: int) -> None:
        """Refuse a content that unpacks to hundreds of megabytes: poppler would read it all."""
        content = self.pdf.pages[number - 1].obj.get(Name.Contents, pikepdf.Array())
        parts = list(content) if isinstance(content, pikepdf.Array) else [content]
        unpacked = sum(len(part.read_bytes()) for part in parts)
        if unpacked > MAX_UNPACKED_BYTES:
            what = _("trang {number} bung ra hơn {most} MB").format(
                number=number, most=MAX_UNPACKED_BYTES >> 20
            )
            raise HugeFileError(self.name, what)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn what qpdf raises on damage into our error."""
    try:
        yield
    except pikepdf.PasswordError as error:
        raise EncryptedFileError(name) from error
    except (pikepdf.PikepdfError, *DAMAGE) as error:
        if "bad_alloc" in str(error):  # qpdf tells the memory limit so
            raise MemoryError from error
        raise _damaged(name, error) from error


def _access(file: Path, limits: Limits) -> pikepdf.AccessMode:
    """Map small files into memory; a large one would eat the address space of the decoder."""
    is_small = file.stat().st_size < limits.max_memory_mb * (1 << 20) // 4
    mode = pikepdf.AccessMode.mmap if is_small else pikepdf.AccessMode.stream
    return cast(pikepdf.AccessMode, mode)


def _plain_picture(picture: Any, name: str, limits: Limits) -> Image.Image | None:
    """Return the embedded picture, opened; None when only a renderer would show it rightly.

    Raises:
        ScanError: it has too many pixels.
    """
    width, height = int(picture.get(Name.Width, 0)), int(picture.get(Name.Height, 0))
    check_pixels(width, height, name, limits)
    if not _is_plain(picture):
        return None
    try:
        packed = _packed_picture(picture)
        if packed is not None:
            image = open_stream(io.BytesIO(packed), name)
        else:
            image = pikepdf.PdfImage(picture).as_pil_image()
    except (
        pikepdf.DependencyError,
        pikepdf.NotExtractableError,
        pikepdf.UnsupportedImageTypeError,
    ):
        return None  # JBIG2 needs a program that few have; poppler reads it by itself
    except (UnreadableFileError, pikepdf.PdfError, pikepdf.InvalidPdfImageError, *DAMAGE):
        return None  # poppler may know better, and tells when it does not
    return image if image.size == (width, height) and image.mode != "CMYK" else None


def _is_plain(picture: Any) -> bool:
    special = (
        Name.SMask,
        Name.Mask,
        Name.ImageMask,
        Name.Decode,
        Name.SMaskInData,
        Name.Alternates,
    )
    if any(key in picture and picture[key] not in (False, 0) for key in special):
        return False
    space = picture.get(Name.ColorSpace)
    if space is None:
        return _filters(picture)[-1:] == ["/JPXDecode"]
    if isinstance(space, pikepdf.Array):
        family = str(space[0])
        if family == "/ICCBased":
            return int(space[1].N) in (1, 3)
        if family == "/Indexed":
            return isinstance(space[1], pikepdf.Name) and str(space[1]) in _PLAIN_SPACES
        return family in _PLAIN_SPACES
    return str(space) in _PLAIN_SPACES


def _filters(picture: Any) -> list[str]:
    told = picture.get(Name.Filter, pikepdf.Array())
    return [str(each) for each in told] if isinstance(told, pikepdf.Array) else [str(told)]


def _packed_picture(picture: Any) -> bytes | None:
    """Return the JPEG or JPEG 2000 file that a picture is; None for other encodings."""
    *outer, inner = _filters(picture) or [""]
    if inner not in ("/DCTDecode", "/JPXDecode"):
        return None
    raw = bytes(picture.read_raw_bytes())
    if not outer:
        return raw
    if outer != ["/FlateDecode"] or Name.DecodeParms in picture:
        return None
    return zlib.decompress(raw)  # qpdf will not take off one filter alone


def _active_content(pdf: pikepdf.Pdf) -> Iterator[str]:
    """Say what in the PDF would act by itself in a viewer; nothing of it is executed here."""
    root = pdf.Root
    names = root.get(Name.Names, pikepdf.Dictionary())
    if Name.JavaScript in names:
        yield _("có JavaScript")
    if Name.EmbeddedFiles in names:
        yield _("có tệp đính kèm")
    yield from _actions(root)
    for page in pdf.pages:
        yield from _actions(page.obj)
        for note in page.obj.get(Name.Annots, pikepdf.Array()):
            yield from _actions(note)
            if note.get(Name.Subtype) == Name.FileAttachment:
                yield _("có tệp đính kèm")


def _actions(thing: Any) -> Iterator[str]:
    found = [thing.get(key) for key in (Name.OpenAction, Name.A)]
    more = thing.get(Name.AA)
    if isinstance(more, pikepdf.Dictionary):
        found += [more[key] for key in more.keys()]  # noqa: SIM118 -- a pikepdf dictionary
    for action in found:
        kind = action.get(Name.S) if isinstance(action, pikepdf.Dictionary) else None
        if kind == Name.JavaScript:
            yield _("có JavaScript")
        elif kind in (Name.Launch, Name.ImportData, Name.SubmitForm):
            yield _("có lệnh tự chạy")


def _damaged(name: str, error: BaseException) -> UnreadableFileError:
    words = str(error).replace(f"{name}: ", "").splitlines()
    detail = words[0][:120] if words else type(error).__name__
    return UnreadableFileError(name, _("PDF hỏng: {detail}").format(detail=detail))
