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
from typing import Any, NamedTuple, cast

import pikepdf
from pikepdf import Matrix, Name
from PIL import Image

from pipeline.errors import EncryptedFileError, HugeFileError, UnreadableFileError
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

SLACK_PT = 2.0  # producers round boxes to whole points
ALIKE = 0.03
MAX_DEPTH = 4  # forms inside forms
MAX_CONTENT_BYTES = 2_000_000  # packed; a page of one picture and its text layer has far less
MAX_UNPACKED_BYTES = 64 << 20
_TAIL_BYTES = 2048
_HIDDEN = 2  # annotation flag
_INVISIBLE = 3  # text render mode
_STATE = frozenset(  # operators that paint nothing
    (
        *("w", "J", "j", "M", "d", "ri", "i", "n", "W", "W*"),
        *("g", "G", "rg", "RG", "k", "K", "cs", "CS", "sc", "SC", "scn", "SCN"),
        *("BT", "ET", "Tc", "Tw", "Tz", "TL", "Ts", "Td", "TD", "Tm", "T*"),
        *("MP", "DP", "BMC", "EMC"),
    )
)
_SHOW = frozenset(("Tj", "TJ", "'", '"'))
_PLAIN_SPACES = frozenset(("/DeviceGray", "/DeviceRGB", "/CalGray", "/CalRGB"))


class _Mixed(Exception):
    """The page is more than one picture: render it."""


class _Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def covers(self, other: "_Box") -> bool:
        return (
            self.left <= other.left + SLACK_PT
            and self.bottom <= other.bottom + SLACK_PT
            and self.right >= other.right - SLACK_PT
            and self.top >= other.top - SLACK_PT
        )


class _Placed(NamedTuple):
    """A picture and how the page shows it.

    Attributes:
        dpi: across and down of the upright page.
    """

    picture: Any
    turn_deg: int
    dpi: tuple[float, float]


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

    def frame(self, number: int) -> Frame:
        """Decode one page, counted from 1.

        Raises:
            ScanError: it is damaged or too large.
            ProgramError: it must be rendered, and poppler is not installed.
        """
        self.count()
        placed = self._sole_picture(number)
        if placed is not None:
            picture = _plain_picture(placed.picture, self.name, self.limits)
            if picture is not None:
                return develop(
                    picture,
                    self.name,
                    self.limits,
                    turn_deg=placed.turn_deg,
                    declared=placed.dpi,
                )
        return self._render(number)

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
        placed = self._sole_picture(number)
        if placed is None or _plain_picture(placed.picture, self.name, self.limits) is None:
            return None
        packed = _packed_picture(placed.picture)
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

    def _sole_picture(self, number: int) -> _Placed | None:
        try:
            return _sole_picture(self.pdf.pages[number - 1])
        except (_Mixed, pikepdf.PdfError, *DAMAGE):
            return None

    def _render(self, number: int) -> Frame:
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
                grayscale=True,
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
        grey = image if image.mode == "L" else image.convert("L")
        return Frame(grey, grey.width, grey.height, float(self.limits.render_dpi), is_assumed=False)

    def _check_render_size(self, number: int) -> None:
        box = _box(self.pdf.pages[number - 1].cropbox)
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
    except (pikepdf.PdfError, *DAMAGE) as error:
        if "bad_alloc" in str(error):  # qpdf tells the memory limit so
            raise MemoryError from error
        raise _damaged(name, error) from error


def _access(file: Path, limits: Limits) -> pikepdf.AccessMode:
    """Map small files into memory; a large one would eat the address space of the decoder."""
    is_small = file.stat().st_size < limits.max_memory_mb * (1 << 20) // 4
    mode = pikepdf.AccessMode.mmap if is_small else pikepdf.AccessMode.stream
    return cast(pikepdf.AccessMode, mode)


def _sole_picture(page: pikepdf.Page) -> _Placed:
    if _has_visible_notes(page):
        raise _Mixed
    walk = _Walk()
    walk.content(page, page.resources, Matrix(), 0)
    if walk.shown is None:
        raise _Mixed
    picture, matrix = walk.shown
    sheet, shown = _box(page.cropbox), _square(matrix)
    sees_all = shown.covers(sheet) and sheet.covers(shown)
    if not sees_all or not all(clip.covers(sheet) for clip in walk.clips):
        raise _Mixed
    unit = float(page.obj.get(Name.UserUnit, 1)) / 72
    turn_deg = (_turn_of(matrix) + page.rotation) % 360
    across = int(picture.Width) / ((abs(matrix.a) + abs(matrix.b)) * unit)
    down = int(picture.Height) / ((abs(matrix.c) + abs(matrix.d)) * unit)
    if abs(across - down) > ALIKE * across:
        raise _Mixed
    return _Placed(picture, turn_deg, (across, down))


