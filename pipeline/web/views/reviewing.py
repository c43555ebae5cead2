"""The reviewer's desk: one record at a time, its picture above, its fields below."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Annotated, Any, Final, cast, get_args
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.datastructures import FormData

from pipeline.desk import reviewing
from pipeline.desk.accounts import SignedIn
from pipeline.desk.reviewing import Answer, FieldConflict, Sheet, SheetField, Told
from pipeline.errors import MissingError, RightsError, UsageError
from pipeline.rights import asker
from pipeline.values import Asker
from pipeline.web.shell import WholeForm, go, needs, office_of, render
from pipeline.words import _

router = APIRouter(prefix="/review")
_ROLE: Final = "reviewer"
_MOST = 2000  # letters of a field
Reviewer = needs(_ROLE)


class AnswerBody(BaseModel):
    """What the screen's script sends of one field."""

    record: str = Field(max_length=300)
    key: str = Field(max_length=100)
    told: Told = "text"
    text: str = Field("", max_length=_MOST)
    base: int = 0
    token: str = Field("", max_length=64)
    keys: int = Field(0, ge=0, le=100_000)


class RecordBody(BaseModel):
    """What it sends of a record that is accepted."""

    record: str = Field(max_length=300)
    answers: list[AnswerBody] = Field(max_length=300)


class HoldBody(BaseModel):
    """Which record somebody goes on working on."""

    record: str = Field(max_length=300)


def _asker(signed: SignedIn) -> Asker:
    return asker(signed.person, _ROLE)


@router.get("")
def queue(request: Request, signed: SignedIn = Reviewer, done: str = "") -> Response:
    """List the books with what waits in them."""
    books = reviewing.queue(office_of(request).database, _asker(signed))
    return render(request, "reviewing/queue.html", books=books, done=bool(done))


