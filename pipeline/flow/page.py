"""One scan, from master to records: the order of the stages.

Stages are functions from values to values and know nothing of each other; this file carries the
values between them, notes the provenance, and is the only one that guards a page against a
stage that fails: one bad page is kept with its error, and the book goes on.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cache, lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from pipeline import plugs
from pipeline.clean.dewarp import find_bend, straighten
from pipeline.clean.inks import red_of
from pipeline.clean.places import on_scan
from pipeline.clean.steps import clean
from pipeline.errors import FixityError, LowResolutionError, ReadingError, SohoaError
from pipeline.extract.form import Form, load_forms
from pipeline.extract.found import FoundLabel, find_labels
from pipeline.extract.hearing import Hearing, Said
from pipeline.extract.recognise import form_in_book, recognise
from pipeline.extract.records import extract_records
from pipeline.ingest.files import open_frame
from pipeline.layout.boxes import erase_boxes, find_tick_boxes
from pipeline.layout.cells import find_cells
from pipeline.layout.dittos import mark_dittos
from pipeline.layout.ink import erase_rules
from pipeline.layout.lines import find_lines, lines_in_red
from pipeline.layout.order import in_reading_order
from pipeline.layout.rules import Rules, find_rules
from pipeline.layout.slashes import Slash, find_slashes, level, without_slashes
from pipeline.layout.slips import Slip, find_slips, without_slips
from pipeline.layout.struck import mark_struck
from pipeline.ocr.engines import Engine
from pipeline.ocr.reading import Unread, calibrated, read_pages, reread
from pipeline.settings import OcrSettings, Settings, shipped
from pipeline.store.database import now
from pipeline.store.durable import sha256_of
from pipeline.values import (
    Cell,
    Gutter,
    Line,
    Page,
    PageImage,
    PageReading,
    Record,
    Script,
    Step,
    Strokes,
    TickBox,
)
from pipeline.words import _

MIN_READ_DPI = 70.0  # below this a written letter is some eight px high: nothing can be read
ASKED_DPI = 300.0  # of who must scan again: above every limit of the Ministries
STRAIGHTENED = 2  # times at most: steep rules and dots are seen only once the rest is straight
SCRIPTS: tuple[Script, ...] = ("print", "typewriter", "handwriting")


@dataclass(frozen=True, slots=True)
class ScanJob:
    """One scan to read; pickles, so that any executor can carry it.

    Attributes:
        file: the master, absolute.
        name: what to call the file in sentences.
        sha256: what the file's bytes must sum up to; empty when nobody knows.
        form: id of the form; empty to have it recognised.
        said: by kind of field, what the book has said so far.
        usual: id of the form that the pages before and after have; empty when nobody knows.
        gutter: where a person parts the scan; None: that is found.
    """

    file: Path
    name: str
    sha256: str
    page: Page
    form: str
    years: tuple[int, int]
    settings: Settings
    said: Said = field(default_factory=dict)
    usual: str = ""
    gutter: Gutter | None = None


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """What became of a scan: its sides' readings, or an error (class name and sentence)."""

    page: Page
    readings: tuple[PageReading, ...] = ()
    steps: tuple[Step, ...] = ()
    error: tuple[str, str] | None = None


@cache
def forms() -> Mapping[str, Form]:
    """Return all forms of `schemas/`, by id; loaded once a process."""
    return load_forms(shipped("schemas"))


@lru_cache(maxsize=4)
def engines(settings: OcrSettings) -> Mapping[Script, Engine]:
    """Return the engine for each script; models are loaded once a process."""
    chosen: dict[Script, str] = {
        "print": settings.print,
        "typewriter": settings.typewriter,
        "handwriting": settings.hand,
    }
    made = {
        name: plugs.load("pipeline.ocr.engines", name).create(settings)
        for name in set(chosen.values())
    }
    return {script: made[chosen[script]] for script in SCRIPTS}


def read_scan(job: ScanJob) -> ScanOutcome:
    """Read one scan from master to records; polygons in px of the scan.

    Raises:
        SohoaError: the scan cannot be used; see `guarded` for what becomes of that.
    """
    clock = _Clock(job)
    readers = engines(job.settings.ocr)
    _sides, flat, sheets = _read_sides(job, readers, clock)
    with clock.stage("extract"):
        sheets = _with_records(sheets, job, Hearing(partial(reread, readers), job.said))
    # Extraction wants the engines' own opinions; people want probabilities.
    readings = tuple(_on_scan(_calibrated(sheet, readers), flat) for sheet in sheets)
    return ScanOutcome(job.page, readings, clock.steps())


