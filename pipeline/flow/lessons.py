"""Lines with known text to tune a reader on: from people's decisions, and from a folder."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.clean.places import on_page
from pipeline.errors import ProgramError, ScanError, UsageError
from pipeline.extract import reasons
from pipeline.extract.form import Form
from pipeline.extract.kinds.registry import WRITTEN_KINDS
from pipeline.flow.book import scan_jobs
from pipeline.flow.page import ScanJob, bare_sides, forms, guard
from pipeline.ingest.files import open_frame
from pipeline.ingest.intake import Progress
from pipeline.letters import nfc
from pipeline.ocr.crops import crop, find_ink
from pipeline.ocr.engines.ctc_onnx import Model, to_strip
from pipeline.settings import IngestSettings, Settings
from pipeline.store.database import Database
from pipeline.store.decisions import standing
from pipeline.store.durable import sha256_of
from pipeline.tuning.general import STRIP_PX
from pipeline.tuning.steps import STEP_PX, least_steps
from pipeline.values import (
    Decision,
    FieldValue,
    Line,
    Page,
    PageImage,
    PageReading,
    Pixels,
    Polygon,
    Record,
)
from pipeline.words import _

LIST = "lines.jsonl"
SHARED = 0.5  # of a line's height and of the shorter one's length, to stand on one line
PART = 0.9  # of a line's length; a field that covers less is cut out of it
_SHORTENED = frozenset(".~:/")  # in a name: what was made of it is not what is written
_UNCERTAIN = frozenset("_[]")  # how people write letters that they cannot read
_DITTOS = frozenset({reasons.DITTO, reasons.DITTO_UNRESOLVED, reasons.MAYBE_DITTO})


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One line and what it says.

    Attributes:
        pixels: the strip, see `to_strip`, STRIP_PX high.
        place: names the line for good: the record and the key, or the picture's sum.
        book: accession of its book; empty for a picture of a folder.
    """

    pixels: Pixels
    text: str
    place: str
    book: str = ""


class Lessons(NamedTuple):
    """Lines to learn from, and sentences on those that cannot be used."""

    lines: tuple[Lesson, ...]
    notes: tuple[str, ...]


class _Known(NamedTuple):
    """A field whose writing is known: where it stands and what it says."""

    record: Record
    field: FieldValue
    text: str


def unusable(strip: Pixels | None, text: str, model: Model) -> str:
    """Return why a line cannot be learnt from; empty when it can."""
    if not text:
        return _("không có chữ")
    if strip is None:
        return _("ảnh không có nét chữ")
    if not set(text) <= set(model.characters):
        return _("có ký tự mà mô hình không biết")
    width_px = strip.shape[1] * model.height_px / STRIP_PX
    if width_px > model.max_width_px:
        return _("dòng quá dài")
    if width_px < STEP_PX * least_steps(text):
        return _("chữ nhiều hơn ảnh có thể chứa; ảnh và chữ không khớp nhau")
    return ""


# From a folder


def folder_lessons(
    folder: Path, model: Model, settings: IngestSettings, on_progress: Progress
) -> Lessons:
    """Return the lines of a folder: pictures beside `lines.jsonl` with `file` and `text`.

    Raises:
        UsageError: there is no such list, or it is not text.
    """
    try:
        rows = (folder / LIST).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            _("không đọc được {file} ({reason})").format(file=folder / LIST, reason=error)
        ) from error
    lines: list[Lesson] = []
    notes: list[str] = []
    for number, row in enumerate(rows, 1):
        if row.strip():
            found = _row_lesson(folder, row, model, settings)
            if isinstance(found, Lesson):
                lines.append(found)
            else:
                notes.append(
                    _("{file}, dòng {number}: {reason}").format(
                        file=LIST, number=number, reason=found
                    )
                )
        on_progress(_("xem ảnh"), number, len(rows))
    return Lessons(tuple(lines), tuple(notes))


def _row_lesson(folder: Path, row: str, model: Model, settings: IngestSettings) -> Lesson | str:
    """Return the line that a row names, or why there is none."""
    try:
        told = json.loads(row)
    except (json.JSONDecodeError, RecursionError):
        return _("không phải JSON")
    name, text = _named(told)
    if not name:
        return _("thiếu “file” hoặc “text”, hoặc không phải chuỗi ký tự")
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        return _("ảnh nằm ngoài thư mục")
    try:
        image = open_frame(file, 1, name, settings)
    except (ScanError, ProgramError) as error:
        return str(error)
    strip = _strip(image.pixels)
    reason = unusable(strip, text, model)
    if strip is None or reason:
        return f"{name}: {reason}"
    return Lesson(strip, text, sha256_of(file))


def _named(told: Any) -> tuple[str, str]:
    """Return file and text of a row; two empty strings when it lacks one."""
    if not isinstance(told, dict):
        return "", ""
    name, text = told.get("file"), told.get("text")
    if not isinstance(name, str) or not isinstance(text, str):
        return "", ""
    return (name if name.isprintable() else ""), _tidy(text)  # no system call for half letters


def _tidy(text: str) -> str:
    return " ".join(nfc(text).split())


def _strip(pixels: Pixels) -> Pixels | None:
    strip = to_strip(find_ink(pixels), STRIP_PX)
    return None if strip is None else strip.pixels


# From people's decisions


