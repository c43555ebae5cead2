"""The malformed files of the corpus: each ends as pages or as a clear error, none harms us."""

import resource
import time
from pathlib import Path

import pytest

from pipeline.errors import ScanError
from pipeline.ingest.files import Survey, expand, open_frame, survey
from pipeline.settings import IngestSettings

SETTINGS = IngestSettings()
FILES, LEAST_READ = 74, 55


@pytest.mark.corpus
def test_each_malformed_file_ends_as_pages_or_as_an_error(corpus: Path) -> None:
    files = expand([corpus / "malformed"])
    assert len(files) == FILES
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest, started = 0.0, time.monotonic()
    read: list[tuple[Path, Survey]] = []
    refused: list[tuple[Path, ScanError]] = []
    for file, outcome in zip(files, survey(files, SETTINGS), strict=True):
        slowest = max(slowest, time.monotonic() - started)
        started = time.monotonic()
        if isinstance(outcome, Survey):
            read.append((file, outcome))
        else:
            assert isinstance(outcome, ScanError), outcome
            refused.append((file, outcome))
    told = f"{len(read)} read, {len(refused)} refused"
    assert len(read) >= LEAST_READ, told
    assert len(read) + len(refused) == FILES, told
    assert all(found.frames for _file, found in read)
    assert all(file.name in str(error) for file, error in refused)
    assert not any("đổ vỡ" in str(error) for _file, error in refused)  # no decoder crashed
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 50
    assert slowest < 3 * SETTINGS.max_seconds  # the clock of a loaded machine


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    [
        "ocrmypdf__baiona_alpha.png",
        "ocrmypdf__c02-22.pdf",
        "ocrmypdf__ccitt.pdf",
        "ocrmypdf__jbig2.pdf",
        "python-pillow__12bit.cropped.tif",
        "python-pillow__g4-multi.tiff",
        "python-pillow__tiff_strip_cmyk_jpeg.tif",
    ],
)
def test_what_was_surveyed_can_be_opened_as_surveyed(corpus: Path, name: str) -> None:
    file = corpus / "malformed" / name
    (found,) = survey([file], SETTINGS)
    assert isinstance(found, Survey)
    image = open_frame(file, len(found.frames), name, SETTINGS)
    frame = found.frames[-1]
    height, width = image.pixels.shape
    corner = image.to_scan @ [width, height, 1]
    assert corner[:2] == pytest.approx([frame.width_px, frame.height_px])
    assert image.dpi <= 303
    assert image.dpi * frame.width_px / width == pytest.approx(frame.dpi)
    assert image.pixels.std() > 0.1  # something is on the page