def _read_sides(
    job: ScanJob, readers: Mapping[Script, Engine], clock: "_Clock"
) -> tuple[tuple[PageImage, ...], list[PageImage], list[PageReading]]:
    """Return the sides of a scan; straight and without rules and boxes; and their lines, read.

    Polygons are in px of the straight side.
    """
    with clock.stage("decode"):
        image = _opened(job)
    with clock.stage("clean"):
        sides = clean(image, readers["handwriting"].legibility, job.gutter)
    with clock.stage("layout"):
        laid = [lay_out(side) for side in sides]
        red = [_red_writing(one.bare, one.sheet.cells) for one in laid]
        slips = [slip for one in laid for slip in one.slips]
        on_slips = [Unread(slip.picture, *find_lines(slip.picture, Rules(), ())) for slip in slips]
    with clock.stage("ocr"):
        unread = [Unread(one.bare, one.sheet.lines, one.ink) for one in laid]
        read = iter(read_pages([*unread, *red, *on_slips], readers))
    own = [mark_struck(next(read), one.ink, one.bare.dpi) for one in laid]
    in_red = [next(read) for _one in laid]
    sheets = [
        _with_lines(
            replace(one.sheet, lines=lines),
            (*later, *(slip.on_page(line) for slip in one.slips for line in next(read))),
        )
        for one, lines, later in zip(laid, own, in_red, strict=True)
    ]
    return sides, [one.bare for one in laid], sheets


def _red_writing(side: PageImage, cells: tuple[Cell, ...]) -> Unread:
    """Return what is written in red on a straight side, its lines yet unread."""
    red = red_of(side)
    return Unread(side, ()) if red is None else Unread(red, *lines_in_red(red, cells))


def _with_lines(sheet: PageReading, more: tuple[Line, ...]) -> PageReading:
    """Return a side's reading with what is in red or on slips among its lines."""
    if not more:
        return sheet
    return replace(sheet, lines=in_reading_order((*sheet.lines, *more), sheet.cells))


class Trial(NamedTuple):
    """A scan read with a form that is being written; polygons in px of each side's own image.

    Attributes:
        sides: level, upright and straight, as they were read.
        sheets: with their records.
        labels: of the form, that were found.
        seen_as: the form that the scan looks most like, with its probability; empty: none.
    """

    sides: tuple[PageImage, ...]
    sheets: tuple[PageReading, ...]
    labels: tuple[FoundLabel, ...]
    seen_as: tuple[str, float]


def try_form(job: ScanJob, form: Form) -> Trial:
    """Read a scan with a form that need not be one of `schemas/`.

    Raises:
        SohoaError: the scan cannot be used.
    """
    readers = engines(job.settings.ocr)
    sides, _flat, sheets = _read_sides(job, readers, _Clock(job))
    found, confidence = recognise({**forms(), form.id: form}, sheets)
    hearing = Hearing(partial(reread, readers), job.said)
    page = job.page
    records = extract_records(form, sheets, page.accession, page.number, job.years, hearing=hearing)
    told = (
        replace(
            _calibrated(sheet, readers),
            form=form.id,
            records=tuple(record for record in records if record.side == sheet.side),
        )
        for sheet in sheets
    )
    labels = tuple(find_labels(form, sheets))
    straight = tuple(straightened(side)[0] for side in sides)
    return Trial(straight, tuple(told), labels, (found.id if found else "", confidence))


def bare_sides(job: ScanJob) -> list[PageImage]:
    """Return the sides of a scan as lines are cut from them: straight, without rules and boxes.

    Raises:
        SohoaError: the scan cannot be used.
    """
    sides = clean(_opened(job), engines(job.settings.ocr)["handwriting"].legibility, job.gutter)
    return [_emptied(side).bare for side in sides]


def _opened(job: ScanJob) -> PageImage:
    if job.sha256 and sha256_of(job.file) != job.sha256:
        raise FixityError(
            _(
                "{file} không còn là tệp đã lưu; hãy chạy “sohoa verify” và phục hồi từ bản sao"
            ).format(file=job.name)
        )
    image = open_frame(job.file, job.page.frame, job.name, job.settings.ingest)
    if image.dpi < MIN_READ_DPI:
        raise LowResolutionError(job.name, image.dpi, ASKED_DPI)
    return image


def guarded(job: ScanJob) -> ScanOutcome:
    """Read one scan; whatever goes wrong becomes an outcome with an error."""
    with guard(job) as faults:
        return read_scan(job)
    return ScanOutcome(job.page, error=faults[0])


@contextmanager
def guard(job: ScanJob) -> Iterator[list[tuple[str, str]]]:
    """Keep what goes wrong with a scan (class name and sentence) instead of raising it."""
    faults: list[tuple[str, str]] = []
    try:
        yield faults
    except SohoaError as error:
        faults.append((type(error).__name__, str(error)))
    except Exception as error:  # the one guard: a page that breaks a stage must not stop the book
        sentence = _("trang {number} làm hỏng một bước đọc ({reason}); hãy báo lỗi này").format(
            number=job.page.number, reason=f"{type(error).__name__}: {error}"
        )
        faults.append((ReadingError.__name__, sentence))


class _Emptied(NamedTuple):
    """A side made straight; its rules and tick boxes; it without boxes (`words`), without both.

    slips, slashes: pasted on it, long strokes across it; none of these pictures has them any more.
    """

    side: PageImage
    rules: Rules
    boxes: tuple[TickBox, ...]
    words: PageImage
    bare: PageImage
    slips: tuple[Slip, ...]
    slashes: tuple[Slash, ...]