def decided_lessons(
    database: Database,
    settings: Settings,
    accessions: Sequence[str],
    model: Model,
    on_progress: Progress,
) -> Lessons:
    """Return the lines of books whose writing is known from people's decisions."""
    why: Counter[str] = Counter()
    work: list[tuple[ScanJob, list[_Known]]] = []
    for accession in accessions:
        book = database.book(accession)
        if book is not None:
            pages = list(_pages(database, accession, why))
            jobs = scan_jobs(database, settings, book, [page for page, _known in pages])
            work += zip(jobs, (known for _page, known in pages), strict=True)
    lines: list[Lesson] = []
    notes: list[str] = []
    for count, (job, known) in enumerate(work, 1):
        readings = database.readings(job.page.accession, job.page.number)
        with guard(job) as faults:
            lines += _cut(job, readings, known, model, why)
        notes += [sentence for _name, sentence in faults]
        on_progress(_("cắt dòng"), count, len(work))
    notes += [
        _("{count} trường đã duyệt không dùng được: {reason}").format(count=count, reason=reason)
        for reason, count in why.most_common()
    ]
    return Lessons(tuple(lines), tuple(notes))


def _pages(
    database: Database, accession: str, why: Counter[str]
) -> Iterator[tuple[Page, list[_Known]]]:
    """Yield the pages of a book on which some writing is known, with the fields."""
    last = standing(database.decisions(accession))
    records = {record.id: record for record in database.records(accession)}
    by_page: dict[int, list[_Known]] = {}
    for (id_, key), decision in last.items():
        record = records.get(id_)
        field = _field(record, key)
        form = forms().get(record.form) if record is not None else None
        if record is None or field is None or form is None:
            why[_("không còn trong bản ghi")] += 1
            continue
        text = _tidy(written(decision, field, form))
        reason = _unfit(record, field, form)
        if not text:
            reason = reason or _("không biết trên giấy viết thế nào")
        if reason:
            why[reason] += 1
        else:
            by_page.setdefault(field.page, []).append(_Known(record, field, text))
    for page in database.pages(accession):
        if page.number in by_page:
            yield page, by_page[page.number]


def _field(record: Record | None, key: str) -> FieldValue | None:
    fields = record.fields if record is not None else ()
    return next((field for field in fields if field.key == key), None)


def written(decision: Decision, field: FieldValue, form: Form) -> str:
    """Return what stands on the paper by a person's word; empty when that is not known.

    A person may say so, or confirm the value that was made of the raw text; a value of another
    kind than names, places and notes is not what is written. Nor is what a ditto mark stands for,
    or a text of which some letters could not be read.
    """
    if decision.act in ("ditto", "unreadable") or _UNCERTAIN & set(decision.value):
        return ""
    if decision.raw:
        return decision.raw
    if decision.value == field.value:
        return field.raw
    kind = next((known.kind for known in form.fields if known.key == field.key), "")
    if kind in WRITTEN_KINDS and not _SHORTENED & set(field.raw):
        return decision.value
    return ""


def _unfit(record: Record, field: FieldValue, form: Form) -> str:
    """Return why the place of a field does not show its text and nothing else; empty if it does."""
    doubts = {doubt.reason for doubt in record.doubts if doubt.key == field.key}
    if doubts & _DITTOS:
        return _("dấu “như trên”")
    if any(label.choice for label in form.labels if field.key in label.keys):
        return _("ô đánh dấu")
    shared = any(
        other.key != field.key and (other.page, other.side, other.polygon)
        == (field.page, field.side, field.polygon)
        for other in record.fields
    )  # fmt: skip
    if shared or any(known.take for known in form.fields if known.key == field.key):
        return _("chung chỗ với trường khác")
    return ""


def _cut(
    job: ScanJob,
    readings: Sequence[PageReading],
    known: Sequence[_Known],
    model: Model,
    why: Counter[str],
) -> list[Lesson]:
    """Cut the fields' lines out of their scan, as the flow does when it reads them."""
    sides = {side.side: side for side in bare_sides(job)}
    read = {reading.side: reading for reading in readings}
    found = []
    for record, field, text in known:
        outline = _outline(field, sides, read)
        strip = None if outline is None else _strip(crop(sides[field.side], Line(outline)))
        reason = unusable(strip, text, model) if outline else _("không phải đúng một dòng")
        if strip is None or reason:
            why[reason] += 1
        else:
            place = f"{record.id}/{field.key}"
            found.append(Lesson(strip, text, place, job.page.accession))
    return found


def _outline(
    field: FieldValue,
    sides: Mapping[Any, PageImage],
    read: Mapping[Any, PageReading],
) -> Polygon | None:
    """Return where a field's one line stands, px of its side; None when it is not just one."""
    if field.side not in sides or field.side not in read:
        return None
    side = sides[field.side]
    place = on_page(side, field.polygon)
    lines = [
        outline
        for line in read[field.side].lines
        if line.text and _on_one_line(place, outline := on_page(side, line.polygon))
    ]
    if len(lines) != 1:
        return None
    left, _top, right, _bottom = _box(lines[0])
    width = _box(place)[2] - _box(place)[0]
    return place if width < PART * (right - left) else lines[0]


def _on_one_line(one: Polygon, other: Polygon) -> bool:
    """Tell whether half of the lower and half of the shorter lies over the other."""
    (left, top, right, bottom), (left_, top_, right_, bottom_) = _box(one), _box(other)
    high = min(bottom, bottom_) - max(top, top_)
    long = min(right, right_) - max(left, left_)
    lower, shorter = min(bottom - top, bottom_ - top_), min(right - left, right_ - left_)
    return high > SHARED * lower and long > SHARED * shorter


def _box(polygon: Polygon) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _y in polygon], [y for _x, y in polygon]
    return min(xs), min(ys), max(xs), max(ys)