@router.get("/next")
def next_record(
    request: Request,
    signed: SignedIn = Reviewer,
    book: str = "",
    after: str = "",
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Go to the record that waits first; a script is told its name, and what will be asked."""
    database, who = office_of(request).database, _asker(signed)
    found = reviewing.next_record(database, who, book, after)
    if accept.startswith("application/json"):
        told: dict[str, object] = {"record": found, "path": "", "asked": []}
        if found:
            asked = reviewing.asked_fields(database, who, found)
            told |= {"path": _path(found, book), "asked": asked}
        return JSONResponse(told)
    return go(_path(found, book) if found else "/review?done=1")


@router.get("/record/{record_id:path}")
def record_page(
    request: Request, record_id: str, signed: SignedIn = Reviewer, book: str = ""
) -> Response:
    """Show a record on the desk."""
    sheet = reviewing.open_sheet(office_of(request).database, _asker(signed), record_id)
    return _desk(request, sheet, book)


@router.post("/record/{record_id:path}")
def decide_form(
    request: Request,
    record_id: str,
    form: WholeForm,
    signed: SignedIn = Reviewer,
    book: str = "",
) -> Response:
    """Take the record's form, as a browser without scripts sends it."""
    office, who = office_of(request), _asker(signed)
    answers = _answers(record_id, form)
    try:
        if one := str(form.get("one", "")):
            told, _colon, key = one.partition(":")
            chosen = next((each for each in answers if each.key == key), None)
            if chosen is None or told not in get_args(Told):
                raise UsageError(_("trang này không nhận cách gửi ấy"))
            answer = replace(chosen, told=cast(Told, told))
            reviewing.decide(office.database, office.settings, who, answer)
            return go(_path(record_id, book))
        sheet = reviewing.accept_record(office.database, office.settings, who, record_id, answers)
    except MissingError:
        raise
    except (FieldConflict, UsageError, RightsError) as error:
        typed = {answer.key: answer.text for answer in answers}
        sheet = reviewing.open_sheet(office.database, who, record_id)
        status = 409 if isinstance(error, FieldConflict) else 400
        return _desk(request, sheet, book, status=status, error=error, typed=typed)
    if _is_open(sheet):
        return go(_path(record_id, book))
    return go(f"/review/next?book={quote(book)}&after={quote(record_id)}")


@router.post("/answer")
def answer_field(request: Request, body: AnswerBody, signed: SignedIn = Reviewer) -> Response:
    """Take what a script sends of one field."""
    office, who = office_of(request), _asker(signed)
    answer = Answer(**body.model_dump())
    decide = partial(reviewing.decide, office.database, office.settings, who, answer)
    return _taken(request, who, decide)


@router.post("/accept")
def accept(request: Request, body: RecordBody, signed: SignedIn = Reviewer) -> Response:
    """Take a record that is right as it stands on the screen."""
    office, who = office_of(request), _asker(signed)
    answers = [Answer(**{**one.model_dump(), "record": body.record}) for one in body.answers]
    take = partial(reviewing.accept_record, office.database, office.settings, who)
    return _taken(request, who, partial(take, body.record, answers))


def _taken(request: Request, who: Asker, act: Callable[[], Sheet]) -> Response:
    """Return what a script is told of an act: the record as it stands then, or what is wrong."""
    try:
        sheet = act()
    except FieldConflict as conflict:
        return _conflict(request, who, conflict)
    except MissingError:
        raise
    except UsageError as error:
        return JSONResponse({"sentence": str(error)}, 400)
    return JSONResponse(_told(sheet))


@router.post("/undo")
def undo(
    request: Request,
    signed: SignedIn = Reviewer,
    book: str = "",
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Take back the person's last decision; go to the record that it was about."""
    office = office_of(request)
    is_script = accept.startswith("application/json")
    try:
        found = reviewing.undo(office.database, office.settings, _asker(signed))
    except FieldConflict as conflict:
        if is_script:
            return JSONResponse({"sentence": str(conflict)}, 409)
        raise
    if is_script:
        sheet, key = found if found else (None, "")
        path = _path(sheet.record, book) if sheet else ""
        return JSONResponse({"record": sheet.record if sheet else "", "key": key, "path": path})
    return go(_path(found[0].record, book) if found else "/review")


@router.post("/hold")
def hold(request: Request, body: HoldBody, signed: SignedIn = Reviewer) -> Response:
    """Keep a record for the person who works on it."""
    holder = reviewing.hold(office_of(request).database, _asker(signed), body.record)
    return JSONResponse({"held_by": holder})


@router.get("/suggestions/{key}/{record_id:path}")
def suggestions(
    request: Request,
    key: str,
    record_id: str,
    text: Annotated[str, Query(max_length=_MOST)] = "",
    signed: SignedIn = Reviewer,
) -> Response:
    """Return what may be about to be typed."""
    database = office_of(request).database
    return JSONResponse(reviewing.suggestions(database, _asker(signed), record_id, key, text))


@router.get("/crop/{key}/{record_id:path}")
def crop(request: Request, key: str, record_id: str, signed: SignedIn = Reviewer) -> Response:
    """Return the enlarged picture of a field."""
    office = office_of(request)
    found = reviewing.field_picture(
        office.database, office.settings, _asker(signed), record_id, key
    )
    return Response(found, media_type="image/jpeg")


def _path(record: str, book: str) -> str:
    return f"/review/record/{quote(record)}" + (f"?book={quote(book)}" if book else "")


def _answers(record: str, form: FormData) -> list[Answer]:
    """Return what a plain form says; fields that nobody is asked for only if they were changed."""
    found = []
    chosen = str(form.get("one", "")).partition(":")[2]
    for name, value in form.multi_items():
        mark, _colon, key = name.partition(":")
        if mark != "text" or not isinstance(value, str):
            continue
        was = form.get(f"was:{key}")
        if was is not None and str(was) == value and key != chosen:
            continue
        base = str(form.get(f"base:{key}", "0"))
        found.append(
            Answer(
                record,
                key,
                text=value[: _MOST + 1],
                base=int(base) if base.isascii() and base.isdigit() else 0,
                token=str(form.get(f"token:{key}", ""))[:64],
            )
        )
    return found


def _is_open(sheet: Sheet) -> bool:
    return bool(sheet.whole) or any(field.asked for field in sheet.fields)


def _told(sheet: Sheet) -> dict[str, Any]:
    """Return a record as the script is told of it."""
    return {
        "record": sheet.record,
        "open": _is_open(sheet),
        "whole_base": sheet.whole_base,
        "held_by": sheet.held_by,
        "fields": [_told_field(field) for field in sheet.fields],
    }


def _told_field(field: SheetField) -> dict[str, Any]:
    told = asdict(field)
    return {
        name: told[name]
        for name in ("key", "text", "asked", "is_blind", "is_done", "is_unreadable", "base")
    }


def _conflict(request: Request, who: Asker, conflict: FieldConflict) -> Response:
    sheet = reviewing.open_sheet(office_of(request).database, who, conflict.record)
    told = {**_told(sheet), "sentence": str(conflict), "key": conflict.key}
    return JSONResponse({**told, "theirs": conflict.theirs}, 409)


def _desk(
    request: Request,
    sheet: Sheet,
    book: str,
    *,
    status: int = 200,
    error: Exception | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    part = request.headers.get("x-part") == "desk"
    return render(
        request,
        "reviewing/desk.html" if part else "reviewing/record.html",
        status=status,
        sheet=sheet,
        book=book,
        trouble=str(error) if error else "",
        conflict=error if isinstance(error, FieldConflict) else None,
        typed=typed or {},
        is_open=_is_open(sheet),
        new_token=lambda: secrets.token_hex(8),
    )
