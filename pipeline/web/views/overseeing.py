"""The administrator's desk: how far the books are, what may be wrong in them, lots, thresholds."""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from pipeline.desk import configuring, lots, overseeing, reviewing
from pipeline.desk.accounts import SignedIn
from pipeline.errors import MissingError, RightsError, UsageError
from pipeline.review.rules import ReviewRules
from pipeline.review.sampling import AQL, LEVEL, tables
from pipeline.rights import asker
from pipeline.values import Asker
from pipeline.web.shell import WholeForm, go, needs, office_of, render, use_settings
from pipeline.words import _

router = APIRouter(prefix="/oversight")
_ROLE: Final = "administrator"
Administrator = needs(_ROLE)


def _asker(signed: SignedIn) -> Asker:
    return asker(signed.person, _ROLE)


@router.get("")
def overview(request: Request, signed: SignedIn = Administrator) -> Response:
    """Show how far the books are, and who did what."""
    office, who = office_of(request), _asker(signed)
    return render(
        request,
        "overseeing/overview.html",
        seen=overseeing.overview(office.database, office.settings, who),
        fixity=overseeing.fixity(office.database, who),
        audited=overseeing.audited(office.database),
    )


@router.get("/jobs")
def jobs(request: Request, signed: SignedIn = Administrator) -> Response:
    """Show what the machine is at, and what waits for it."""
    office = office_of(request)
    work = overseeing.work(office.database, office.settings, _asker(signed))
    return render(request, "overseeing/jobs.html", work=work, now=time.time())


@router.post("/again")
def try_again(
    request: Request,
    signed: SignedIn = Administrator,
    book: Annotated[str, Form()] = "",
) -> Response:
    """Have failed pages of a book read again, or of all books."""
    overseeing.try_again(office_of(request).database, _asker(signed), book)
    return go("/oversight/jobs")


# Thresholds


def _check_everywhere(who: Asker) -> None:
    """Let an administrator of all places pass: thresholds and settings are the whole archive's."""
    if who.rights.places is not None:
        raise RightsError(
            _("ngưỡng và cài đặt là của cả kho: chỉ quản trị viên ở mọi nơi đặt được")
        )


@router.get("/rules")
def rules(request: Request, signed: SignedIn = Administrator) -> Response:
    """Show what people look at."""
    now = overseeing.current_rules(office_of(request).database)
    return _rules(request, now, is_open=_asker(signed).rights.places is None)


@router.post("/rules")
def change_rules(request: Request, form: WholeForm, signed: SignedIn = Administrator) -> Response:
    """Show what other thresholds would change; set them when that was seen."""
    _check_everywhere(_asker(signed))
    database = office_of(request).database
    now = overseeing.current_rules(database)
    try:
        told = ReviewRules(
            _number(str(form.get("sure", ""))) / 100,
            _number(str(form.get("blind_share", ""))) / 100,
            tuple(sorted(set(str(form.get("twice", "")).replace(",", " ").split()))),
            now.seed,
            int(_number(str(form.get("lease_minutes", "")))),
        )
        overseeing.check_rules(told)
    except UsageError as error:
        return _rules(request, now, status=400, trouble=str(error))
    if form.get("save") != "1":
        return _rules(request, told)
    overseeing.save_rules(database, _asker(signed), told)
    return go("/oversight/rules")


def _number(text: str) -> float:
    try:
        found = float(text.strip().replace(",", "."))
    except ValueError:
        found = float("nan")
    if not 0 <= found < 1e6:
        raise UsageError(_("“{text}” không phải số").format(text=text))
    return found


def _rules(
    request: Request,
    told: ReviewRules,
    *,
    is_open: bool = True,
    status: int = 200,
    trouble: str = "",
) -> Response:
    database = office_of(request).database
    now = overseeing.current_rules(database)
    return render(
        request,
        "overseeing/rules.html",
        status=status,
        now=now,
        told=told,
        now_means=overseeing.preview(database, now) if is_open else None,
        told_means=overseeing.preview(database, told) if is_open else None,
        fields=overseeing.field_titles(),
        trouble=trouble,
    )


# Settings


@router.get("/settings")
def show_settings(request: Request, signed: SignedIn = Administrator) -> Response:
    """Show the settings of the office."""
    return _settings(request, signed, configuring.current(office_of(request).settings))


