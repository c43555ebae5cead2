"""A phone that was lent to a book: photograph, see what the picture is worth, send. No account.

Its pass stands in a QR code at the desk and opens one session, for one book, until it expires.
"""

import hmac
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import Response

from pipeline.desk import arriving, scanning
from pipeline.desk.arriving import find_phone, take_phone
from pipeline.errors import MissingError, RightsError
from pipeline.store.phones import Phone
from pipeline.store.uploads import Upload
from pipeline.values import Asker
from pipeline.web.guard import SAFE
from pipeline.web.shell import WholeForm, csrf_token, go, office_of, render
from pipeline.web.views import scanning as desk
from pipeline.words import _

router = APIRouter(prefix="/phone")
UPLOADS = {
    "/phone/uploads/": desk.UPLOADS["/scanning/uploads/"],
    "/phone/drop": desk.UPLOADS["/scanning/drop/"],
}
COOKIE = "sohoa-phone"
_DAY_S = 86_400


async def _door(request: Request) -> tuple[Phone, Asker]:
    """Let a phone pass whose time has not ended, and nothing that another site sends.

    Raises:
        RightsError: its time has ended, or the request is not from our page.
    """
    office, session = office_of(request), request.cookies.get(COOKIE, "")
    lent = find_phone(office.database, office.settings, session)
    if request.method not in SAFE:
        sent = request.headers.get("x-csrf-token")
        if sent is None and request.headers.get("content-type", "").startswith("multipart/"):
            sent = str((await request.form()).get("csrf", ""))
        if not hmac.compare_digest(sent or "", csrf_token(session)):
            raise RightsError(_("phiên làm việc đã đổi; hãy tải lại trang rồi gửi lại"))
    return lent


_Lent = Annotated[tuple[Phone, Asker], Depends(_door)]


@router.get("")
def camera(request: Request, lent: _Lent) -> Response:
    """Show what a phone photographs with."""
    phone, who = lent
    return render(
        request,
        "scanning/phone.html",
        standing=scanning.standing(office_of(request).database, who, phone.accession),
        phone=phone,
        token=csrf_token(request.cookies[COOKIE]),
        part_bytes=desk.PART_BYTES,
    )


@router.post("/drop")
def drop(request: Request, form: WholeForm, lent: _Lent) -> Response:
    """Take pictures of a form, as phones without scripts send them."""
    phone, who = lent
    told = desk.dropped(request, office_of(request), who, phone.accession, form)
    return render(request, "scanning/dropped.html", told=told, way="/phone")


@router.post("/uploads")
def begin_upload(
    request: Request,
    lent: _Lent,
    name: Annotated[str, Body()],
    size: Annotated[int, Body()],
    again: Annotated[int, Body()] = 0,
) -> Response:
    """Begin to receive a picture.

    Args:
        again: number of the page that it is a better picture of; 0: of none.
    """
    phone, who = lent
    upload = Upload("", phone.accession, "", name, size, None, again)
    return desk.begun(office_of(request), who, upload)


@router.head("/uploads/{id_}")
def upload_offset(request: Request, id_: str, lent: _Lent) -> Response:
    """Say how many bytes of a picture are safe here."""
    _check_own(request, lent, id_)
    return desk.offset_told(office_of(request), lent[1], id_)


@router.patch("/uploads/{id_}")
async def send_part(request: Request, id_: str, lent: _Lent) -> Response:
    """Take a part of a picture."""
    _check_own(request, lent, id_)
    return await desk.part_taken(request, office_of(request), lent[1], id_)


@router.post("/uploads/{id_}/finish")
def finish_upload(
    request: Request, id_: str, lent: _Lent, sha256: Annotated[str, Body(embed=True)]
) -> Response:
    """Take in a picture that has arrived; answer what it is worth."""
    _check_own(request, lent, id_)
    return desk.finished(request, office_of(request), lent[1], id_, sha256)


def _check_own(request: Request, lent: tuple[Phone, Asker], id_: str) -> None:
    """Let uploads into the phone's own book pass.

    Raises:
        MissingError: it is another's.
    """
    phone, who = lent
    office = office_of(request)
    upload = arriving.find_upload(office.database, office.settings, who, id_)
    if upload.accession != phone.accession:
        raise MissingError(_("không có tệp đang gửi ấy; hãy gửi lại từ đầu"))


# Behind the others: a pass may be called anything.


@router.get("/{secret}")
def show_pass(request: Request, secret: str) -> Response:
    """Ask before the pass is used: what merely looks at addresses must not use it up."""
    return render(request, "scanning/phone_pass.html", secret=secret)


@router.post("/{secret}")
def use_pass(request: Request, secret: str) -> Response:
    """Begin the session of a phone."""
    session = take_phone(office_of(request).database, secret)
    made = go("/phone")
    made.set_cookie(
        COOKIE,
        session,
        max_age=_DAY_S,  # the session itself ends sooner
        path="/phone",
        httponly=True,
        samesite="strict",
        secure=request.scope["scheme"] == "https",
    )
    return made