def _emptied(bent: PageImage) -> _Emptied:
    side, rules = straightened(bent)
    slips = find_slips(side)
    if slips:
        side = without_slips(side, slips)
        rules = level(find_rules(side))
    slashes = find_slashes(side, rules)
    if slashes:
        side = without_slashes(side, slashes)
        rules = level(find_rules(side))
    boxes = find_tick_boxes(side)
    words = erase_boxes(side, boxes)
    return _Emptied(side, rules, boxes, words, erase_rules(words, rules), slips, slashes)


def straightened(side: PageImage) -> tuple[PageImage, Rules]:
    """Return a side without the bend that its rules show, and its rules as they then run."""
    straight, rules = side, find_rules(side)
    for _round in range(STRAIGHTENED):
        level = [rule.points for rule in (*rules.horizontal, *rules.leaders)]
        bend = find_bend(straight, level, [rule.points for rule in rules.vertical])
        if bend is None:
            break
        straight = straighten(side, bend)
        rules = find_rules(straight)
    return straight, rules


class LaidOut(NamedTuple):
    """A side's reading, its lines yet unread; it straight, without rules and boxes; its ink.

    Polygons are in px of the straight side.
    """

    sheet: PageReading
    bare: PageImage
    ink: Strokes
    slips: tuple[Slip, ...] = ()


def lay_out(bent: PageImage) -> LaidOut:
    """Return where everything stands on a side."""
    side, rules, boxes, words, bare, slips, slashes = _emptied(bent)
    cells = find_cells(side, rules)
    lines, strokes = find_lines(words, rules, cells)
    height, width = side.pixels.shape
    sheet = PageReading(
        side=side.side,
        turn_deg=side.turn_deg,
        skew_deg=side.skew_deg,
        form="",
        form_confidence=0.0,
        outline=((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)),
        cells=cells,
        lines=mark_dittos(bare, lines),
        boxes=boxes,
        slashes=slashes,
        slips=tuple(slip.polygon for slip in slips),
    )
    return LaidOut(sheet, bare, strokes, slips)


def _with_records(
    sheets: Sequence[PageReading], job: ScanJob, hearing: Hearing
) -> list[PageReading]:
    form: Form | None
    if job.form:
        form, confidence, other = form_in_book(forms(), forms()[job.form], sheets)
    else:
        form, confidence = recognise(forms(), sheets, job.usual)
        other = ""
    if form is None:
        return list(sheets)
    page = job.page
    records = extract_records(form, sheets, page.accession, page.number, job.years, hearing=hearing)
    return [
        replace(
            sheet,
            form=form.id,
            form_confidence=confidence,
            other_form=other,
            records=tuple(record for record in records if record.side == sheet.side),
        )
        for sheet in sheets
    ]


def _calibrated(sheet: PageReading, readers: Mapping[Script, Engine]) -> PageReading:
    lines = (calibrated(readers, replace(line, signal=None)) for line in sheet.lines)
    return replace(sheet, lines=tuple(lines))


def _on_scan(sheet: PageReading, sides: Sequence[PageImage]) -> PageReading:
    """Map all polygons of a side from its page image to the scan."""
    image = {side.side: side for side in sides}
    here = image[sheet.side]

    def moved(record: Record) -> Record:
        fields = tuple(
            replace(field, polygon=on_scan(image[field.side], field.polygon))
            for field in record.fields
        )
        return replace(record, polygon=on_scan(here, record.polygon), fields=fields)

    return replace(
        sheet,
        outline=on_scan(here, sheet.outline),
        cells=tuple(replace(cell, polygon=on_scan(here, cell.polygon)) for cell in sheet.cells),
        lines=tuple(replace(line, polygon=on_scan(here, line.polygon)) for line in sheet.lines),
        boxes=tuple(replace(box, polygon=on_scan(here, box.polygon)) for box in sheet.boxes),
        slashes=tuple(on_scan(here, slash) for slash in sheet.slashes),
        slips=tuple(on_scan(here, slip) for slip in sheet.slips),
        records=tuple(moved(record) for record in sheet.records),
    )


class _Clock:
    """CPU seconds by stage, this process and the programs it called; becomes provenance."""

    def __init__(self, job: ScanJob) -> None:
        self._job = job
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        before = _cpu_seconds()
        yield
        self._seconds[name] = self._seconds.get(name, 0.0) + _cpu_seconds() - before

    def steps(self) -> tuple[Step, ...]:
        ocr = self._job.settings.ocr
        read_by = {engine.name: engine.version for engine in engines(ocr).values()}
        # Of an own model the name says as much as its path, and stays true when the archive moves.
        chosen = {**asdict(ocr), "hand_model": ocr.model_name, "engines": read_by}
        settings = {
            "decode": json.dumps(asdict(self._job.settings.ingest)),
            "ocr": json.dumps(chosen),
            "extract": json.dumps({"form": self._job.form}),
        }
        page = self._job.page
        return tuple(
            Step(
                page.accession,
                page.number,
                stage,
                version("sohoa"),
                settings.get(stage, "{}"),
                round(seconds, 3),
                now(),
            )
            for stage, seconds in self._seconds.items()
        )


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
