"""Search, an entry with its paper, and the pages of a book."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from pipeline.desk import certifying, entries, finding
from pipeline.desk.accounts import SignedIn
from pipeline.desk.finding import Found
from pipeline.desk.pictures import page_of
from pipeline.desk.seeing import seen_book
from pipeline.desk.typing import field_of, shown
from pipeline.errors import UsageError
from pipeline.index.rules import search_rules
from pipeline.index.wanted import Chip
from pipeline.rights import Role, asker
from pipeline.values import Asker, Hit, Mark
from pipeline.web.shell import needs, office_of, render
from pipeline.words import _

router = APIRouter()
SEES: tuple[Role, ...] = ("officer", "reviewer", "administrator")
SHOWN = 20  # hits on a page
LOOKED = 60  # of which facets are counted
JPEG = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, and whether it agrees with the query."""

    text: str
    is_marked: bool


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field of a hit: its title, its text in pieces, and what matched if that is another text."""

    key: str
    title: str
    pieces: tuple[Piece, ...]
    otherwise: str


@dataclass(frozen=True, slots=True)
class ShownHit:
    """A hit as the screen shows it."""

    hit: Hit
    name: str
    fields: tuple[ShownField, ...]
    then: tuple[str, ...]
    now: tuple[str, ...]


@router.get("/search")
def search(
    request: Request,
    q: str = "",
    purpose: str = "",
    part: Annotated[list[str] | None, Query()] = None,
    text: Annotated[list[str] | None, Query()] = None,
    reading: int = 0,
    kind: str = "",
    book: str = "",
    place: str = "",
    decade: str = "",
    signed: SignedIn = needs(*SEES),
) -> Response:
    """Search; chips that were changed (`part`, `text`) go before the line of the box."""
    office = office_of(request)
    if part and text and len(part) == len(text):
        q = finding.line_of(map(Chip, part, text))
    told: dict[str, Any] = {"q": q, "purpose": purpose, "trouble": "", "found": None}
    told |= {"ask_purpose": office.settings.web.ask_purpose, "hits": [], "facets": []}
    if not q.strip():
        return render(request, "finding/search.html", **told)
    if office.settings.web.ask_purpose and not purpose.strip():
        told["trouble"] = _("hãy ghi tra cứu để làm gì")
        return render(request, "finding/search.html", **told)
    who = asker(signed.person, *SEES, purpose=purpose.strip()[:200])
    if kind:
        who = replace(who, rights=replace(who.rights, kinds=frozenset({kind})))
    try:
        meant = finding.read_line(office.database, office.settings, who, q) if reading else ()
        asked = meant[reading] if 0 < reading < len(meant) else q
        found = finding.search(office.database, office.settings, who, asked, LOOKED)
    except UsageError as error:
        return render(request, "finding/search.html", **{**told, "trouble": str(error)})
    kept = [hit for hit in found.hits if _fits(hit, book, place, decade)]
    chosen = {"kind": kind, "book": book, "place": place, "decade": decade}
    hits = [_shown(request, hit) for hit in kept[:SHOWN]]
    near = [_shown(request, hit) for hit in (found.rescue.near if found.rescue else ())]
    told |= {"found": found, "hits": hits, "more": len(kept) - len(hits), "near": near}
    told |= {"facets": _facets(kept, chosen), "chosen": chosen, "groups": _groups(hits)}
    told |= {"chip_label": finding.chip_label, "rescue_rows": _rescue_rows(found)}
    return render(request, "finding/search.html", **told)


def _fits(hit: Hit, book: str, place: str, decade: str) -> bool:
    return (
        (not book or hit.book.accession == book)
        and (not place or hit.book.place == place)
        and (not decade or _decade(hit) == decade)
    )


def _decade(hit: Hit) -> str:
    return f"{hit.book.years[0] // 10 * 10}"


def _facets(
    hits: Sequence[Hit], chosen: dict[str, str]
) -> list[tuple[str, str, list[tuple[str, str, int]]]]:
    """Return the ways to narrow the hits down: name, title, and values with their counts."""
    rules = search_rules()
    kinds = Counter(rules.kind_of(hit.record.form or hit.book.form) for hit in hits)
    told = [
        ("kind", _("Loại sổ"), [(one, kind_words(one), n) for one, n in kinds.most_common()]),
        ("decade", _("Những năm"), _counted([_decade(hit) for hit in hits])),
        ("place", _("Nơi"), _counted([hit.book.place for hit in hits])),
        ("book", _("Sổ"), _counted([hit.book.accession for hit in hits])),
    ]
    return [(name, title, rows) for name, title, rows in told if len(rows) > 1 or chosen[name]]


def _counted(values: Sequence[str]) -> list[tuple[str, str, int]]:
    return [(one, one, count) for one, count in Counter(values).most_common(8)]


def kind_words(kind: str) -> str:
    """Return what a kind of book is called."""
    return {
        "birth": _("khai sinh"),
        "death": _("khai tử"),
        "marriage": _("kết hôn"),
        "recognition": _("nhận cha, mẹ, con"),
        "confirmation": _("tình trạng hôn nhân"),
        "land": _("đất đai"),
    }.get(kind, _("khác"))


def _groups(hits: Sequence[ShownHit]) -> list[tuple[str, list[ShownHit]]]:
    """Return the hits from exact to widened, each group with what it is."""
    titles = {
        "exact": _("Đúng như đã gõ"),
        "spelling": _("Khác dấu hoặc cách viết"),
        "misread": _("Khác chữ: máy có thể đọc nhầm, hoặc gõ nhầm"),
        "widened": _("Nới rộng: có điều đã hỏi mà bản ghi không có"),
    }
    grouped = [
        (title, [one for one in hits if one.hit.closeness == closeness])
        for closeness, title in titles.items()
    ]
    return [(title, own) for title, own in grouped if own]


def _shown(request: Request, hit: Hit) -> ShownHit:
    rules = search_rules()
    main = {*rules.names, *rules.years, *rules.numbers}
    marks = {mark.key: mark for mark in hit.marks}
    units = finding.units_of(office_of(request).settings, hit)
    fields = [
        _field(hit, field.key, field.value, field.raw, marks.get(field.key))
        for field in hit.record.fields
        if (field.key in main or field.key in marks) and (field.value or field.raw)
    ]
    return ShownHit(hit, finding.name_in(hit.record, ""), tuple(fields), units.then, units.now)


def _field(hit: Hit, key: str, value: str, raw: str, mark: Mark | None) -> ShownField:
    known = field_of(hit.record.form, key)
    title = entries.field_title(hit.record.form, key)
    text = shown(known, value, raw)
    if mark is None:
        return ShownField(key, title, (Piece(text, is_marked=False),), "")
    if mark.text != text:
        is_same = mark.text in (value, raw)
        return ShownField(
            key, title, (Piece(text, is_marked=is_same),), "" if is_same else mark.text
        )
    start, end = (mark.start, mark.end) if mark.end else (0, len(text))
    pieces = ((text[:start], False), (text[start:end], True), (text[end:], False))
    return ShownField(key, title, tuple(Piece(*one) for one in pieces if one[0]), "")


def _rescue_rows(found: Found) -> list[tuple[object, list[tuple[str, str, str]]]]:
    """Return the books that should hold the entry, each with rows to look at: id, name, number."""
    if found.rescue is None:
        return []
    return [
        (
            shelf,
            [
                (row.id, finding.name_in(row, ""), next((f.value for f in row.fields), ""))
                for row in shelf.rows
            ],
        )
        for shelf in found.rescue.shelves
    ]


@router.get("/entries/{record_id:path}/picture")
def entry_picture(request: Request, record_id: str, signed: SignedIn = needs(*SEES)) -> Response:
    """Show the row or form of an entry."""
    office = office_of(request)
    who = _who(signed)
    picture = entries.entry_picture(office.database, office.settings, who, record_id)
    return _jpeg(picture)


@router.get("/entries/{record_id:path}/neighbours")
def neighbours(request: Request, record_id: str, signed: SignedIn = needs(*SEES)) -> Response:
    """Show the rows before and after an entry in its book."""
    office = office_of(request)
    before, after = finding.neighbours(office.database, _who(signed), record_id, 3)
    rows = [(one.id, finding.name_in(one, ""), one.page, one.row) for one in (*before, *after)]
    return render(
        request, "finding/neighbours.html", before=rows[: len(before)], after=rows[len(before) :]
    )


@router.get("/entries/{record_id:path}")
def entry(
    request: Request, record_id: str, purpose: str = "", signed: SignedIn = needs(*SEES)
) -> Response:
    """Show an entry, its paper, and who said what of it."""
    office = office_of(request)
    who = replace(_who(signed), purpose=purpose[:200])
    told = entries.open_entry(office.database, office.settings, who, record_id)
    page = page_of(office.database, *told.scan) if told.scan else None
    drawn = entries.outlines(told, (page.width_px, page.height_px), page.number) if page else []
    officer = asker(signed.person, "officer")
    certifies = certifying.certifies(officer, told.record, told.book)
    return render(
        request,
        "finding/entry.html",
        entry=told,
        page=page,
        outlines=drawn,
        certifies=certifies,
        extracts=certifying.made_of(office.database, record_id) if certifies else [],
    )


@router.get("/books/{accession}/pages/{number}/picture")
def page_picture(
    request: Request, accession: str, number: int, signed: SignedIn = needs(*SEES)
) -> Response:
    """Show a page of a book, drawn anew from its master."""
    office = office_of(request)
    return _jpeg(
        entries.page_picture(office.database, office.settings, _who(signed), accession, number)
    )


@router.get("/books/{accession}/pages/{number}")
def page(
    request: Request, accession: str, number: int, signed: SignedIn = needs(*SEES)
) -> Response:
    """Show a page of a book in its book."""
    office = office_of(request)
    book = seen_book(office.database, _who(signed), accession)
    shown_page = page_of(office.database, accession, number)
    numbers = [one.number for one in office.database.pages(accession)]
    at = numbers.index(number)
    return render(
        request,
        "finding/page.html",
        book=book,
        page=shown_page,
        before=numbers[at - 1] if at else 0,
        after=numbers[at + 1] if at + 1 < len(numbers) else 0,
        count=len(numbers),
    )


def _who(signed: SignedIn) -> Asker:
    return asker(signed.person, *SEES)


def _jpeg(content: bytes) -> Response:
    return Response(content, media_type=JPEG, headers={"cache-control": "private, max-age=600"})
