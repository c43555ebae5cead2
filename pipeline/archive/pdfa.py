"""`book.pdf`: the scans as they are, with our lines under them, as PDF/A-2b.

OCRmyPDF writes it, in a child with limits of memory and time. Whether the result is PDF/A is
checked and told, never taken for granted; a picture that cannot be shown becomes a page that says
so, and the book goes on.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import programs
from pipeline.archive.pdf_lines import page_text
from pipeline.errors import ProgramError, ScanError, StorageError
from pipeline.store.durable import durable_copy
from pipeline.values import Line, Turn
from pipeline.words import _

PLACEHOLDER = 2  # the last step of the child's ladder, after "as it is" and "decoded"
START_S = 60.0  # a loaded machine may need so long to start the child
INVALID, NO_ROOM = 4, 28  # exit codes of the child
# -P: the folder we stand in must not lend modules.
_PYTHON = ("-P", "-W", "ignore", "-m", "pipeline.archive.pdf_maker")
_PREFIX = "sohoa-pdf-"
_QUIET = {
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONIOENCODING": "utf-8",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of a scan, as it was stored.

    Attributes:
        data: its bytes, or the file: a picture or a PDF.
        frame: which picture or page of the file, counted from 1.
        turn_deg: clockwise turn that a PDF around it gave it; None for a file of its own, whose
            EXIF then counts.
    """

    data: bytes | Path
    frame: int = 1
    turn_deg: Turn | None = None


