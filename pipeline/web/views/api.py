"""The API, `/api/v1`: what the screens do, for other programs.

Programs send `Authorization: Bearer <token>`; a person makes the token on their own page, and it
may what the person may. Errors are problems (RFC 9457). Lists come in parts: `next` of the answer
is the `after` of the next question.
"""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field, TypeAdapter

from pipeline.desk import entries, finding, reviewing, seeing
from pipeline.desk.accounts import SignedIn
from pipeline.desk.reviewing import Answer, FieldConflict
from pipeline.rights import Role, asker
from pipeline.values import Asker, Book, Record
from pipeline.web.shell import needs, office_of

SEES: tuple[Role, ...] = ("officer", "reviewer", "administrator")
MOST = 200  # of a list's part


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    status: int
    title: str


PROBLEM = "application/problem+json"
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": told, "content": {PROBLEM: {"schema": Problem.model_json_schema()}}}
    for status, told in {
        400: "The question makes no sense",
        401: "No token, or one that has ended",
        403: "The account has no such role",
        404: "No such thing, or none that the account may know of",
        409: "Someone else changed it meanwhile",
        413: "Too large",
        422: "A part of the question is not as it should be",
    }.items()
}
router = APIRouter(
    prefix="/api/v1",
    responses=PROBLEMS,
    dependencies=[Depends(HTTPBearer(auto_error=False))],  # for the description alone
)


class Me(BaseModel):
    """Whose token it is."""

    name: str
    roles: list[str]


class Books(BaseModel):
    """Some books, and where the next ones begin."""

    books: list[Book]
    next: str | None


class FieldOut(BaseModel):
    """A field of a record: as written, its value, how sure, and by whom."""

    key: str
    raw: str
    value: str
    confidence: float
    alternatives: list[tuple[str, float]]
    page: int
    polygon: list[tuple[float, float]]


class RecordOut(BaseModel):
    """A record as it stands: what the machine read, with what people decided."""

    id: str
    form: str
    page: int
    row: int
    polygon: list[tuple[float, float]]
    fields: list[FieldOut]
    doubts: list[tuple[str, str]]


class Records(BaseModel):
    """Some records of a book, and where the next ones begin."""

    records: list[RecordOut]
    next: str | None


class HitOut(BaseModel):
    """A hit of a search."""

    record: RecordOut
    book: Book
    score: float
    closeness: str
    why: list[str]
    reviewed: list[str]


class HitsOut(BaseModel):
    """Hits, best first, and how the line was read."""

    hits: list[HitOut]
    readings: list[list[tuple[str, str]]]
    behind: int


class DecisionIn(BaseModel):
    """What the person says of a field; `base` is the decision it answers, 0: there was none."""

    record: str = Field(max_length=200)
    key: str = Field(max_length=100)
    text: str = Field(max_length=2000)
    base: int = Field(0, ge=0, le=2**53)


class Decided(BaseModel):
    """The field after the decision."""

    key: str
    text: str
    base: int
    is_done: bool


Cursor = Annotated[str, Query(max_length=200, description="`next` of the part before")]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Purpose = Annotated[str, Query(max_length=200, description="What for; it is logged")]


@router.get("/me")
def me(signed: SignedIn = needs()) -> Me:
    """Tell whose token it is."""
    return Me(name=signed.person.name, roles=[grant.role for grant in signed.person.grants])


@router.get("/books")
def books(
    request: Request, after: Cursor = "", limit: Limit = 50, signed: SignedIn = needs(*SEES)
) -> Books:
    """List the books that the account may see, by accession."""
    seen = seeing.seen_books(office_of(request).database, _who(signed))
    behind = [book for book in seen if book.accession > after]
    more = len(behind) > limit
    return Books(
        books=behind[:limit],
        next=behind[limit - 1].accession if more else None,
    )


@router.get("/books/{accession}")
def book(request: Request, accession: str, signed: SignedIn = needs(*SEES)) -> Book:
    """Return the card of a book."""
    return seeing.seen_book(office_of(request).database, _who(signed), accession)


@router.get("/books/{accession}/records")
def records(
    request: Request,
    accession: str,
    after: Cursor = "",
    limit: Limit = 50,
    purpose: Purpose = "",
    signed: SignedIn = needs(*SEES),
) -> Records:
    """List the records of a book, by id."""
    who = _who(signed, purpose)
    found = entries.book_entries(office_of(request).database, who, accession, after, limit + 1)
    return Records(
        records=[_record(one) for one in found[:limit]],
        next=found[limit - 1].id if len(found) > limit else None,
    )


@router.get("/records/{record_id:path}", responses={304: {"description": "As it was"}})
def record(
    request: Request,
    response: Response,
    record_id: str,
    purpose: Purpose = "",
    if_none_match: Annotated[str | None, Header()] = None,
    signed: SignedIn = needs(*SEES),
) -> RecordOut:
    """Return a record as it stands; its ETag changes when anything about it does."""
    who = _who(signed, purpose)
    told = _record(entries.standing_entry(office_of(request).database, who, record_id))
    tag = f'"{hashlib.sha256(told.model_dump_json().encode()).hexdigest()[:32]}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"etag": tag})  # type: ignore[return-value]
    response.headers["etag"] = tag
    return told


@router.get("/search")
def search(
    request: Request,
    q: Annotated[str, Query(min_length=1, max_length=500)],
    limit: Limit = 20,
    purpose: Purpose = "",
    signed: SignedIn = needs(*SEES),
) -> HitsOut:
    """Search with a line as people type it; the answer says how it was read."""
    office = office_of(request)
    found = finding.search(office.database, office.settings, _who(signed, purpose), q, limit)
    return HitsOut(
        hits=[
            HitOut(
                record=_record(hit.record),
                book=hit.book,
                score=hit.score,
                closeness=hit.closeness,
                why=list(hit.why),
                reviewed=sorted(hit.reviewed),
            )
            for hit in found.hits
        ],
        readings=[[(chip.part, chip.text) for chip in one.chips] for one in found.readings],
        behind=found.behind,
    )


@router.post("/decisions")
def decide(
    request: Request,
    body: DecisionIn,
    idempotency_key: Annotated[str, Header(min_length=8, max_length=100)],
    signed: SignedIn = needs("reviewer"),
) -> Decided:
    """Decide a field; sent twice with one Idempotency-Key, it is taken once."""
    office = office_of(request)
    told = Answer(body.record, body.key, "text", body.text, body.base, idempotency_key)
    who = asker(signed.person, "reviewer")
    try:
        sheet = reviewing.decide(office.database, office.settings, who, told)
    except FieldConflict as conflict:
        problem = Problem(type="about:blank", status=409, title=str(conflict))
        return JSONResponse(  # type: ignore[return-value]
            problem.model_dump(), 409, media_type=PROBLEM
        )
    field = next(one for one in sheet.fields if one.key == body.key)
    return Decided(key=field.key, text=field.text, base=field.base, is_done=field.is_done)


def _who(signed: SignedIn, purpose: str = "") -> Asker:
    return asker(signed.person, *SEES, purpose=purpose)


_RECORD = TypeAdapter(Record)


def _record(record: Record) -> RecordOut:
    told = _RECORD.dump_python(record)
    told["doubts"] = [(doubt.key, doubt.reason) for doubt in record.doubts]
    return RecordOut.model_validate(told)
