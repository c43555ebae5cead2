"""The nouns of sohoa: frozen values that the stages hand to one another.

Geometry: a point is (x, y) in px, x to the right, y down, origin at the top left corner of the
image that the docstring names. A polygon is a tuple of points, clockwise from the top left.
Text is Unicode NFC, exactly as written on the paper. Rows, columns and pages are counted from 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pydantic

Point = tuple[float, float]
Polygon = tuple[Point, ...]
Pixels = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]

Script = Literal["print", "typewriter", "handwriting"]
Side = Literal["left", "right"]
Turn = Literal[0, 90, 180, 270]
Grade = Literal["good", "look", "rescan"]  # of a scan: a person must look, or scan it again
Act = Literal["accept", "correct", "ditto", "unreadable", "seen", "undo", "reopen"]
Reader = Literal[1, 2, 3]


class Alternative(NamedTuple):
    """Another reading of the same ink, with its probability (0 to 1)."""

    text: str
    confidence: float


class Letter(NamedTuple):
    """One character of a line: where it stands and how sure the engine is.

    left and right are fractions (0 to 1) of the line's width, from its left end.
    """

    text: str
    left: float
    right: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Master:
    """A file as the scanner or phone made it; never changed.

    Attributes:
        sha256: lower-case hex of the bytes; the master's identity.
        number: its place among the book's masters, counted from 1; it names the stored file.
        path: relative to the package folder, with forward slashes: `data/masters/0001.tif`.
        name: file name as given (data, never used as a path).
        media_type: by content, not by name: `image/jpeg`.
        size_bytes: length of the file.
        frames: how many page images the file holds.
    """

    sha256: str
    number: int
    path: str
    name: str
    media_type: str
    size_bytes: int
    frames: int


class Gutter(NamedTuple):
    """Where a person parts a spread: a line through a scan as a viewer shows it.

    Attributes:
        start: where the line meets the top edge, as a fraction (0 to 1) of the width; of a line
            `across`, the left edge and the height.
        end: likewise at the bottom edge; `across`, at the right one.
        across: it runs from side to side: the scan lies sideways, or its pages are turned up.
        for_all: it was drawn on one scan for all of a book.

    A line along an edge leaves the scan whole.
    """

    start: float
    end: float
    across: bool = False
    for_all: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """One paper book, as its card says.

    Attributes:
        accession: the book's identity in the archive and its folder's name.
        form: id of a form in `schemas/`; empty when every page is to be recognised.
        place: administrative unit as the clerk wrote it.
        years: first and last year of the entries.
        volume: volume as written on the cover ("01", "2A").
        pages: number of pages that the cover or closing page declares; None when it says none.
        entries: number of entries declared, likewise.
        shelf: where the paper stands.
    """

    accession: str
    form: str
    place: str
    years: tuple[int, int]
    volume: str
    pages: int | None = None
    entries: int | None = None
    shelf: str = ""


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured on the pixels of a scan, without a target.

    Attributes:
        blur: width of the sharpest edges in px at 300 dpi; about 3 is sharp; 0 without writing.
        noise: standard deviation of the grain of bare paper, in grey levels (0 to 255).
        clipped_white: share of the bare paper around the writing that is pure white, 0 to 1;
            likewise `clipped_black` of the strokes' dark middles.
        cut: strokes of writing that run out of the picture at its left, top, right and bottom.
        bits: of a sample of the scan, all its colours together: 1, 8 (grey), 24 (colour).
        is_blank: nothing is written on it.
        dpi_assumed: the file does not tell its dpi.
        double_of: number of an earlier page of the book that shows the same; 0: none does.
    """

    blur: float
    noise: float = 0.0
    clipped_white: float = 0.0
    clipped_black: float = 0.0
    cut: tuple[int, int, int, int] = (0, 0, 0, 0)
    bits: int = 24
    is_blank: bool = False
    dpi_assumed: bool = False
    double_of: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a page is not simply good.

    Attributes:
        name: of a limit or a finding in `schemas/quality.toml`.
        told: what was measured or found, ready for the sentence.
        asked: what should be, likewise; empty where that goes without saying.
    """

    name: str
    grade: Grade
    told: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done about a scan, by the limits of a profile.

    Attributes:
        grade: the worst of the reasons'; `good` without any.
        profile: name of the profile; empty while nobody judged.
    """

    grade: Grade = "good"
    reasons: tuple[Reason, ...] = ()
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One scan of a book: a frame of a master. A spread is one scan with two sides.

    Attributes:
        accession: the book it belongs to.
        number: what it is called in ids of records, counted from 1 as scans come in. Its place in
            the book is that too, until people arrange the pages.
        master: sha256 of the master that holds it.
        frame: which page image of the master, counted from 1.
        width_px: as a viewer shows it (the EXIF turn applied), likewise `height_px`.
        dpi: pixels per inch; estimated from the sheet size when `quality.dpi_assumed`.
        look: hex of a difference hash of the picture; near-equal for a page scanned twice.
        verdict: by its pixels alone until it was read and the book looked at.
    """

    accession: str
    number: int
    master: str
    frame: int
    width_px: int
    height_px: int
    dpi: float
    quality: Quality
    look: str = ""
    verdict: Verdict = Verdict()


@dataclass(frozen=True, slots=True, eq=False)  # arrays do not compare to one bool
class Bend:
    """Where the points of a straightened picture lay before, told at the points of a grid.

    Attributes:
        moves: float32, shape (rows, columns, 2): px to the right and down to where what is seen
            at a grid point was before.
        step: px from one grid point to the next; the first one is (0, 0).
    """

    moves: npt.NDArray[np.float32]
    step: int


@dataclass(frozen=True, slots=True, eq=False)
class PageImage:
    """The pixels of one page or of a whole scan.

    Attributes:
        pixels: grey samples, uint8, 0 is black; shape (height_px, width_px).
        dpi: pixels per inch of `pixels`, the same on both axes.
        to_scan: 3x3 matrix that maps homogeneous (x, y, 1) of `pixels` to px of the scan; where
            the page was straightened, of the pixels before that.
        red: what is written in red ink, which `pixels` then lack, dark on white: in px of its own,
            those of the scan as it was opened. None where nothing is.
        bend: what was straightened last; None when nothing was. `clean.places` reads both.
        side: which half of a spread this is; None for a single page.
        turn_deg: clockwise turn that was needed to make the scan upright.
        skew_deg: angle that was taken out after that turn; positive means that text lines fell
            to the right (clockwise).
    """

    pixels: Pixels
    dpi: float
    to_scan: Matrix
    side: Side | None = None
    turn_deg: Turn = 0
    skew_deg: float = 0.0
    bend: Bend | None = None
    red: "PageImage | None" = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a ruled table.

    Attributes:
        polygon: four corners, px of the page image.
        row: grid row of its top left corner, counted from 1; header rows count.
        column: grid column, counted from 1.
        row_span: how many grid rows it covers, likewise `column_span`.
        is_header: it stands in the printed head of the table.
    """

    polygon: Polygon
    row: int
    column: int
    row_span: int = 1
    column_span: int = 1
    is_header: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """What a network saw in a line, before anything was decided.

    Attributes:
        log_probs: float32, shape (steps, classes); class 0 is the blank.
        left: where the steps begin and end, as fractions of the line's width; likewise `right`.
    """

    __pydantic_config__ = pydantic.ConfigDict(arbitrary_types_allowed=True)
    log_probs: npt.NDArray[np.float32]
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of writing.

    Attributes:
        polygon: its outline, px of the page image; four corners unless the line is bent.
        cell: (row, column) of the cell it stands in; None outside tables.
        text: as the engine read it; empty until read, and where nothing is written.
        confidence: probability that the whole text is right, 0 to 1.
        script: how it was put on the paper.
        alternatives: other readings, best first, without `text` itself.
        letters: the characters of `text` with their places; empty when the engine tells none.
        engine: name of the engine that read it.
        ink: `red` where its ink is; empty for that of the page's other writing.
        is_ditto: its ink has the shape of a ditto mark, whatever was read.
        struck: from where to where words in it are struck out, as fractions of its width.
        signal: for reading it again when its kind is known; gone once the page is done, and
            never stored. None when the engine tells none.
    """

    polygon: Polygon
    cell: tuple[int, int] | None = None
    text: str = ""
    confidence: float = 0.0
    script: Script = "handwriting"
    alternatives: tuple[Alternative, ...] = ()
    letters: tuple[Letter, ...] = ()
    engine: str = ""
    ink: Literal["", "red"] = ""
    is_ditto: bool = False
    struck: tuple[tuple[float, float], ...] = ()
    signal: Annotated[Signal | None, pydantic.Field(exclude=True)] = field(
        default=None, compare=False, repr=False
    )


# Reads a part of a line again: the line, where the part begins and ends (fractions of its width),
# the kind of field that it holds, and what such fields have said before. None when the engine
# cannot, or when nothing of that kind can stand there.
Reread = Callable[[Line, tuple[float, float], str, tuple[str, ...]], Line | None]


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """Which line of a page each stroke of ink belongs to: outlines of close lines overlap.

    Attributes:
        lines: int32, index of the line among the page's; -1 on paper and on what is no writing;
            their count on words struck out, which no line shows.
        factor: px of the page image for one px of `lines`.
    """

    lines: npt.NDArray[np.int32]
    factor: float


@dataclass(frozen=True, slots=True)
class TickBox:
    """A small printed square to be ticked.

    Attributes:
        polygon: the middle of its printed outline, px of the page image.
        ink: share of its inside that is inked, 0 to 1; the outline does not count.
    """

    polygon: Polygon
    ink: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason why a person must look at a field (key) or at the whole record (key is empty)."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One field of a record.

    Attributes:
        key: the Ministry's key, e.g. `nksHoTen`.
        raw: as written, ditto marks resolved to the raw text above (then doubt `ditto`).
        value: normalised by the field's kind; empty when nothing could be made of `raw`.
        confidence: calibrated probability that `value` is right.
        alternatives: other values, best first.
        page: number of the scan, counted from 1; 0 in a record that was imported.
        side: half of the spread on which it stands.
        polygon: where it stands, same frame as the record's polygon.
        script: how it was written.
    """

    key: str
    raw: str
    value: str
    confidence: float
    page: int
    polygon: Polygon
    side: Side | None = None
    alternatives: tuple[Alternative, ...] = ()
    script: Script = "handwriting"


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a book.

    Attributes:
        id: `<accession>/<page>/<side or ->/<row>`, stable over re-reading; of a record that was
            imported, `<accession>/0/-/<sum of its fields>`.
        form: id of the form that read it.
        page: number of the scan on which it starts; 0 when it was imported.
        side: half of the spread on which it starts.
        row: the entry's place on the page, or in the file it was imported from, counted from 1.
        polygon: where it stands on that page.
        fields: in the order of the form; fields that the page does not have are absent.
    """

    id: str
    form: str
    page: int
    side: Side | None
    row: int
    polygon: Polygon
    fields: tuple[FieldValue, ...]
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class PageReading:
    """All that the machine made of one page (one side of one scan).

    Polygons are in px of the scan as a viewer shows it; inside `flow.read_page`, until the
    records are made, they are in px of the side's own page image.

    Attributes:
        turn_deg: clockwise turn that was needed to make the scan upright.
        skew_deg: of the content in the upright scan; positive is clockwise.
        form: id of the recognised form; empty when none fits.
        form_confidence: 0 to 1; 1 when the form was given.
        other_form: id of the form that the page has instead of the given one; empty when that fits.
        outline: the page on the scan.
        boxes: its tick boxes, top to bottom.
        slashes: long slanting strokes that cancel what they cross; points from left to right.
        slips: of paper pasted on it; what is written on them is among the lines.
    """

    side: Side | None
    turn_deg: Turn
    skew_deg: float
    form: str
    form_confidence: float
    outline: Polygon
    cells: tuple[Cell, ...] = ()
    lines: tuple[Line, ...] = ()
    records: tuple[Record, ...] = ()
    boxes: tuple[TickBox, ...] = ()
    other_form: str = ""
    slashes: tuple[Polygon, ...] = ()
    slips: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one field; appended, never overwritten.

    Attributes:
        key: empty when it is about the record as a whole.
        time: UTC, ISO 8601.
        raw: what stands on the paper, as written; empty when the person did not say.
        act: what the person did; `undo` takes the decision `base` back, `reopen` asks for the
            field to be read anew, `seen` says that the record was looked at.
        reader: 1 for the first reader, 2 for the second, who sees no other reading, 3 for the one
            who decides between readings.
        shown: the value that stood before the person; empty when none did.
        is_blind: a value was known and not shown.
        base: number of the decision about the field that was the last one then; 0: there was none.
        number: given when it is kept; rises with time.
    """

    record: str
    key: str
    value: str
    person: str
    time: str
    note: str = ""
    raw: str = ""
    act: Act = "correct"
    reader: Reader = 1
    shown: str = ""
    is_blind: bool = False
    base: int = 0
    number: int = field(default=0, compare=False)


