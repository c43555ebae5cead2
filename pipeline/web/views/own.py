"""One's own account: password, second factor, sessions, tokens."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from pipeline.desk import accounts
from pipeline.desk.accounts import SignedIn
from pipeline.errors import SohoaError
from pipeline.web.shell import go, needs, office_of, qr, render

router = APIRouter(prefix="/own")


@router.get("")
def own_page(request: Request, signed: SignedIn = needs()) -> Response:
    """Show one's account."""
    return _page(request, signed)


@router.post("/password")
def change_password(
    request: Request,
    old: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
    signed: SignedIn = needs(),
) -> Response:
    """Change one's password."""
    try:
        accounts.change_password(office_of(request).database, signed, old, new)
    except SohoaError as error:
        return _page(request, signed, status=400, trouble=str(error))
    return go("/own")


@router.get("/second-factor")
def second_factor_page(request: Request, signed: SignedIn = needs()) -> Response:
    """Offer a new second factor."""
    return _second_factor(request, signed, accounts.new_totp())


@router.post("/second-factor")
def set_second_factor(
    request: Request,
    password: Annotated[str, Form()] = "",
    secret: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
    signed: SignedIn = needs(),
) -> Response:
    """Ask for a second factor from now on, or no longer."""
    try:
        accounts.set_totp(office_of(request).database, signed, password, secret, code)
    except SohoaError as error:
        return _second_factor(request, signed, secret, status=400, trouble=str(error))
    return go("/own")


@router.post("/sessions/{number}/end")
def end_session(request: Request, number: int, signed: SignedIn = needs()) -> Response:
    """End one of one's sessions or tokens."""
    person = signed.person
    accounts.end_session(office_of(request).database, person, person.name, number)
    return go("/own")


@router.post("/tokens")
def make_token(
    request: Request, label: Annotated[str, Form()] = "", signed: SignedIn = needs()
) -> Response:
    """Make a token for a program; it is shown this once."""
    try:
        token = accounts.make_token(office_of(request).database, signed, label)
    except SohoaError as error:
        return _page(request, signed, status=400, trouble=str(error))
    return _page(request, signed, token=token)


def _page(
    request: Request, signed: SignedIn, *, status: int = 200, trouble: str = "", token: str = ""
) -> Response:
    database = office_of(request).database
    name = signed.person.name
    return render(
        request,
        "own/account.html",
        status=status,
        trouble=trouble,
        token=token,
        account=accounts.find_account(database, name),
        sessions=accounts.sessions(database, name),
        this=signed.session.number,
    )


def _second_factor(
    request: Request, signed: SignedIn, secret: str, *, status: int = 200, trouble: str = ""
) -> Response:
    address = accounts.totp_address(signed.person.name, secret)
    return render(
        request,
        "own/second_factor.html",
        status=status,
        trouble=trouble,
        secret=secret,
        code=qr(address),
        account=accounts.find_account(office_of(request).database, signed.person.name),
    )
