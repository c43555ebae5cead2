"""The log, for who administers: what was done, who saw a record, whether it is whole."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipeline.desk import auditing
from pipeline.desk.accounts import SignedIn
from pipeline.rights import asker
from pipeline.web.shell import needs, office_of, render

router = APIRouter(prefix="/log")
SHOWN = 100


@router.get("")
def log(
    request: Request,
    kind: str = "",
    before: int = 0,
    record: str = "",
    signed: SignedIn = needs("administrator"),
) -> Response:
    """Show events, the newest first; or who saw a record."""
    database = office_of(request).database
    record = record.strip()
    who = asker(signed.person, "administrator")
    found = (
        auditing.seen_by(database, who, record)
        if record
        else auditing.events(database, who, kind=kind, until=before, limit=SHOWN)
    )
    return render(
        request,
        "auditing/log.html",
        events=found,
        kind=kind,
        record=record,
        head=auditing.head(database),
        older=found[-1].sequence if len(found) == SHOWN and not record else 0,
        words=auditing.kind_words,
    )


@router.post("/verify")
def verify(request: Request, signed: SignedIn = needs("administrator")) -> Response:
    """Check the whole log."""
    office = office_of(request)
    who = asker(signed.person, "administrator")
    breaks = auditing.find_breaks(office.database, office.settings, who)
    return render(
        request,
        "auditing/verified.html",
        sentences=[auditing.break_sentence(one) for one in breaks],
        head=auditing.head(office.database),
    )
