"""Files made for the tests: pages of writing in every format, good and bad."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pikepdf
from PIL import Image

from pipeline.values import Pixels

A4_200 = (1654, 2339)  # width, height in px at 200 dpi


def written_page(seed: int = 1, rows: int = 24, size: tuple[int, int] = A4_200) -> Pixels:
    """A ruled page in an invented hand, 200 dpi when it is A4."""
    random = np.random.default_rng(seed)
    width, height = size
    page = np.full((height, width), 232, np.uint8)
    step = height // 28
    for row in range(2, 27):
        cv2.line(page, (width // 16, row * step), (width * 15 // 16, row * step), 150, 2)
    letters = np.array(list("aeghiklmnoprstuvy  "))
    for row in range(2, 2 + rows):
        words = "".join(random.choice(letters, int(random.integers(12, 40))))
        place = (width // 14 + int(random.integers(20)), (row + 1) * step - step // 3)
        cv2.putText(page, words, place, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, step / 60, 55, 2)
    soft = cv2.GaussianBlur(page, (0, 0), 0.6).astype(np.float32)
    grain = random.normal(0, 2.5, page.shape)
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


def save(file: Path, pixels: Pixels, dpi: float = 200, mode: str = "L", **options: object) -> Path:
    """Save pixels as the picture that the ending names."""
    Image.fromarray(pixels).convert(mode).save(file, dpi=(dpi, dpi), **options)
    return file


def jpeg_bytes(pixels: Pixels, mode: str = "L") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def pdf_of_jpeg(
    file: Path,
    data: bytes,
    size: tuple[int, int],
    *,
    box: tuple[float, float] = (595.44, 842.04),  # A4 at 200 dpi to the px
    rotate: int = 0,
    before: bytes = b"",
    after: bytes = b"",
    place: str = "",
    **extra: object,
) -> Path:
    """Write a PDF whose one page shows a JPEG over the whole page.

    Args:
        before, after: more content around the picture.
        place: matrix of the picture; by default it fills the page.
        extra: more entries of the picture's dictionary.
    """
    pdf = pikepdf.new()
    space = pikepdf.Name.DeviceGray
    picture = pikepdf.Stream(
        pdf,
        data,
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=size[0],
        Height=size[1],
        BitsPerComponent=8,
        ColorSpace=space,
        Filter=pikepdf.Name.DCTDecode,
        **extra,
    )
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    matrix = place or f"{box[0]} 0 0 {box[1]} 0 0"
    pdf.add_blank_page(page_size=box)
    page = pdf.pages[0]
    page.obj.Resources = pikepdf.Dictionary(
        XObject=pikepdf.Dictionary(Im0=picture), Font=pikepdf.Dictionary(F1=font)
    )
    content = before + f"\nq {matrix} cm /Im0 Do Q\n".encode() + after
    page.obj.Contents = pdf.make_stream(content)
    if rotate:
        page.obj.Rotate = rotate
    pdf.save(file, linearize=False)
    return file


def vector_pdf(file: Path, pages: int = 1) -> Path:
    pdf = pikepdf.new()
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    for number in range(pages):
        pdf.add_blank_page(page_size=(595, 842))
        page = pdf.pages[number]
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        text = f"BT /F1 24 Tf 72 700 Td (Trang {number + 1} cua quyen so) Tj ET"
        page.obj.Contents = pdf.make_stream(text.encode())
    pdf.save(file)
    return file


def bomb_png(file: Path, side: int = 30_000) -> Path:
    """A few kilobytes that unpack to a picture of `side` by `side` px."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    data = b"".join(packer.compress(row) for _row in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", data), (b"IEND", b"")]
    file.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in chunks
        )
    )
    return file


def bomb_pdf(file: Path, unpacked_mb: int = 2048) -> Path:
    """A page whose content is packed twice and unpacks to gigabytes."""
    packer = zlib.compressobj(9)
    block = b" " * (1 << 20)
    once = b"".join(packer.compress(block) for _block in range(unpacked_mb)) + packer.flush()
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    pdf.pages[0].obj.Contents = pikepdf.Stream(
        pdf, zlib.compress(once, 9), Filter=[pikepdf.Name.FlateDecode, pikepdf.Name.FlateDecode]
    )
    pdf.save(file, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return file


def cyclic_pdf(file: Path) -> Path:
    """A page tree that contains itself."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(body)
    body += b"xref\n0 4\n0000000000 65535 f \n"
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer\n<< /Root 1 0 R /Size 4 >>\nstartxref\n%d\n%%%%EOF\n" % start
    file.write_bytes(body)
    return file
