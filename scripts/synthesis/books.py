"""One invented book: whose hand, which form and layout, where and when."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any, NamedTuple

from fetch_fonts import FontCard, font_file, load_cards

from pipeline.settings import shipped
from pipeline.values import Script
from synthesis.hands import Colour, Face, Hand
from synthesis.invent import DATA, Area, load_areas
from synthesis.writing import Habits, draw_habits

INKS: tuple[Colour, ...] = (
    (38, 52, 120),
    (30, 36, 92),
    (52, 62, 150),
    (34, 34, 40),
    (58, 40, 96),
    (70, 66, 72),
)
NOTE_INKS: tuple[Colour, ...] = ((170, 40, 50), (38, 52, 120), (34, 34, 40))
PRINTS: tuple[Colour, ...] = ((45, 42, 45), (60, 52, 52), (35, 35, 60), (80, 60, 58))
ROLES: dict[Script, str] = {"handwriting": "hand", "typewriter": "typewriter", "print": "serif"}


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted; what is left empty is drawn by chance.

    Attributes:
        entries: on one sheet at most; 0 fills the sheet.
        degrade: none, light, heavy, bent or photo.
        orientation: a name in `synthesize_pages.TURNS`.
        script: of the entries; labels are always printed.
        per_book: sheets before hand, layout and place change.
        shipped: only the faces that are committed.
        layout, hand, area: ids.
        damage: fields of `paper.Wear` and their values, for every scan.
        odd: names in `odd.ODDITIES`.
    """

    form: str = "birth_table"
    pages: int = 1
    seed: int = 1
    fonts_set: str = "tuning"
    layout_set: str = "tuning"
    dpi: int = 200
    entries: int = 0
    degrade: str = "light"
    orientation: str = "upright"
    script: Script = "handwriting"
    per_book: int = 4
    shipped: bool = False
    layout: str = ""
    hand: str = ""
    area: str = ""
    years: tuple[int, int] | None = None
    damage: Mapping[str, Any] = field(default_factory=dict)
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a ruled book; `block` is the heading above it, if any."""

    key: str
    label: str
    width: float
    block: str = ""


class Part(NamedTuple):
    """A printed label with room behind it, or a heading; `share` is of the line's length.

    A label that begins with a star is bold. The key is empty where nothing is written.
    """

    label: str
    key: str = ""
    share: float = 1.0


class Choice(NamedTuple):
    """A printed tick box: its words, the field that it answers and the code."""

    label: str
    key: str
    code: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One look of a form, as layouts.toml has it; what a form does not use stays empty.

    Attributes:
        years: of the books that look so.
        pages: the columns of a table, one tuple a side.
        head: of a form, what stands above the frame; the share is mm there.
        lines: of a form, its printed lines from the top.
        ticks, signs: of a form, the boxes beside the lines, and who signs below them.
        entries: of a form, on one page, one under the other.
        above: of a table, printed lines above it with answers that hold for all its rows.
        frame: of a form, whether lines and boxes stand in a ruled frame.
    """

    id: str
    part: str
    form: str
    years: tuple[int, int]
    sheet_mm: tuple[float, float]
    spread: bool
    face: str
    rule_mm: float
    title: tuple[str, ...] = ()
    rows: tuple[int, int] = (0, 0)
    head_mm: tuple[float, float] = (0.0, 0.0)
    rule: Colour = (45, 42, 45)
    caps: bool = False
    numbered: bool = False
    pages: tuple[tuple[Column, ...], ...] = ()
    label_mm: float = 4.2
    left_share: float = 0.7
    head: tuple[Part, ...] = ()
    lines: tuple[tuple[Part, ...], ...] = ()
    ticks: tuple[Choice, ...] = ()
    signs: tuple[Part, ...] = ()
    entries: int = 1
    frame: bool = True
    above: tuple[tuple[Part, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """All that stays the same from page to page."""

    form: str
    layout: Layout
    area: Area
    years: tuple[int, int]
    hands: tuple[Hand, ...]
    note_hand: Hand
    label: Hand
    bold: Hand
    habits: Habits
    volume: str
    odd: tuple[str, ...] = ()


def load_layouts() -> list[Layout]:
    """Return all looks of all forms."""
    listed = tomllib.loads((DATA / "layouts.toml").read_text(encoding="utf-8"))["layout"]
    return [_layout(item) for item in listed]


def _layout(item: dict[str, Any]) -> Layout:
    tuples = {k: tuple(v) for k, v in item.items() if isinstance(v, list)}
    made = {
        "pages": tuple(tuple(Column(*column) for column in page) for page in item.get("pages", [])),
        "lines": tuple(tuple(Part(*part) for part in line) for line in item.get("lines", [])),
        "above": tuple(tuple(Part(*part) for part in line) for line in item.get("above", [])),
        "ticks": tuple(Choice(*choice) for choice in item.get("ticks", [])),
        "head": tuple(Part(*part) for part in item.get("head", [])),
        "signs": tuple(Part(*part) for part in item.get("signs", [])),
    }
    return Layout(**{**item, **tuples, **made})


@cache
def _schema(form: str) -> dict[str, Any]:
    for file in sorted(shipped("schemas").glob("*.json")):
        forms: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")).get(
            "x-forms", {}
        )
        if form in forms:
            return forms[form]
    raise ValueError(f"no schema has the form {form}")


def kind_of_book(form: str) -> str:
    """Return the code of the kind of book that a form belongs to: KS, SMK."""
    return str(_schema(form)["x-book"])


def required_keys(form: str) -> frozenset[str]:
    """Return the keys that no entry of a form lacks."""
    return frozenset(_schema(form)["required"])


def page_key(form: str) -> str:
    """Return the key of the page number above a form's table; empty when it is not read."""
    fields = _schema(form)["properties"]
    above = [key for key, field in fields.items() if field.get("x-find", {}).get("above")]
    return next((key for key in ("trangSo", "trang_so") if key in above), "")


def faces(part: str, role: str, *, shipped: bool = False) -> list[Face]:
    """Return the faces of a role that are on this machine, in the order of fonts.toml."""
    every = {card.id: card for card in load_cards()}

    def face(card: FontCard) -> Face | None:
        file = font_file(card)
        donor = face(every[card.marks]) if card.marks else None
        if file is None or (card.marks and donor is None) or (shipped and not card.shipped):
            return None
        return Face(card.id, file, card.size, donor)

    cards = [card for card in every.values() if card.part == part and card.role == role]
    return [found for card in cards if (found := face(card)) is not None]


def missing_faces(part: str) -> list[FontCard]:
    """Return the faces of the set that are not on this machine."""
    return [card for card in load_cards() if card.part == part and font_file(card) is None]


def draw_hand(rng: Random, face: Face, script: Script) -> Hand:
    """Return a person's own way with the face (or a machine's)."""
    if script == "typewriter":
        return Hand(
            face,
            script,
            rng.choice(((40, 38, 48), (60, 50, 80), (30, 30, 30))),
            weight=rng.uniform(0.7, 1.2),
            uneven=rng.uniform(0.1, 0.35),
            loose=rng.choice((0.0, rng.uniform(0.005, 0.06))),
        )
    if script == "print":
        return Hand(face, script, (38, 38, 42), uneven=0.08)
    return Hand(
        face,
        script,
        rng.choice(INKS),
        slant=rng.gauss(0.06, 0.10),
        wobble=rng.uniform(0.010, 0.028),
        rise=rng.gauss(0.003, 0.008),
        jitter=rng.uniform(0.012, 0.04),
        weight=rng.uniform(0.6, 1.25),
        uneven=rng.uniform(0.08, 0.35),
    )


def draw_book(rng: Random, order: Order) -> Book:
    """Return a book of that form; what the order names is taken, the rest is drawn."""
    part = order.layout_set
    looks = [x for x in load_layouts() if x.form == order.form and x.part == part]
    look = rng.choice([x for x in looks if order.layout in ("", x.id)])
    year = rng.randint(*(order.years or look.years))
    places = [x for x in load_areas() if x.part == part and x.years[0] <= year <= x.years[1]]
    place = rng.choice([x for x in places if order.area in ("", x.id)])
    pens = faces(order.fonts_set, ROLES[order.script], shipped=order.shipped)
    pens = [pen for pen in pens if order.hand in ("", pen.id)]
    count = 1 + (rng.random() < 0.3)
    people = tuple(draw_hand(rng, rng.choice(pens), order.script) for _ in range(count))
    label = rng.choice(faces(order.fonts_set, look.face, shipped=order.shipped))
    bolds = {x.id: x for x in faces(order.fonts_set, "serif-bold", shipped=order.shipped)}
    colour = rng.choice(PRINTS)
    later = rng.choice(faces(order.fonts_set, "hand", shipped=order.shipped))
    return Book(
        form=order.form,
        layout=look,
        area=place,
        years=order.years or (year, year),
        hands=people,
        note_hand=replace(draw_hand(rng, later, "handwriting"), colour=rng.choice(NOTE_INKS)),
        label=Hand(label, "print", colour, uneven=0.12),
        bold=Hand(bolds.get(f"{label.id}-bold", label), "print", colour, uneven=0.12),
        habits=_with_written_ditto(draw_habits(rng, year), people),
        volume=f"{rng.randint(1, 3):02}",
        odd=order.odd,
    )


def _with_written_ditto(habits: Habits, people: Sequence[Hand]) -> Habits:
    """Return the habits with a ditto mark that every hand has: most faces lack 〃."""
    if all(hand.face.can_write(habits.ditto) for hand in people):
        return habits
    return replace(habits, ditto='"')


def writable(book: Book, text: str) -> bool:
    """Say whether every hand of the book has the letters for it."""
    hands = (*book.hands, book.note_hand)
    return all(hand.face.can_write(text) for hand in hands)
