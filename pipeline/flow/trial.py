"""Trying a form that is being written: what of it is found on pages, told and drawn."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.answer import error_answer, record_answer
from pipeline.errors import exit_code
from pipeline.extract.form import Form, Label
from pipeline.extract.found import FoundLabel
from pipeline.flow.loose import surveyed
from pipeline.flow.page import ScanJob, Trial, guard, try_form
from pipeline.ingest.intake import Progress
from pipeline.settings import Settings
from pipeline.store.durable import durable_write
from pipeline.values import PageImage, PageReading, Polygon
from pipeline.words import _

Colour = tuple[int, int, int]  # blue, green, red
CELL, LABEL, ASSUMED = (220, 190, 150), (200, 90, 20), (180, 60, 180)
SURE, DOUBTFUL, UNSURE = (60, 130, 20), (0, 120, 190), (30, 30, 200)
LINE_PX, LETTER_PX = 2, 0.018  # letters: of the page's width


def try_on(
    form: Form, files: Sequence[str], folder: Path, settings: Settings, on_progress: Progress
) -> tuple[dict[str, Any], list[int]]:
    """Read pages with a form and draw what was found; return what to tell, and exit codes.

    Args:
        folder: where the pictures go, one a side of a page.
    """
    jobs, errors = surveyed(files, "", settings)
    pages = []
    for count, job in enumerate(jobs, 1):
        with guard(job) as faults:
            trial = try_form(job, form)
            pictures = [
                _drawn(side, sheet, trial.labels, folder, _picture_name(job, count, sheet))
                for side, sheet in zip(trial.sides, trial.sheets, strict=True)
            ]
            pages.append({**_told(form, job, trial), "pictures": pictures})
        errors += [(error_answer(job.name, *fault), exit_code(fault[0])) for fault in faults]
        on_progress(_("đọc"), count, len(jobs))
    told = {"form": form.id, "pages": pages, "errors": [error for error, _code in errors]}
    return told, [code for _error, code in errors]


def _picture_name(job: ScanJob, count: int, sheet: PageReading) -> str:
    side = f"-{sheet.side}" if sheet.side else ""
    return f"{count:03}-{Path(job.name).stem}-{job.page.frame}{side}.png"


def _told(form: Form, job: ScanJob, trial: Trial) -> dict[str, Any]:
    found = {one.label.order for one in trial.labels}
    records = [record for sheet in trial.sheets for record in sheet.records]
    written = {field.key for record in records for field in record.fields if field.raw}
    return {
        "file": job.name,
        "page": job.page.frame,
        "seen_as": trial.seen_as[0] or None,
        "seen_as_confidence": trial.seen_as[1],
        "labels": [
            {**_label(one.label), "side": one.side, "read": one.read,
             "similarity": round(one.similarity, 3)}
            for one in trial.labels
        ],
        "labels_missing": [_label(one) for one in form.labels if one.order not in found],
        "records": [record_answer(record) for record in records],
        "keys_missing": [
            field.key for field in form.fields if field.printed and field.key not in written
        ],
    }  # fmt: skip


def _label(label: Label) -> dict[str, Any]:
    return {
        "label": label.texts[0] if label.texts else label.choice,
        "keys": list(label.keys),
        "block": label.block,
        "optional": label.optional,
    }


def _drawn(
    side: PageImage, sheet: PageReading, labels: Sequence[FoundLabel], folder: Path, name: str
) -> str:
    """Draw cells, labels and fields on a side of a scan; return the picture's path."""
    canvas = np.asarray(cv2.cvtColor(side.pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    for cell in sheet.cells:
        _outline(canvas, cell.polygon, CELL, "")
    for polygon, colour, text in _marks(sheet, labels):
        _outline(canvas, polygon, colour, text)
    _done, png = cv2.imencode(".png", canvas)
    durable_write(folder / name, png.tobytes())
    return str(folder / name)


def _marks(
    sheet: PageReading, labels: Sequence[FoundLabel]
) -> Iterator[tuple[Polygon, Colour, str]]:
    for one in labels:
        if one.side == sheet.side:
            yield one.polygon, LABEL if one.similarity else ASSUMED, ""
    for record in sheet.records:
        for field in record.fields:
            if field.side == sheet.side:
                colour = next(
                    shade
                    for least, shade in ((0.95, SURE), (0.6, DOUBTFUL), (0.0, UNSURE))
                    if field.confidence >= least
                )
                yield field.polygon, colour, field.key


def _outline(canvas: npt.NDArray[np.uint8], polygon: Polygon, colour: Colour, text: str) -> None:
    corners = np.round(np.array(polygon)).astype(np.int32)
    cv2.polylines(canvas, [corners], isClosed=True, color=colour, thickness=LINE_PX)
    if text:  # keys are ASCII, which is all that these letters have
        height = LETTER_PX * canvas.shape[1]
        scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, max(8, round(height * 0.6)))
        place = (int(corners[:, 0].min()), int(corners[:, 1].min()) - LINE_PX)
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, LINE_PX)