class SheetCell(NamedTuple):
    """One cell of a typed table: its text, and what Excel holds it for.

    `text` is a date as ISO 8601, a whole number without a decimal point; empty for an empty cell.
    `odd_date` is a date that is rather a year which was typed into a cell for dates.
    """

    text: str
    kind: Literal[
        "text", "number", "date", "odd_date", "time", "yes_no", "formula", "error", "merged", "long"
    ] = "text"


class SheetRow(NamedTuple):
    """One row of a typed table, without the empty cells at its end.

    Attributes:
        sheet: number of the sheet in its file, counted from 1; `name` is what it is called.
        row: counted from 1.
    """

    sheet: int
    name: str
    row: int
    cells: tuple[SheetCell, ...]


class RowFault(NamedTuple):
    """What a person must know of a row that was to be imported.

    Attributes:
        kind: `wrong` and `conflict`: the row was not taken; `differs`: it was, but the machine or
            a person has read the same entry otherwise; `note`: it was taken.
        sheet: what the sheet is called; empty in files without sheets.
        row: counted from 1; of JSON lines, the line.
        column: as the file's reader finds it: letter and key; empty for the whole row.
        reason: a sentence; it holds nothing of what the row says.
    """

    kind: Literal["wrong", "conflict", "differs", "note"]
    sheet: str
    row: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Provenance of a record that people had typed before: where it was imported from.

    Attributes:
        file: name of the file, and its `sha256`.
        sheet, row: as in `RowFault`.
        scan: file name of the scan that the row names; empty when it names none.
        person: who imported it.
        time: UTC, ISO 8601.
    """

    record: str
    file: str
    sha256: str
    sheet: str
    row: int
    scan: str
    person: str
    time: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two records that may tell of the same person.

    Attributes:
        kind: name of a kind of link of `schemas/links.json`, or `same_number`.
        one, two: ids of the records; `one` is less than `two` where both are of one kind.
        roles: the person's part in each; empty for the same number.
        score: probability that it is one person, 0 to 1; 1 for the same number.
        weights: by feature, the level of agreement and its weight in bits.
    """

    kind: str
    one: str
    two: str
    roles: tuple[str, str]
    score: float
    weights: Mapping[str, tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Step:
    """Provenance: one stage that ran on one page.

    Attributes:
        settings: what would have to be the same to get the same result, as JSON text.
        seconds: CPU seconds.
        time: UTC, ISO 8601.
    """

    accession: str
    page: int
    stage: str
    version: str
    settings: str
    seconds: float
    time: str


@dataclass(frozen=True, slots=True)
class Rights:
    """What a person may see of the books; what is outside does not exist for that person.

    Attributes:
        places: the books' places, as their cards write them (NFC); None is every place.
        kinds: kinds of book (birth, death, land, …); None is every kind, also an unknown one.
        closed: accessions of books that are closed all the same.
        sensitive: fields that the law calls sensitive are open too.
    """

    places: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    closed: frozenset[str] = frozenset()
    sensitive: bool = True


EVERYTHING = Rights()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who looks something up, and what for.

    Attributes:
        person: the account's name.
        purpose: as the person words it; it is logged with the look-up.
    """

    person: str
    purpose: str = ""
    rights: Rights = EVERYTHING


Closeness = Literal["exact", "spelling", "misread", "widened"]


class Mark(NamedTuple):
    """A part of a field that agrees with a query.

    Attributes:
        text: the field's text that was compared: its value, or another reading of its ink.
        start: of the part in the text; likewise `end`. Both are 0 when the whole field agrees.
        exact: it agrees as typed.
    """

    key: str
    text: str
    start: int
    end: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of a search.

    Attributes:
        score: share of the evidence that the query could find, at most 1; for ordering.
        closeness: exact; spelling, when marks, spellings or the time of a place's name differ;
            misread, when letters do; widened, when something that was asked is not there.
        why: sentences that say which parts of the query matched which fields.
        marks: which parts of which fields those are.
        reviewed: keys of the fields that a person decided.
    """

    record: Record
    book: Book
    score: float
    closeness: Closeness = "exact"
    why: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    reviewed: frozenset[str] = frozenset()