@router.post("/settings")
def change_settings(
    request: Request, form: WholeForm, signed: SignedIn = Administrator
) -> Response:
    """Keep other settings; they hold at once."""
    who, office = _asker(signed), office_of(request)
    _check_everywhere(who)
    told = {name: str(value).strip() for name, value in form.items()}
    now = configuring.current(office.settings)
    try:
        asked = configuring.Choices(
            ask_purpose=told.get("ask_purpose") == "1",
            max_upload_mb=int(_number(told.get("max_upload_mb", ""))),
            max_open_uploads=int(_number(told.get("max_open_uploads", ""))),
            upload_days=int(_number(told.get("upload_days", ""))),
            phone_minutes=int(_number(told.get("phone_minutes", ""))),
            watched=told.get("watched", ""),
            profile=told.get("profile", ""),
        )
        use_settings(request, configuring.change(office.database, office.settings, who, asked))
    except UsageError as error:
        return _settings(request, signed, now, status=400, trouble=str(error))
    return go("/oversight/settings?done=1")


def _settings(
    request: Request,
    signed: SignedIn,
    now: configuring.Choices,
    *,
    status: int = 200,
    trouble: str = "",
) -> Response:
    return render(
        request,
        "overseeing/settings.html",
        status=status,
        now=now,
        profiles=configuring.profiles(),
        is_open=_asker(signed).rights.places is None,
        done="done" in request.query_params,
        trouble=trouble,
    )


# Lots


@router.get("/lots")
def all_lots(request: Request, signed: SignedIn = Administrator) -> Response:
    """List the lots."""
    return _lots(request, signed)


def _lots(request: Request, signed: SignedIn, *, status: int = 200, trouble: str = "") -> Response:
    database, who = office_of(request).database, _asker(signed)
    known = tables()
    return render(
        request,
        "overseeing/lots.html",
        status=status,
        lots=lots.lots(database, who),
        books=reviewing.review_books(database, who),
        levels=known.levels,
        limits=known.limits,
        usual=(LEVEL, AQL),
        trouble=trouble,
    )


@router.post("/lots")
def draw_lot(
    request: Request,
    book: Annotated[str, Form()],
    level: Annotated[str, Form()],
    aql: Annotated[str, Form()],
    signed: SignedIn = Administrator,
    seed: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Make a lot and draw its sample."""
    database, who = office_of(request).database, _asker(signed)
    try:
        number = lots.draw_lot(database, who, book, level, aql, seed.strip())
    except MissingError:
        raise
    except UsageError as error:
        return _lots(request, signed, status=400, trouble=str(error))
    return go(f"/oversight/lots/{number}")


@router.get("/lots/{number}")
def lot_page(request: Request, number: int, signed: SignedIn = Administrator) -> Response:
    """Show a lot, and the next record of its sample."""
    database, who = office_of(request).database, _asker(signed)
    found = lots.lot_called(database, who, number)
    record = found.lot.open[0] if found.lot.open else ""
    sheet = lots.inspected(database, who, record) if record else None
    return render(request, "overseeing/lot.html", found=found, record=record, sheet=sheet)


@router.post("/lots/{number}/judge")
def judge(
    request: Request, number: int, form: WholeForm, signed: SignedIn = Administrator
) -> Response:
    """Take what an inspector found of a record."""
    wrong = [str(key) for key in form.getlist("wrong")]
    lots.judge(
        office_of(request).database,
        _asker(signed),
        number,
        str(form.get("record", "")),
        wrong,
        str(form.get("note", "")),
    )
    return go(f"/oversight/lots/{number}")


@router.post("/lots/{number}/settle")
def settle(request: Request, number: int, signed: SignedIn = Administrator) -> Response:
    """Accept or return a lot, as its sample says."""
    lots.settle(office_of(request).database, _asker(signed), number)
    return go(f"/oversight/lots/{number}")


@router.get("/lots/{number}/slip")
def slip(request: Request, number: int, signed: SignedIn = Administrator) -> Response:
    """Show the slip that goes with a lot, to be printed."""
    database, who = office_of(request).database, _asker(signed)
    found = lots.lot_called(database, who, number)
    return render(request, "overseeing/slip.html", found=found, titles=overseeing.field_titles())
