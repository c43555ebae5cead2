"""Pictures of every kind become upright grey pages; what is half a picture never does."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from ingest_samples import A4_200, bomb_png, jpeg_bytes, save, written_page
from PIL import Image

from pipeline.errors import HugeFileError, UnreadableFileError
from pipeline.ingest.files import Survey, embedded_bytes, open_frame, shown_frame, survey
from pipeline.settings import IngestSettings
from pipeline.values import Pixels

SETTINGS = IngestSettings()
PAGE = written_page(size=(827, 1169))  # A4 at 100 dpi: enough to tell right from wrong


def look_at(*files: Path) -> list[object]:
    return list(survey(files, SETTINGS))


def survey_of(file: Path) -> Survey:
    (outcome,) = look_at(file)
    assert isinstance(outcome, Survey), outcome
    return outcome


def opened(file: Path, frame: int = 1) -> Pixels:
    return open_frame(file, frame, file.name, SETTINGS).pixels


def apart(found: Pixels, expected: Pixels) -> float:
    assert found.shape == expected.shape
    return float(np.abs(found.astype(int) - expected.astype(int)).mean())


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_kind_of_picture_is_read(tmp_path: Path, mode: str) -> None:
    kinds: list[tuple[str, str, dict[str, object]]] = [
        ("a.png", "image/png", {}),
        ("a.tif", "image/tiff", {}),
        ("lzw.tif", "image/tiff", {"compression": "tiff_lzw"}),
        ("a.jpg", "image/jpeg", {"quality": 95}),
        ("a.jp2", "image/jp2", {}),
        ("jpeg.tif", "image/tiff", {"compression": "jpeg", "quality": 95}),
    ]
    files = [save(tmp_path / name, PAGE, mode=mode, **options) for name, _type, options in kinds]
    for file, outcome, (_name, media_type, _options) in zip(
        files, look_at(*files), kinds, strict=True
    ):
        assert isinstance(outcome, Survey)
        assert outcome.media_type == media_type
        assert apart(opened(file), PAGE) < 2.5


def test_the_kind_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    file = tmp_path / "page.pdf"
    file.write_bytes(jpeg_bytes(PAGE))
    assert survey_of(file).media_type == "image/jpeg"


@pytest.mark.parametrize("compression", ["raw", "group3", "group4", "packbits"])
def test_one_bit_tiffs_are_black_on_white(tmp_path: Path, compression: str) -> None:
    black = np.where(PAGE < 160, 0, 255).astype(np.uint8)
    file = tmp_path / "a.tif"
    Image.fromarray(black).convert("1").save(file, compression=compression, dpi=(100, 100))
    assert apart(opened(file), black) == 0


def test_a_cmyk_picture_is_not_inverted(tmp_path: Path) -> None:
    for name in ("a.tif", "a.jpg"):
        file = save(tmp_path / name, PAGE, dpi=100, mode="CMYK")
        assert apart(opened(file), PAGE) < 8


def test_sixteen_bits_keep_their_tones(tmp_path: Path) -> None:
    deep = PAGE.astype(np.uint16) * 257
    for name in ("a.tif", "a.png"):
        file = tmp_path / name
        Image.fromarray(deep).save(file, dpi=(100, 100))
        assert apart(opened(file), PAGE) < 1


def test_what_is_transparent_is_white_paper(tmp_path: Path) -> None:
    for name, mode in (("a.png", "RGBA"), ("b.png", "LA"), ("c.tif", "RGBA")):
        picture = Image.fromarray(PAGE).convert(mode)
        picture.paste(Image.new(mode, (827, 100), (0,) * len(picture.getbands())), (0, 0))
        picture.save(tmp_path / name)
        found = opened(tmp_path / name)
        assert found[:95].min() == 255
        assert apart(found[105:], PAGE[105:]) < 1


UNDO = {  # how a page is stored so that the turn noted in its EXIF makes it upright
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(np.transpose(a), 2),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("kind", ["jpg", "tif", "png"])
def test_the_turn_that_a_phone_noted_is_applied(tmp_path: Path, kind: str) -> None:
    page = PAGE[:400, :600]
    files = []
    for orientation, undo in UNDO.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        files.append(tmp_path / f"{orientation}.{kind}")
        options = {"quality": 95} if kind == "jpg" else {}
        stored = Image.fromarray(np.ascontiguousarray(undo(page)))
        stored.save(files[-1], exif=exif, dpi=(200, 200), **options)
        assert apart(opened(files[-1]), page) < 2, orientation
    for outcome in look_at(*files):
        assert isinstance(outcome, Survey)
        (frame,) = outcome.frames
        assert (frame.width_px, frame.height_px) == (600, 400)


def test_each_page_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    pages = [written_page(seed, size=(413, 585)) for seed in (1, 2, 3)]
    first, *rest = (Image.fromarray(page) for page in pages)
    file = tmp_path / "book.tif"
    first.save(file, save_all=True, append_images=rest, compression="tiff_lzw")
    assert len(survey_of(file).frames) == 3
    assert [apart(opened(file, number), pages[number - 1]) for number in (1, 2, 3)] == [0, 0, 0]
    with pytest.raises(UnreadableFileError, match="4"):
        opened(file, 4)


def test_a_thumbnail_in_a_tiff_is_no_page(tmp_path: Path) -> None:
    small = Image.fromarray(PAGE).resize((80, 110))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    file = tmp_path / "a.tif"
    Image.fromarray(PAGE).save(file, save_all=True, append_images=[small])
    assert len(survey_of(file).frames) == 1


def test_a_scan_finer_than_needed_is_read_at_300_dpi_and_maps_back(tmp_path: Path) -> None:
    file = save(tmp_path / "a.png", np.kron(PAGE, np.ones((2, 2), np.uint8)), dpi=600)
    image = open_frame(file, 1, "a", SETTINGS)
    assert image.dpi == pytest.approx(300, rel=0.01)
    assert apart(image.pixels, PAGE) < 1
    corner = image.to_scan @ [image.pixels.shape[1], image.pixels.shape[0], 1]
    assert corner[:2] == pytest.approx([827 * 2, 1169 * 2])


def test_dpi_is_the_files_word_when_it_can_be_true_else_the_papers_shape(tmp_path: Path) -> None:
    cases: list[tuple[float | None, tuple[int, int], float, bool]] = [
        (200, A4_200, 200, False),
        (72, A4_200, 200, True),  # a default that nobody measured
        (1, A4_200, 200, True),
        (2400, A4_200, 200, True),
        (None, A4_200, 200, True),
        (None, (3307, 2339), 200, True),  # a spread: two A4 pages
        (100, (827, 1169), 100, False),
    ]
    files = []
    for number, (tag, size, _dpi, _is_assumed) in enumerate(cases):
        files.append(tmp_path / f"{number}.png")
        options = {} if tag is None else {"dpi": (tag, tag)}
        Image.new("L", size, 240).save(files[-1], compress_level=1, **options)
    for outcome, (_tag, _size, dpi, is_assumed) in zip(look_at(*files), cases, strict=True):
        assert isinstance(outcome, Survey)
        (frame,) = outcome.frames
        assert frame.dpi == pytest.approx(dpi, rel=0.01)
        assert frame.quality.dpi_assumed is is_assumed


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.999])
def test_a_truncated_picture_is_refused(tmp_path: Path, share: float) -> None:
    files = [
        save(tmp_path / "a.jpg", PAGE),
        save(tmp_path / "a.png", PAGE),
        save(tmp_path / "a.jp2", PAGE),
        save(tmp_path / "raw.tif", PAGE),
        save(tmp_path / "g4.tif", PAGE, mode="1", compression="group4"),
        save(tmp_path / "lzw.tif", PAGE, compression="tiff_lzw"),
    ]
    for file in files:
        whole = file.read_bytes()
        file.write_bytes(whole[: int(len(whole) * share)])
    assert [type(outcome) for outcome in look_at(*files)] == [UnreadableFileError] * len(files)


def test_a_jpeg_that_ends_early_and_says_so_politely_is_refused(tmp_path: Path) -> None:
    whole = jpeg_bytes(PAGE)
    file = tmp_path / "a.jpg"
    file.write_bytes(whole[: len(whole) // 2] + b"\xff\xd9")
    assert [type(outcome) for outcome in look_at(file)] == [UnreadableFileError]


def test_a_picture_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    file = bomb_png(tmp_path / "bomb.png")
    (outcome,) = look_at(file)
    assert isinstance(outcome, HugeFileError)
    assert "30000" in str(outcome)
    with pytest.raises(HugeFileError):
        opened(file)


def test_a_picture_that_needs_too_much_memory_costs_only_itself(tmp_path: Path) -> None:
    big = bomb_png(tmp_path / "big.png", side=14_000)  # allowed by its header, 196 megapixels
    good = save(tmp_path / "good.png", PAGE)
    tight = IngestSettings(max_memory_mb=400)
    first, second = survey([big, good], tight)
    assert isinstance(first, HugeFileError)
    assert isinstance(second, Survey)


def test_what_is_no_scan_is_refused_with_the_kinds_that_are(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("đây không phải ảnh", encoding="utf-8")
    Image.fromarray(PAGE).save(tmp_path / "a.gif")
    Image.fromarray(PAGE).save(tmp_path / "a.bmp")
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    names = ["empty.jpg", "text.jpg", "a.gif", "a.bmp", "folder.jpg", "pipe.jpg", "none.jpg"]
    outcomes = look_at(*(tmp_path / name for name in names))
    assert {type(outcome) for outcome in outcomes} == {UnreadableFileError}
    assert "JPEG, PNG, TIFF, JPEG 2000" in str(outcomes[1])
    assert "text.jpg" in str(outcomes[1])


def test_a_file_between_bad_ones_is_read(tmp_path: Path) -> None:
    good = save(tmp_path / "good.png", PAGE)
    bad = tmp_path / "bad.png"
    bad.write_bytes(good.read_bytes()[:300])
    kinds = [isinstance(outcome, Survey) for outcome in look_at(bad, good, bad, tmp_path, good)]
    assert kinds == [False, True, False, False, True]


def test_the_sums_are_those_of_the_file(tmp_path: Path) -> None:
    import hashlib

    file = save(tmp_path / "a.jpg", PAGE)
    found = survey_of(file)
    assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert found.size_bytes == file.stat().st_size


def test_a_jpeg_master_is_handed_to_the_archive_byte_for_byte(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = tmp_path / "a.jpg"
    Image.fromarray(PAGE).save(file, exif=exif)
    found = embedded_bytes(file, 1, SETTINGS)
    assert found == (file.read_bytes(), "image/jpeg", 90)
    assert embedded_bytes(save(tmp_path / "a.png", PAGE), 1, SETTINGS) is None
    cmyk = save(tmp_path / "c.jpg", PAGE, mode="CMYK")
    assert embedded_bytes(cmyk, 1, SETTINGS) is None


def test_a_second_picture_in_a_phones_jpeg_is_no_page(tmp_path: Path) -> None:
    first, second = Image.fromarray(PAGE), Image.fromarray(PAGE).resize((200, 280))
    stream = io.BytesIO()
    first.save(stream, "MPO", save_all=True, append_images=[second])
    file = tmp_path / "phone.jpg"
    file.write_bytes(stream.getvalue())
    found = survey_of(file)
    assert (found.media_type, len(found.frames)) == ("image/jpeg", 1)


def test_damage_inside_a_jpeg_is_seen_or_harmless(tmp_path: Path) -> None:
    """Whatever is cut out of the middle, the parent gets a page or an error, nothing else."""
    whole = jpeg_bytes(PAGE)
    files = []
    for number in range(6):
        start = len(whole) * (number + 2) // 10
        file = tmp_path / f"{number}.jpg"
        file.write_bytes(whole[:start] + whole[start + 400 :])
        files.append(file)
    assert all(isinstance(each, Survey | UnreadableFileError) for each in look_at(*files))


def test_the_sample_page_is_what_the_tests_take_it_for() -> None:
    assert cv2.countNonZero((written_page() < 128).astype(np.uint8)) > 20_000


@pytest.mark.parametrize(
    "mode, bits", [("1", 1), ("L", 8), ("P", 8), ("I;16", 16), ("RGB", 24), ("RGBA", 24)]
)
def test_the_bits_of_a_sample_are_the_files_own(mode: str, bits: int, tmp_path: Path) -> None:
    file = tmp_path / "page.png"
    Image.new(mode, (400, 300)).save(file, dpi=(200, 200))
    (outcome,) = look_at(file)
    assert isinstance(outcome, Survey)
    assert outcome.frames[0].quality.bits == bits


def shown(file: Path) -> Image.Image:
    return Image.open(io.BytesIO(shown_frame(file, 1, file.name, SETTINGS)))


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.png", "RGB"), ("a.png", "RGBA"), ("a.png", "P"), ("a.jpg", "RGB"), ("a.jpg", "CMYK"),
        ("a.tif", "RGB"), ("a.jp2", "RGB"),
    ],
)  # fmt: skip
def test_a_page_is_shown_in_its_colours_as_large_as_it_is_read(
    tmp_path: Path, name: str, mode: str
) -> None:
    colours = np.dstack([PAGE] * 3)
    colours[100:160, 200:320] = (200, 30, 40)  # a seal
    file = tmp_path / name
    Image.fromarray(colours).convert(mode).save(file, dpi=(100, 100))
    found = shown(file)
    assert (found.height, found.width) == opened(file).shape
    seal = np.asarray(found.convert("RGB"))[110:150, 210:310].reshape(-1, 3).mean(axis=0)
    # Of two hundred and sixteen colours of a palette the nearest is not the seal's own.
    assert np.abs(seal - (200, 30, 40)).max() < (30 if mode == "P" else 12)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_a_page_without_colours_is_shown_grey(tmp_path: Path, mode: str) -> None:
    file = save(tmp_path / "a.png", PAGE, mode=mode)
    assert shown(file).mode == "L"
    assert apart(np.asarray(shown(file)), opened(file)) < 2.5


def test_a_page_that_lies_is_shown_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = save(tmp_path / "a.jpg", PAGE, mode="RGB", exif=exif)
    assert (shown(file).width, shown(file).height) == (PAGE.shape[0], PAGE.shape[1])


def test_what_cannot_be_decoded_is_not_shown_either(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(jpeg_bytes(PAGE)[:-4000])
    with pytest.raises(UnreadableFileError):
        shown_frame(file, 1, file.name, SETTINGS)
