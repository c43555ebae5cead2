"""Certified extracts: prepared beside the paper, made, and printed."""

from datetime import date
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipeline.desk import certifying
from pipeline.desk.accounts import SignedIn
from pipeline.desk.certifying import Answers, OpenFieldsError
from pipeline.desk.reviewing import field_picture
from pipeline.errors import ConflictError, MissingError, UsageError
from pipeline.rights import asker
from pipeline.values import Asker
from pipeline.web.shell import WholeForm, go, needs, office_of, render

router = APIRouter()
_ROLE: Final = "officer"
Officer = needs(_ROLE)


def _asker(signed: SignedIn) -> Asker:
    return asker(signed.person, _ROLE)


@router.get("/entries/{record_id:path}/extract")
def prepare(request: Request, record_id: str, signed: SignedIn = Officer) -> Response:
    """Show what an extract would say, each field beside its paper."""
    return _prepared(request, signed, record_id)


@router.post("/entries/{record_id:path}/extract")
def certify(
    request: Request, record_id: str, form: WholeForm, signed: SignedIn = Officer
) -> Response:
    """Make an extract, and show it to be printed."""
    office = office_of(request)
    told = {name: str(value) for name, value in form.items()}
    chosen = {name.removeprefix("choice:"): how for name, how in told.items() if ":" in name}
    answers = Answers(
        told.get("seen", ""),
        frozenset(key for key, how in chosen.items() if how == "right"),
        frozenset(key for key, how in chosen.items() if how == "blank"),
        told.get("office", ""),
        told.get("number", ""),
        told.get("sign", ""),
        told.get("purpose", ""),
    )
    try:
        id_ = certifying.certify(
            office.database, office.settings, _asker(signed), record_id, answers
        )
    except MissingError:
        raise
    except (UsageError, ConflictError) as error:
        return _prepared(request, signed, record_id, answers, error)
    return go(f"/extracts/{id_}")


def _prepared(
    request: Request,
    signed: SignedIn,
    record_id: str,
    answers: Answers | None = None,
    error: Exception | None = None,
) -> Response:
    office = office_of(request)
    prepared = certifying.prepare(office.database, office.settings, _asker(signed), record_id)
    if answers is not None and answers.seen != prepared.seen:  # what was ticked is another text now
        nothing: frozenset[str] = frozenset()
        answers = Answers(
            "", nothing, nothing, answers.office, answers.number, answers.sign, answers.purpose
        )
    status = 200 if error is None else 409 if isinstance(error, ConflictError) else 400
    return render(
        request,
        "certifying/prepare.html",
        status=status,
        one=prepared,
        told=answers,
        trouble=str(error) if error else "",
        missed=error.keys if isinstance(error, OpenFieldsError) else (),
    )


@router.get("/entries/{record_id:path}/fields/{key}/picture")
def picture(request: Request, record_id: str, key: str, signed: SignedIn = Officer) -> Response:
    """Return the enlarged picture of a field."""
    office = office_of(request)
    found = field_picture(office.database, office.settings, _asker(signed), record_id, key)
    headers = {"cache-control": "private, max-age=600"}
    return Response(found, media_type="image/jpeg", headers=headers)


@router.get("/extracts/{number}")
def extract(request: Request, number: int, signed: SignedIn = Officer) -> Response:
    """Show an extract as it was made, to be printed."""
    record, made = certifying.extract_called(office_of(request).database, _asker(signed), number)
    return render(
        request,
        "certifying/extract.html",
        one=made,
        record=record,
        day=date.fromisoformat(made.day),
    )
