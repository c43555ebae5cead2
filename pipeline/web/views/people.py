"""Accounts of others, for who administers them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from pipeline.desk import accounts
from pipeline.desk.accounts import SignedIn
from pipeline.errors import SohoaError, UsageError
from pipeline.letters import nfc
from pipeline.rights import ROLES, Grant
from pipeline.web.shell import WholeForm, go, needs, office_of, render

router = APIRouter(prefix="/people")


@router.get("")
def people(request: Request, signed: SignedIn = needs("administrator")) -> Response:
    """List the accounts."""
    return render(
        request, "people/list.html", accounts=accounts.accounts(office_of(request).database)
    )


@router.get("/new")
def new_person(request: Request, signed: SignedIn = needs("administrator")) -> Response:
    """Ask for a new account."""
    return _form(request, name="", shown="", grants=[], is_new=True)


@router.post("/new")
def add_person(
    request: Request, form: WholeForm, signed: SignedIn = needs("administrator")
) -> Response:
    """Add an account."""
    name, shown = str(form.get("name", "")), str(form.get("shown", ""))
    grants = _grants(form)
    try:
        accounts.add_account(
            office_of(request).database,
            signed.person,
            name,
            shown,
            str(form.get("password", "")),
            grants,
        )
    except SohoaError as error:
        told = {"name": name, "shown": shown, "is_new": True}
        return _form(request, grants=grants, status=400, trouble=str(error), **told)
    return go(f"/people/{name.strip().lower()}")


@router.get("/{name}")
def person_page(request: Request, name: str, signed: SignedIn = needs("administrator")) -> Response:
    """Show an account."""
    return _known(request, name)


@router.post("/{name}")
def change_person(
    request: Request, name: str, form: WholeForm, signed: SignedIn = needs("administrator")
) -> Response:
    """Change what an account may do."""
    try:
        accounts.change_account(
            office_of(request).database,
            signed.person,
            name,
            shown=str(form.get("shown", "")),
            grants=_grants(form),
            active="active" in form,
        )
    except UsageError as error:
        return _known(request, name, status=400, trouble=str(error))
    return go(f"/people/{name}")


@router.post("/{name}/password")
def set_password(
    request: Request,
    name: str,
    password: Annotated[str, Form()] = "",
    signed: SignedIn = needs("administrator"),
) -> Response:
    """Give an account a new password, when its owner has lost the old one."""
    try:
        accounts.set_password(office_of(request).database, signed.person, name, password)
    except UsageError as error:
        return _known(request, name, status=400, trouble=str(error))
    return go(f"/people/{name}")


@router.post("/{name}/sessions/{number}/end")
def end_session(
    request: Request, name: str, number: int, signed: SignedIn = needs("administrator")
) -> Response:
    """End a session or token of somebody."""
    accounts.end_session(office_of(request).database, signed.person, name, number)
    return go(f"/people/{name}")


def _known(request: Request, name: str, *, status: int = 200, trouble: str = "") -> Response:
    account = accounts.find_account(office_of(request).database, name)
    return _form(
        request,
        name=account.name,
        shown=account.shown,
        grants=account.grants,
        is_new=False,
        status=status,
        trouble=trouble,
        account=account,
        sessions=accounts.sessions(office_of(request).database, name),
    )


def _form(
    request: Request,
    *,
    grants: Sequence[Grant],
    status: int = 200,
    trouble: str = "",
    **told: object,
) -> Response:
    by_role = {grant.role: grant for grant in grants}
    places = sorted(office_of(request).database.places())
    return render(
        request,
        "people/person.html",
        status=status,
        trouble=trouble,
        roles=ROLES,
        by_role=by_role,
        places=places,
        **{"account": None, "sessions": (), **told},
    )


def _grants(form: FormData) -> list[Grant]:
    """Return the grants of a form: of each ticked role its places, one on each line."""
    found = []
    for role in ROLES:
        if not form.get(f"{role}"):
            continue
        told = [
            nfc(" ".join(line.split())) for line in str(form.get(f"{role}.places", "")).splitlines()
        ]
        everywhere = bool(form.get(f"{role}.everywhere"))
        places = None if everywhere else frozenset(filter(None, told))
        found.append(Grant(role, places, sensitive=bool(form.get(f"{role}.sensitive"))))
    return found
