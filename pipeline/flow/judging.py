"""Whether scans are good enough, before anything is read: `sohoa quality FILE…`."""

from collections.abc import Sequence
from typing import Any

from pipeline.answer import answer, error_answer, scan_answer
from pipeline.clean.deskew import find_skew
from pipeline.clean.orientation import find_turn, turn
from pipeline.errors import exit_code
from pipeline.flow.loose import surveyed
from pipeline.flow.page import engines, guard
from pipeline.ingest.files import open_frame
from pipeline.ingest.intake import Progress
from pipeline.quality.profiles import Profile
from pipeline.quality.verdict import Lie, judged
from pipeline.settings import Settings
from pipeline.values import PageImage
from pipeline.words import _


def judge_files(
    files: Sequence[str], profile: Profile, settings: Settings, on_progress: Progress
) -> tuple[dict[str, Any], list[int]]:
    """Judge the pages of files by what is seen before they are read.

    The answer is as of `loose.read_files`, of each page only what the scan is worth.
    """
    jobs, errors = surveyed(files, "", settings)
    pages = []
    for count, job in enumerate(jobs, 1):
        with guard(job) as faults:
            image = open_frame(job.file, job.page.frame, job.name, settings.ingest)
            lie = _lie(image, settings)
            pages.append(
                {
                    **scan_answer(job.name, judged(job.page, profile, lie)),
                    "orientation_deg": lie.turn_deg,
                    "skew_deg": round(lie.skew_deg, 3),
                }
            )
        errors += [(error_answer(job.name, *fault), exit_code(fault[0])) for fault in faults]
        on_progress(_("xem"), count, len(jobs))
    return answer(pages, [told for told, _code in errors]), [code for _told, code in errors]


def _lie(image: PageImage, settings: Settings) -> Lie:
    turn_deg = find_turn(image, engines(settings.ocr)["handwriting"].legibility)
    return Lie(find_skew(turn(image, turn_deg)), turn_deg)
