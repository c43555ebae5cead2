"""What all screens share: who is signed in and may see them, how they are rendered."""

import hashlib
import hmac
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import jinja2
import segno
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from starlette.datastructures import FormData

from pipeline.desk.accounts import SignedIn, signed_in
from pipeline.errors import RightsError
from pipeline.rights import Role, has_role
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.web.guard import SAFE
from pipeline.words import _, language

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Office:
    """What the app works on.

    Attributes:
        first_key: opens the page that makes the first account; whoever starts the app is told it.
    """

    settings: Settings
    database: Database
    first_key: str = ""


def use_settings(request: Request, settings: Settings) -> None:
    """Have all requests from now on work by other settings."""
    request.app.state.office = replace(office_of(request), settings=settings)


class SignInError(RightsError):
    """Nobody is signed in."""


def office_of(request: Request) -> Office:
    """Return what the app works on."""
    office: Office = request.app.state.office
    return office


def cookie_name(request: Request) -> str:
    """Return the name of the session's cookie; over TLS only this very host can have set it."""
    return "__Host-sohoa" if request.scope["scheme"] == "https" else "sohoa"


def csrf_token(secret: str) -> str:
    """Return what our own forms send along, bound to the session."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


async def _sent_token(request: Request) -> str:
    """Return the token that came with a form, or in a header of a script's request."""
    if request.method in SAFE:
        return ""
    if told := request.headers.get("x-csrf-token"):
        return told
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data")
    if not request.headers.get("content-type", "").startswith(kinds):
        return ""
    return str((await request.form()).get("csrf", ""))


async def _whole_form(request: Request) -> FormData:
    return await request.form()


WholeForm = Annotated[FormData, Depends(_whole_form)]  # of a screen whose fields vary


class Needs:
    """A screen's door: someone must be signed in, and have one of some roles.

    Without roles everyone who is signed in may pass. Where a role holds, the functions of `desk/`
    say: they are handed what the person's roles open (`pipeline.rights.asker`).
    """

    def __init__(self, *roles: Role) -> None:
        self.roles = roles

    def __call__(self, request: Request, sent: Annotated[str, Depends(_sent_token)]) -> SignedIn:
        """Return who is signed in.

        Raises:
            SignInError: nobody is.
            RightsError: the person has none of the roles, or the form is not ours.
        """
        office = office_of(request)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        secret = bearer or request.cookies.get(cookie_name(request), "")
        signed = signed_in(office.database, office.settings, secret)
        if signed is None or (signed.session.sort == "token") != bool(bearer):
            raise SignInError(_("hãy đăng nhập"))
        request.state.signed = signed
        if self.roles and not has_role(signed.person, *self.roles):
            raise RightsError(_("tài khoản này không có quyền vào đây"))
        own = csrf_token(secret)
        if request.method not in SAFE and not bearer and not hmac.compare_digest(sent, own):
            raise RightsError(_("phiên làm việc đã đổi; hãy tải lại trang rồi gửi lại"))
        return signed


def needs(*roles: Role) -> Any:
    """Return the door of a screen, as FastAPI takes it."""
    return Depends(Needs(*roles))


def render(request: Request, template: str, *, status: int = 200, **told: Any) -> HTMLResponse:
    """Return a page, or the part of one."""
    signed: SignedIn | None = getattr(request.state, "signed", None)
    shared: Mapping[str, Any] = {
        "person": signed.person if signed else None,
        "csrf": csrf_token(signed.secret) if signed else "",
        "path": request.scope["path"],
        "language": language(),
        "may": has_role,
    }
    text = templates().get_template(template).render(**shared, **told)
    return HTMLResponse(text, status)


def go(path: str) -> Response:
    """Return the way to another page, after a form was taken."""
    return RedirectResponse(path, 303)


@cache
def templates() -> jinja2.Environment:
    """Return the templates; what they are told is escaped, and a name nobody told is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["_"] = _
    made.globals["asset"] = asset
    made.filters["path"] = lambda text: quote(text, safe="/")
    made.filters["time"] = shown_time
    made.filters["role"] = lambda role: _roles()[role][0]
    made.filters["duty"] = lambda role: _roles()[role][1]
    return made


def outward_address() -> str:
    """Return the address that the local network knows this machine by; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 of RFC 5737
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def qr(text: str) -> Markup:
    """Return a QR code that stands in a page by itself."""
    return Markup(segno.make(text, micro=False).svg_inline(scale=5, border=2, omitsize=True))


def shown_time(told: str) -> str:
    """Return a time of the database (UTC, ISO 8601) as the office's clock shows it."""
    return datetime.fromisoformat(told).astimezone().strftime("%d/%m/%Y %H:%M") if told else ""


def _roles() -> Mapping[Role, tuple[str, str]]:
    """Return what roles are called, and what they are for."""
    return {
        "clerk": (_("Văn thư quét sổ"), _("lập phiếu sổ, quét, chụp, loại và quét lại trang")),
        "reviewer": (_("Người đối chiếu"), _("đối chiếu từng bản ghi với ảnh trên giấy")),
        "officer": (_("Cán bộ hộ tịch"), _("tra cứu, xem bản ghi và trang sổ, cấp trích lục")),
        "administrator": (_("Quản trị"), _("giám sát, tài khoản, nhật ký, nghiệm thu")),
    }


@cache
def asset(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    content = (HERE / "static" / name).read_bytes()
    return f"/static/{name}?{hashlib.sha256(content).hexdigest()[:12]}"
