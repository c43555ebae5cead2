"""The child that makes `book.pdf`: pictures → one PDF → OCRmyPDF with our lines → its check.

`python -m pipeline.archive.pdf_maker FOLDER` reads `FOLDER/job.json` and leaves `book.pdf` and
`told.json` there. `FOLDER/at` names the page under work, so that a picture that kills this process
is known; what is done stays, and a second start goes on with the next page.
"""

import errno
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import ocrmypdf
import pikepdf
from pikepdf import pdfa
from PIL import Image

from pipeline.archive.pdf_pictures import LADDER, UNFIT, Sheet, check_whole

FLAVOUR = "2b"
INVALID = 4  # OCRmyPDF's exit code: the book is there, but a stream in it cannot be decoded
NO_ROOM = 28
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_AT_ONCE = 50  # pages merged in one go: each is an open file


def main(folder: Path) -> int:
    """Make the book; return the exit code."""
    job: dict[str, Any] = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    _limit(job)
    try:
        code, told = _make(folder, job)
        (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        return NO_ROOM
    return code


def _make(folder: Path, job: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    sheets = [Sheet(**sheet) for sheet in job["sheets"]]
    steps: list[int] = job["steps"]
    pages = [folder / "pages" / f"{number:06}.pdf" for number in range(1, len(sheets) + 1)]
    for index, (sheet, page) in enumerate(zip(sheets, pages, strict=True)):
        if not page.exists():
            (folder / "at").write_text(str(index), encoding="utf-8")
            steps[index] = _page(sheet, page, steps[index], job)
            (folder / "steps.json").write_text(json.dumps(steps), encoding="utf-8")
    (folder / "at").write_text("", encoding="utf-8")
    plain, book = folder / "plain.pdf", folder / "book.pdf"
    _merge(pages, plain, job["title"])
    code = _add_text(plain, book, folder / "lines", job["title"])
    return code, {"steps": steps, "findings": _findings(book)}


def _page(sheet: Sheet, target: Path, step: int, job: dict[str, Any]) -> int:
    """Write a page in the best way that works, beginning with `step`; return which it was."""
    last = len(LADDER) - 1
    for number, way in enumerate(LADDER[step:], step):
        with suppress(*UNFIT if number < last else ()):
            _die_after(job["page_seconds"] if number < last else 0)
            page = way(sheet)
            if job["check"] and number == 0:
                check_whole(sheet)
            break
    _die_after(0)
    part = target.with_suffix(".part")
    part.write_bytes(page)
    part.replace(target)
    return number


def _merge(pages: Sequence[Path], target: Path, title: str) -> None:
    """Join one-page PDFs; in two rounds, as a book may have more pages than files may be open."""
    if len(pages) > _AT_ONCE:
        groups = [pages[start : start + _AT_ONCE] for start in range(0, len(pages), _AT_ONCE)]
        parts = [target.with_name(f"part-{index:06}.pdf") for index in range(len(groups))]
        for group, part in zip(groups, parts, strict=True):
            _merge(group, part, title)
        _merge(parts, target, title)
        for part in parts:
            part.unlink(missing_ok=True)
        return
    with ExitStack() as opened, pikepdf.new() as book:
        for page in pages:
            book.pages.extend(opened.enter_context(pikepdf.open(page)).pages)
        book.Root.Lang = pikepdf.String("vi")
        book.docinfo["/Title"] = title
        book.save(target)


def _add_text(plain: Path, book: Path, lines: Path, title: str) -> int:
    return int(
        ocrmypdf.ocr(
            plain,
            book,
            plugins=[str(Path(__file__).with_name("our_lines.py"))],
            sohoa_lines=str(lines),
            title=title,
            jobs=1,
            use_threads=True,
            optimize=0,  # anything more would pack the masters' JPEGs anew
            output_type="auto",  # PDF/A when it can be, else a plain PDF
            pdfa_backend="internal",  # without Ghostscript, which would pack them anew as well
            progress_bar=False,
        )
    )


def _findings(book: Path) -> list[str]:
    """Return what speaks against PDF/A in a finished book, as the checker words it."""
    with pikepdf.open(book) as pdf:
        report = pdfa.check(pdf, FLAVOUR)
    findings = [str(finding) for finding in report.findings]
    return findings or ([] if report.verdict == "pass" else [str(report.verdict)])


def _die_after(seconds: float) -> None:
    """Let this process be killed after so long by the clock; 0 calls it off."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit(job: dict[str, Any]) -> None:
    Image.MAX_IMAGE_PIXELS = job["max_pixels"]
    if sys.platform == "win32":
        return
    import resource

    # Not the address space: qpdf maps the whole book into it, several times.
    memory = job["max_memory_mb"] << 20
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    top = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (top, top))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
