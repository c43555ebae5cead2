"""Signing in and out, and the first account."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from pipeline.desk import accounts
from pipeline.desk.accounts import SignedIn
from pipeline.errors import RightsError, SohoaError
from pipeline.web.shell import cookie_name, go, needs, office_of, render
from pipeline.words import LANGUAGES, _

router = APIRouter()


@router.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """Ask for name and password."""
    if accounts.is_new(office_of(request).database):
        return render(request, "entering/new.html")
    return render(request, "entering/sign_in.html", trouble="", name="")


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
) -> Response:
    """Begin a session."""
    address = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    try:
        secret = accounts.sign_in(
            office_of(request).database, name, password, code, agent=agent, address=address
        )
    except RightsError as error:
        told = {"trouble": str(error), "name": name}
        return render(request, "entering/sign_in.html", status=403, **told)
    return _entered(request, secret)


def _entered(request: Request, secret: str) -> Response:
    response = go("/")
    secure = request.scope["scheme"] == "https"
    response.set_cookie(
        cookie_name(request), secret, path="/", secure=secure, httponly=True, samesite="lax"
    )
    return response


@router.post("/sign-out")
def sign_out(request: Request, signed: SignedIn = needs()) -> Response:
    """End this session."""
    person = signed.person
    database = office_of(request).database
    accounts.end_session(database, person, person.name, signed.session.number)
    response = go("/sign-in")
    response.delete_cookie(cookie_name(request), path="/")
    return response


@router.get("/begin")
def begin_page(request: Request, key: str = "") -> Response:
    """Ask who the first administrator is."""
    _check_key(request, key)
    return render(request, "entering/begin.html", key=key, trouble="", name="", shown="")


@router.post("/begin")
def begin(
    request: Request,
    key: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    shown: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Make the first account."""
    _check_key(request, key)
    try:
        accounts.add_first(office_of(request).database, name, shown, password)
    except SohoaError as error:
        told = {"key": key, "trouble": str(error), "name": name, "shown": shown}
        return render(request, "entering/begin.html", status=400, **told)
    return sign_in(request, name, password)


def _check_key(request: Request, key: str) -> None:
    office = office_of(request)
    known = office.first_key
    if not known or not hmac.compare_digest(key, known) or not accounts.is_new(office.database):
        raise RightsError(_("liên kết này không còn dùng được; hãy mở lại từ “sohoa start”"))


@router.post("/language")
def choose_language(request: Request, to: Annotated[str, Form()] = "vi") -> Response:
    """Choose the language of the screens in this browser."""
    response = go("/")
    if to in LANGUAGES:
        response.set_cookie("sohoa-lang", to, path="/", max_age=31536000, samesite="lax")
    return response
