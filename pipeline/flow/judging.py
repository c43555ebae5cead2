"""Whether scans are good enough, before anything is read: `sohoa quality FILE…`."""

from collections.abc import Collection, Sequence
from typing import Any

import cv2
import numpy as np

from pipeline.answer import answer, error_answer, scan_answer
from pipeline.clean.deskew import find_skew
from pipeline.clean.orientation import find_turn, turn
from pipeline.errors import exit_code
from pipeline.flow.loose import surveyed
from pipeline.flow.page import engines, guard
from pipeline.ingest.files import open_frame
from pipeline.ingest.intake import Progress
from pipeline.quality.profiles import Profile
from pipeline.quality.verdict import Lie, judged, judged_among
from pipeline.settings import Settings
from pipeline.values import Page, PageImage
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


def glanced(view: bytes, page: Page, profile: Profile, numbers: Collection[int]) -> Page:
    """Return a page that has just come in with its verdict, how it lies on the glass included.

    Args:
        view: the small picture of it that intake made; empty when there is none.
        numbers: of the book's pages, without those in the tray.
    """
    if not view:
        return judged_among(numbers, page, profile)
    pixels = cv2.imdecode(np.frombuffer(view, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None  # it is a JPEG of our own
    dpi = page.dpi * max(pixels.shape) / max(page.width_px, page.height_px)
    image = PageImage(pixels.astype(np.uint8), dpi, np.eye(3))
    # Which side is up, only a reader of text can tell; a page that lies sideways is not askew.
    return judged_among(numbers, page, profile, Lie(find_skew(image), 0))


def _lie(image: PageImage, settings: Settings) -> Lie:
    turn_deg = find_turn(image, engines(settings.ocr)["handwriting"].legibility)
    return Lie(find_skew(turn(image, turn_deg)), turn_deg)