class _Walk:
    """One pass over a page's content: the picture that it shows, or `_Mixed`.

    Only operators that paint nothing are let through, apart from one picture and invisible text
    (the text layer of a PDF that was recognised before).
    """

    def __init__(self) -> None:
        self.shown: tuple[Any, Matrix] | None = None
        self.clips: list[_Box] = []

    def content(self, stream: Any, resources: Any, matrix: Matrix, depth: int) -> None:
        if depth > MAX_DEPTH or _packed_bytes(stream) > MAX_CONTENT_BYTES:
            raise _Mixed
        saved: list[tuple[Matrix, int, bool]] = []
        now, text_mode, is_inert = matrix, 0, False
        for instruction in pikepdf.parse_content_stream(stream):
            operator, operands = str(instruction.operator), instruction.operands
            if operator == "q":
                saved.append((now, text_mode, is_inert))
            elif operator == "Q":
                now, text_mode, is_inert = saved.pop()
            elif operator == "cm":
                now = Matrix(*(float(value) for value in operands)) @ now
            elif operator == "Do":
                self.show(_named(resources, Name.XObject, operands[0]), resources, now, depth)
            elif operator == "gs":
                _check_state(_named(resources, Name.ExtGState, operands[0]))
            elif operator == "re":  # a path may only become a clip: painting is not let through
                self.clips.append(_rectangle(operands, now))
            elif operator == "Tr":
                text_mode = int(operands[0])
            elif operator == "Tf":
                font = _named(resources, Name.Font, operands[0])
                is_inert = font.get(Name.Subtype) != Name.Type3  # type 3 ignores the mode
            elif operator in _SHOW:
                if text_mode != _INVISIBLE or not is_inert:
                    raise _Mixed
            elif operator == "BDC":
                if operands[0] == Name.OC:  # a layer that may be switched off
                    raise _Mixed
            elif operator not in _STATE:
                raise _Mixed

    def show(self, thing: Any, resources: Any, matrix: Matrix, depth: int) -> None:
        if Name.OC in thing:
            raise _Mixed
        if thing.get(Name.Subtype) == Name.Form:
            inner = Matrix(*(float(value) for value in thing.get(Name.Matrix, (1, 0, 0, 1, 0, 0))))
            own = thing.get(Name.Resources, resources)
            before = self.shown
            self.content(thing, own, inner @ matrix, depth + 1)
            if self.shown is not before:  # its frame clips the picture
                left, bottom, right, top = (float(value) for value in thing.BBox)
                corners = (left, bottom, right - left, top - bottom)
                self.clips.append(_rectangle(corners, inner @ matrix))
        elif self.shown is not None:
            raise _Mixed
        else:
            self.shown = thing, matrix


def _check_state(state: Any) -> None:
    is_opaque = all(float(state.get(key, 1)) == 1 for key in (Name.ca, Name.CA))
    is_plain = state.get(Name.BM, Name.Normal) in (Name.Normal, Name.Compatible)
    if not is_opaque or not is_plain or state.get(Name.SMask, Name("/None")) != Name("/None"):
        raise _Mixed


def _named(resources: Any, kind: Name, name: Any) -> Any:
    return resources[kind][name]


def _packed_bytes(stream: Any) -> int:
    thing = stream.obj.get(Name.Contents) if isinstance(stream, pikepdf.Page) else stream
    if thing is None:
        return 0
    parts = list(thing) if isinstance(thing, pikepdf.Array) else [thing]
    return sum(int(part.get(Name.Length, 0)) for part in parts)


def _rectangle(operands: Any, matrix: Matrix) -> _Box:
    left, bottom, width, height = (float(value) for value in operands)
    return _square(Matrix(width, 0, 0, height, left, bottom) @ matrix)


def _square(matrix: Matrix) -> _Box:
    """Return where the unit square falls.

    Raises:
        _Mixed: it falls askew.
    """
    corners = [matrix.transform(point) for point in ((0, 0), (1, 0), (1, 1), (0, 1))]
    across, up = [x for x, _y in corners], [y for _x, y in corners]
    is_level = min(abs(matrix.b) + abs(matrix.c), abs(matrix.a) + abs(matrix.d)) < 1e-3
    if not is_level:
        raise _Mixed
    return _Box(min(across), min(up), max(across), max(up))


def _turn_of(matrix: Matrix) -> int:
    """Return the clockwise turn by which the page shows a picture.

    Raises:
        _Mixed: it is mirrored.
    """
    if matrix.a * matrix.d - matrix.b * matrix.c <= 0:
        raise _Mixed
    if abs(matrix.a) > abs(matrix.b):
        return 0 if matrix.a > 0 else 180
    return 270 if matrix.b > 0 else 90


def _box(corners: Any) -> _Box:
    a, b, c, d = (float(value) for value in corners)
    return _Box(min(a, c), min(b, d), max(a, c), max(b, d))


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
    except (UnreadableFileError, pikepdf.PdfError, *DAMAGE):
        return None
    except (pikepdf.DependencyError, NotImplementedError, pikepdf.UnsupportedImageTypeError):
        return None  # JBIG2 needs a program that few have; poppler reads it by itself
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


def _has_visible_notes(page: pikepdf.Page) -> bool:
    for note in page.obj.get(Name.Annots, pikepdf.Array()):
        is_hidden = int(note.get(Name.F, 0)) & _HIDDEN
        if not is_hidden and note.get(Name.Subtype) not in (Name.Link, Name.Popup):
            return True
    return False


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
