"""PDF pages: one embedded picture comes out unchanged, anything else as a viewer shows it."""

import io
import zlib
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from ingest_samples import (
    bomb_pdf,
    cyclic_pdf,
    jpeg_bytes,
    pdf_of_jpeg,
    save,
    vector_pdf,
    written_page,
)
from PIL import Image

from pipeline.errors import EncryptedFileError, HugeFileError, ScanError, UnreadableFileError
from pipeline.ingest.files import Survey, embedded_bytes, open_frame, shown_frame, survey
from pipeline.settings import IngestSettings
from pipeline.values import Pixels

SETTINGS = IngestSettings()
SIZE = (827, 1169)
A4 = (595.44, 841.68)  # SIZE at 100 dpi, to the point
PAGE = written_page(size=SIZE)
JPEG = jpeg_bytes(PAGE)
DECODED = np.asarray(Image.open(io.BytesIO(JPEG)))


def survey_of(file: Path) -> Survey:
    (outcome,) = survey([file], SETTINGS)
    assert isinstance(outcome, Survey), outcome
    return outcome


def error_of(file: Path, settings: IngestSettings = SETTINGS) -> ScanError:
    (outcome,) = survey([file], settings)
    assert isinstance(outcome, ScanError), outcome
    return outcome


def opened(file: Path, frame: int = 1) -> Pixels:
    return open_frame(file, frame, file.name, SETTINGS).pixels


