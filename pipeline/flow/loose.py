"""Reading files without an archive: `sohoa read`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.answer import answer, error_answer, line_answer, page_answer
from pipeline.errors import exit_code
from pipeline.flow.book import with_book_records
from pipeline.flow.many import read_scans
from pipeline.flow.page import ScanJob, ScanOutcome, engines, guard
from pipeline.ingest.files import Survey, open_frame, survey
from pipeline.ingest.intake import Progress
from pipeline.ocr.reading import read_crop
from pipeline.quality.profiles import profile_called
from pipeline.quality.verdict import judged, lie_of
from pipeline.settings import Settings
from pipeline.values import Page
from pipeline.words import _

ANY_YEARS = (0, 0)  # when nobody says


def read_files(
    files: Sequence[str], form: str, settings: Settings, on_progress: Progress
) -> tuple[dict[str, Any], list[int]]:
    """Read files without keeping anything; return the answer and the exit codes of its errors."""
    jobs, errors = surveyed(files, form, settings)
    profile = profile_called(settings.quality.profile)
    read: list[ScanOutcome] = []
    work = settings.work if len(jobs) > 1 else replace(settings.work, executor="serial")
    for outcome in read_scans(jobs, work):
        read.append(outcome)
        on_progress(_("đọc"), len(read), len(jobs))
    order = {(job.name, job.page.frame): place for place, job in enumerate(jobs)}
    read.sort(key=lambda outcome: order[outcome.page.accession, outcome.page.frame])
    pages = []
    for outcome in read:
        name = outcome.page.accession
        if outcome.error:
            errors.append((error_answer(name, *outcome.error), exit_code(outcome.error[0])))
        readings = with_book_records(outcome.readings)
        page = judged(outcome.page, profile, lie_of(readings))
        pages += [page_answer(name, page, reading) for reading in readings]
    return answer(pages, [told for told, _code in errors]), [code for _told, code in errors]


def read_lines_of(
    files: Sequence[str], kind: str, settings: Settings, on_progress: Progress
) -> tuple[dict[str, Any], list[int]]:
    """Read files that are the crop of one line each; the answer is as of `read_files`."""
    jobs, errors = surveyed(files, "", settings)
    readers = engines(settings.ocr)
    pages = []
    for count, job in enumerate(jobs, 1):
        with guard(job) as faults:
            image = open_frame(job.file, job.page.frame, job.name, settings.ingest)
            line = read_crop(image, readers, kind)
            pages.append(line_answer(job.name, job.page, line))
        errors += [(error_answer(job.name, *fault), exit_code(fault[0])) for fault in faults]
        on_progress(_("đọc"), count, len(jobs))
    return answer(pages, [told for told, _code in errors]), [code for _told, code in errors]


def surveyed(
    files: Sequence[str], form: str, settings: Settings
) -> tuple[list[ScanJob], list[tuple[dict[str, str], int]]]:
    """Return what reading the pages of files takes, and the errors with their exit codes."""
    jobs: list[ScanJob] = []
    errors: list[tuple[dict[str, str], int]] = []
    for name, found in zip(
        files, survey([Path(file) for file in files], settings.ingest), strict=True
    ):
        if not isinstance(found, Survey):
            told = error_answer(name, type(found).__name__, str(found))
            errors.append((told, found.exit_code))
            continue
        for frame, seen in enumerate(found.frames, 1):
            page = Page(
                name,
                len(jobs) + 1,
                found.sha256,
                frame,
                seen.width_px,
                seen.height_px,
                seen.dpi,
                seen.quality,
                seen.look,
            )
            jobs.append(
                ScanJob(Path(name).absolute(), name, found.sha256, page, form, ANY_YEARS, settings)
            )
    return jobs, errors
