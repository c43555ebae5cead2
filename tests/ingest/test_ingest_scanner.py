"""The scanner, tried on SANE's own test device with its feeder of ten sheets."""

from pathlib import Path

import pytest
from PIL import Image

from pipeline.errors import ProgramError, ScannerError
from pipeline.ingest.scanner import scan
from pipeline.programs import find

FEEDER = "Automatic Document Feeder"
PATTERN = ["--test-picture=Color pattern"]

pytestmark = pytest.mark.skipif(find("scanimage") is None, reason="NOT RUN: no scanimage")


@pytest.fixture(autouse=True)
def sane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A private SANE configuration that knows the test device and nothing else."""
    config = tmp_path / "sane"
    config.mkdir()
    (config / "dll.conf").write_text("test\n", encoding="ascii")
    (config / "test.conf").write_text("number_of_devices 1\n", encoding="ascii")
    monkeypatch.setenv("SANE_CONFIG_DIR", str(config))


def test_the_feeder_is_scanned_until_it_is_empty(tmp_path: Path) -> None:
    folder = tmp_path / "100% of the sheets"
    sheets = []
    for sheet in scan(folder, source=FEEDER, dpi=75, options=PATTERN):
        with Image.open(sheet) as picture:  # whole the moment we hear of it
            picture.load()
            assert picture.info["dpi"] == (75, 75)
        sheets.append(sheet.name)
    assert sheets == [f"sheet-{number:04d}.tif" for number in range(1, 11)]
    assert sorted(path.name for path in folder.iterdir()) == sheets


def test_sheets_scanned_before_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "sheet-0007.tif").write_bytes(b"of yesterday")
    first = next(iter(scan(tmp_path, source=FEEDER, dpi=50, options=PATTERN)))
    assert first.name == "sheet-0008.tif"
    assert (tmp_path / "sheet-0007.tif").read_bytes() == b"of yesterday"


@pytest.mark.parametrize("source", ["Flatbed", None])
def test_a_flatbed_gives_one_sheet(tmp_path: Path, source: str | None) -> None:
    assert len(list(scan(tmp_path / "in", source=source, dpi=50))) == 1


def test_a_scanner_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ScannerError, match="máy quét"):
        list(scan(tmp_path / "in", device="test:7"))
    (tmp_path / "sane" / "dll.conf").write_text("", encoding="ascii")
    with pytest.raises(ScannerError, match="không tìm thấy máy quét"):
        list(scan(tmp_path / "in"))


def test_a_scanner_that_fails_says_why(tmp_path: Path) -> None:
    failing = ["--read-return-value=SANE_STATUS_JAMMED"]
    with pytest.raises(ScannerError, match="kẹt giấy"):
        list(scan(tmp_path / "in", source=FEEDER, dpi=50, options=failing))


def test_without_the_program_its_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ProgramError, match="sane-utils"):
        list(scan(tmp_path / "in"))