@dataclass(frozen=True, slots=True)
class PdfPage:
    """One scan and what was read on it.

    Attributes:
        number: its place in the book, for sentences.
        picture: the picture, or a function that brings it (called once, just before it is used).
        width_px: of the scan as a viewer shows it, likewise `height_px`; `dpi` belongs to these.
        turn_deg: clockwise turn that makes that scan upright; the PDF shows it upright.
        lines: in reading order, polygons in px of that scan.
        name: file in the package, for the sentence on a page that cannot be shown.
    """

    number: int
    picture: Picture | Callable[[], Picture]
    width_px: int
    height_px: int
    dpi: float
    turn_deg: Turn = 0
    lines: tuple[Line, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class PdfLimits:
    """What one book may cost.

    Attributes:
        page_seconds: by the clock, for the picture of one page; the book gets the sum, again for
            its text, and a minute.
        max_memory_mb: of the child that makes it.
        max_pixels: of one picture.
    """

    page_seconds: float = 20.0
    max_memory_mb: int = 3000
    max_pixels: int = 200_000_000


@dataclass(frozen=True, slots=True)
class PdfResult:
    """What is known of a `book.pdf` that was written.

    Attributes:
        conforms: it was checked and nothing speaks against PDF/A-2b.
        findings: what does, in the checker's words.
        missing: numbers of the pages whose picture could not be shown.
    """

    conforms: bool
    findings: tuple[str, ...] = ()
    missing: tuple[int, ...] = ()


def write_pdf(
    pages: Sequence[PdfPage],
    target: Path,
    *,
    title: str,
    work: Path | None = None,
    limits: PdfLimits | None = None,
) -> PdfResult:
    """Write the book durably to `target` and return what it is worth.

    Args:
        pages: at least one.
        work: a folder of this caller's own for temporary files, some seven times the size of the
            book; what a killed run left there is removed. None for the system's own place.

    Raises:
        ProgramError: OCRmyPDF failed or took too long; `target` is as it was.
        StorageError: the disk is full.
    """
    limits = limits or PdfLimits()
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
        for left in work.glob(f"{_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=work) as name:
        folder = Path(name)
        try:
            job = _prepare(pages, folder, title, limits)
        except OSError as error:
            raise _no_room(folder) from error
        told = _make(job, folder, limits)
        durable_copy(folder / "book.pdf", target)
    findings = tuple(told["findings"])
    missing = [
        page.number for page, step in zip(pages, told["steps"], strict=True) if step == PLACEHOLDER
    ]
    return PdfResult(not findings, findings, tuple(missing))


def _prepare(
    pages: Sequence[PdfPage], folder: Path, title: str, limits: PdfLimits
) -> dict[str, Any]:
    for name in ("pages", "pictures", "lines"):
        (folder / name).mkdir()
    sheets, steps = [], []
    for place, page in enumerate(pages, 1):
        try:
            picture = page.picture() if callable(page.picture) else page.picture
            step = 0
        except ScanError:
            picture, step = Picture(b""), PLACEHOLDER
        sheets.append(_sheet(page, picture, folder / "pictures" / f"{place:06}"))
        steps.append(step)
        text = page_text(page.width_px, page.height_px, _dpi(page), page.turn_deg, page.lines)
        (folder / "lines" / f"{place:06}.json").write_text(json.dumps(text), encoding="utf-8")
    return {
        "title": title,
        "sheets": sheets,
        "steps": steps,
        "check": False,
        "page_seconds": limits.page_seconds,
        "max_pixels": limits.max_pixels,
        "max_memory_mb": limits.max_memory_mb,
    }


def _sheet(page: PdfPage, picture: Picture, stored: Path) -> dict[str, Any]:
    file = picture.data
    if isinstance(file, bytes):
        stored.write_bytes(file)
        file = stored
    return {
        "file": str(file.absolute()),
        "frame": picture.frame,
        "width_px": page.width_px,
        "height_px": page.height_px,
        "dpi": _dpi(page),
        "turn_deg": page.turn_deg,
        "frame_turn_deg": picture.turn_deg,
        "sentence": _(
            "Trang {number}: không đưa được ảnh vào tệp PDF này; hãy xem ảnh gốc {name}"
        ).format(number=page.number, name=page.name),
    }


def _dpi(page: PdfPage) -> float:
    """Return a resolution that gives a page of paper: PDF ends at 200 inches."""
    return max(page.dpi, max(page.width_px, page.height_px) / 199, 1.0)


def _make(job: dict[str, Any], folder: Path, limits: PdfLimits) -> dict[str, Any]:
    """Run the child until it has made the book; a page that kills it goes one step down."""
    timeout_s = START_S + 2 * limits.page_seconds * len(job["sheets"])
    while True:
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        try:
            done = programs.run(
                Path(sys.executable),
                [*_PYTHON, folder],
                timeout_s=timeout_s,
                codes=(0, INVALID, NO_ROOM),
                environment={**_QUIET, "TMPDIR": str(folder), "TEMP": str(folder)},
            )
        except ProgramError as error:
            if not _step_down(job, folder):
                raise ProgramError("ocrmypdf", error.reason, error.remedy) from error
            continue
        if done.code == NO_ROOM:
            raise _no_room(folder)
        if done.code == INVALID and not job["check"]:  # once more, with each picture looked at
            job["check"] = True
            shutil.rmtree(folder / "pages")
            (folder / "pages").mkdir()
            continue
        told: dict[str, Any] = json.loads((folder / "told.json").read_text(encoding="utf-8"))
        return told


def _step_down(job: dict[str, Any], folder: Path) -> bool:
    """Note which page killed the child; return False when it was none, or none can be spared."""
    at, kept = folder / "at", folder / "steps.json"
    guilty = at.read_text(encoding="utf-8") if at.exists() else ""
    if not guilty:
        return False
    if kept.exists():  # of the pages that are done; those that died are further down in `job`
        done = json.loads(kept.read_text(encoding="utf-8"))
        job["steps"] = [max(pair) for pair in zip(job["steps"], done, strict=True)]
    index = int(guilty)
    job["steps"][index] += 1
    return bool(job["steps"][index] <= PLACEHOLDER)


def _no_room(folder: Path) -> StorageError:
    return StorageError(
        _(
            "không đủ chỗ trong {folder} để làm tệp PDF; hãy giải phóng chỗ trên đĩa rồi chạy lại"
        ).format(folder=folder.parent)
    )