def test_an_embedded_jpeg_is_taken_out_unchanged(tmp_path: Path) -> None:
    file = pdf_of_jpeg(tmp_path / "a.pdf", JPEG, SIZE, box=A4)
    assert embedded_bytes(file, 1, SETTINGS) == (JPEG, "image/jpeg", 0)
    assert np.array_equal(opened(file), DECODED)
    (frame,) = survey_of(file).frames
    assert (frame.width_px, frame.height_px) == SIZE
    assert frame.dpi == pytest.approx(100, abs=0.1)
    assert not frame.quality.dpi_assumed


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_the_turn_of_the_page_is_applied_and_told_to_the_archive(
    tmp_path: Path, rotate: int
) -> None:
    file = pdf_of_jpeg(tmp_path / "a.pdf", JPEG, SIZE, box=A4, rotate=rotate)
    assert np.array_equal(opened(file), np.rot90(DECODED, -rotate // 90))
    assert embedded_bytes(file, 1, SETTINGS) == (JPEG, "image/jpeg", rotate)


def test_a_picture_laid_sideways_is_shown_as_a_viewer_does(tmp_path: Path) -> None:
    width, height = A4
    file = pdf_of_jpeg(
        tmp_path / "a.pdf",
        JPEG,
        SIZE,
        box=(height, width),
        place=f"0 {-width} {height} 0 0 {width}".replace("--", ""),
    )
    assert np.array_equal(opened(file), np.rot90(DECODED, -1))
    rendered = _rendered(file, 100)
    assert np.abs(rendered.astype(int) - opened(file)).mean() < 6


def test_a_text_layer_from_an_earlier_recognition_does_not_matter(tmp_path: Path) -> None:
    layer = b"BT 3 Tr /F1 10 Tf 50 700 Td (Nguyen Thi Lan) Tj ET"
    for number, parts in enumerate(({"before": layer}, {"after": layer})):
        file = pdf_of_jpeg(tmp_path / f"{number}.pdf", JPEG, SIZE, box=A4, **parts)
        assert embedded_bytes(file, 1, SETTINGS) == (JPEG, "image/jpeg", 0)


def test_matrices_add_up_and_a_clip_around_the_page_is_none(tmp_path: Path) -> None:
    file = pdf_of_jpeg(
        tmp_path / "a.pdf",
        JPEG,
        SIZE,
        box=A4,
        before=b"0 0 595.44 841.68 re W n 0.5 0 0 0.5 10 20 cm",
        place="1190.88 0 0 1683.36 -20 -40",
    )
    assert embedded_bytes(file, 1, SETTINGS) == (JPEG, "image/jpeg", 0)


@pytest.mark.parametrize(
    "parts",
    [
        {"after": b"BT /F1 30 Tf 50 700 Td (DAU CHUNG THUC) Tj ET"},
        {"after": b"0 0 0 rg 100 100 200 200 re f"},
        {"before": b"100 100 200 200 re W n"},
        {"place": "300 0 0 841.68 0 0"},  # a narrow picture on a wide page
        {"place": "700 0 0 900 -50 -30"},  # the page crops it
        {"place": "-595.44 0 0 841.68 595.44 0"},  # mirrored
        {"Decode": pikepdf.Array([1, 0])},
        {"after": b"q 10 0 0 10 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q"},
        {"after": b"q 100 0 0 100 0 0 cm /Im0 Do Q"},
    ],
    ids=lambda parts: next(iter(parts)),
)
def test_a_page_that_is_more_than_its_picture_is_rendered(
    tmp_path: Path, parts: dict[str, object]
) -> None:
    file = pdf_of_jpeg(tmp_path / "a.pdf", JPEG, SIZE, box=A4, **parts)
    assert embedded_bytes(file, 1, SETTINGS) is None
    image = open_frame(file, 1, "a", SETTINGS)
    assert image.dpi == pytest.approx(300)
    assert image.pixels.shape[1] == pytest.approx(A4[0] / 72 * 300, abs=2)
    assert np.array_equal(image.pixels, _rendered(file, 300))


def test_a_page_cropped_by_its_box_is_rendered_so(tmp_path: Path) -> None:
    file = pdf_of_jpeg(tmp_path / "a.pdf", JPEG, SIZE, box=A4)
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.CropBox = pikepdf.Array([0, 0, 300, 400])
        pdf.save(file)
    assert opened(file).shape == (1667, 1250)


@pytest.mark.parametrize("kind", ["flate", "ccitt", "jpx", "indexed", "flate_of_jpeg"])
def test_other_encodings_of_an_embedded_page_are_taken_out_too(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "a.pdf"
    expected = _embed(file, kind)
    found = opened(file)
    assert found.shape == expected.shape  # rendered it would be 300 dpi
    assert np.abs(found.astype(int) - expected).mean() < 2


def test_vector_pages_are_rendered_at_300_dpi(tmp_path: Path) -> None:
    file = vector_pdf(tmp_path / "a.pdf", pages=3)
    frames = survey_of(file).frames
    assert [(frame.width_px, frame.height_px) for frame in frames] == [(2480, 3509)] * 3
    assert opened(file, 2).min() < 50


def test_a_pdf_with_a_password_says_so(tmp_path: Path) -> None:
    file = vector_pdf(tmp_path / "a.pdf")
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        pdf.save(file, encryption=pikepdf.Encryption(user="bi-mat", owner="chu"))
    assert isinstance(error_of(file), EncryptedFileError)
    with pytest.raises(EncryptedFileError, match=r"sổ 1\.pdf"):
        open_frame(file, 1, "sổ 1.pdf", SETTINGS)


def test_a_pdf_locked_against_changes_only_is_read(tmp_path: Path) -> None:
    file = pdf_of_jpeg(tmp_path / "a.pdf", JPEG, SIZE, box=A4)
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        pdf.save(file, encryption=pikepdf.Encryption(user="", owner="chu"))
    assert np.array_equal(opened(file), DECODED)
    vector = vector_pdf(tmp_path / "b.pdf")
    with pikepdf.open(vector, allow_overwriting_input=True) as pdf:
        pdf.save(vector, encryption=pikepdf.Encryption(user="", owner="chu"))
    assert opened(vector).min() < 50


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.98])
def test_a_truncated_pdf_is_refused(tmp_path: Path, share: float) -> None:
    file = pdf_of_jpeg(tmp_path / "a.pdf", JPEG, SIZE, box=A4)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    assert isinstance(error_of(file), UnreadableFileError)


def test_a_pdf_whose_picture_is_truncated_is_refused(tmp_path: Path) -> None:
    file = pdf_of_jpeg(tmp_path / "a.pdf", JPEG[: len(JPEG) // 2], SIZE, box=A4)
    assert isinstance(error_of(file), UnreadableFileError)


def test_a_page_rendered_from_a_truncated_picture_is_refused_too(tmp_path: Path) -> None:
    stamp = b"BT /F1 30 Tf 50 700 Td (DAU CHUNG THUC) Tj ET"
    file = pdf_of_jpeg(tmp_path / "a.pdf", JPEG[: len(JPEG) // 2], SIZE, box=A4, after=stamp)
    assert isinstance(error_of(file), UnreadableFileError)


def test_a_packed_bomb_ends_at_the_memory_limit_and_harms_nobody(tmp_path: Path) -> None:
    bomb = bomb_pdf(tmp_path / "bomb.pdf", unpacked_mb=700)
    assert bomb.stat().st_size < 100_000
    good = save(tmp_path / "good.png", PAGE)
    limits = IngestSettings(max_memory_mb=600)
    first, second = survey([bomb, good], limits)
    assert isinstance(first, HugeFileError)
    assert isinstance(second, Survey)


def test_a_page_too_large_to_render_is_refused_before_rendering(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(14_400, 14_400))
    pdf.save(tmp_path / "a.pdf")
    assert isinstance(error_of(tmp_path / "a.pdf"), HugeFileError)


def test_a_page_tree_that_contains_itself_ends_in_an_error(tmp_path: Path) -> None:
    assert isinstance(error_of(cyclic_pdf(tmp_path / "a.pdf")), UnreadableFileError)


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    file = vector_pdf(tmp_path / "a.pdf", pages=4)
    error = error_of(file, IngestSettings(max_frames=3))
    assert isinstance(error, HugeFileError)
    assert "3" in str(error)


def test_what_would_act_by_itself_is_noted_and_not_executed(tmp_path: Path) -> None:
    file = vector_pdf(tmp_path / "a.pdf")
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.launchURL('http://x')")
        launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="/bin/sh")
        pdf.Root.OpenAction = script
        pdf.pages[0].obj.AA = pikepdf.Dictionary(O=launch)
        pdf.attachments["a.txt"] = b"x"
        pdf.save(file)
    assert survey_of(file).notes == ("có JavaScript", "có lệnh tự chạy", "có tệp đính kèm")


def _rendered(file: Path, dpi: int) -> Pixels:
    from pdf2image import convert_from_path

    (image,) = convert_from_path(file, dpi=dpi, grayscale=True, use_cropbox=True)
    return np.asarray(image)


def _embed(file: Path, kind: str) -> Pixels:
    """Write a PDF of PAGE in one encoding; return what it must look like."""
    from pikepdf import Name, Stream

    pdf = pikepdf.new()
    entries: dict[str, object] = {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 8}
    expected = PAGE
    if kind == "flate":
        data = zlib.compress(PAGE.tobytes())
        entries["Filter"] = Name.FlateDecode
    elif kind == "flate_of_jpeg":
        data = zlib.compress(JPEG)
        entries["Filter"] = pikepdf.Array([Name.FlateDecode, Name.DCTDecode])
        expected = DECODED
    elif kind == "jpx":
        stream = io.BytesIO()
        Image.fromarray(PAGE).save(stream, "JPEG2000")
        data = stream.getvalue()
        entries["Filter"] = Name.JPXDecode
    elif kind == "indexed":
        palette = bytes(level for grey in range(256) for level in (grey, grey, grey))
        data = zlib.compress(PAGE.tobytes())
        entries["Filter"] = Name.FlateDecode
        entries["ColorSpace"] = pikepdf.Array([Name.Indexed, Name.DeviceRGB, 255, palette])
    else:
        expected = np.where(PAGE < 160, 0, 255).astype(np.uint8)
        stream = io.BytesIO()
        one_strip = {278: SIZE[1]}
        bitonal = Image.fromarray(expected).convert("1")
        bitonal.save(stream, "TIFF", compression="group4", tiffinfo=one_strip)
        tags = Image.open(stream).tag_v2
        (start,), (length,) = tags[273], tags[279]
        data = stream.getvalue()[start : start + length]
        entries["Filter"] = Name.CCITTFaxDecode
        entries["BitsPerComponent"] = 1
        entries["DecodeParms"] = pikepdf.Dictionary(
            K=-1, Columns=SIZE[0], Rows=SIZE[1], BlackIs1=tags[262] == 1
        )
    picture = Stream(
        pdf,
        data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=SIZE[0],
        Height=SIZE[1],
        **entries,
    )
    pdf.add_blank_page(page_size=A4)
    page = pdf.pages[0]
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=picture))
    page.obj.Contents = pdf.make_stream(b"q %.2f 0 0 %.2f 0 0 cm /Im0 Do Q" % A4)
    pdf.save(file, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return expected


def test_a_drawn_page_is_shown_in_its_colours(tmp_path: Path) -> None:
    file = vector_pdf(tmp_path / "a.pdf")
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        seal = b" 0.8 0.1 0.1 rg 200 300 100 100 re f"
        pdf.pages[0].obj.Contents = pdf.make_stream(pdf.pages[0].Contents.read_bytes() + seal)
        pdf.save(file)
    found = Image.open(io.BytesIO(shown_frame(file, 1, file.name, SETTINGS)))
    height, width = opened(file).shape
    assert (found.height, found.width) == (height, width)
    red, green, _blue = found.getpixel((round(width * 250 / 595), round(height * (1 - 350 / 842))))
    assert red - green > 120
