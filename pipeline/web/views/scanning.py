"""The scanning desk, for clerks: books, a book's strip of pages, what brings scans in."""

import asyncio
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.datastructures import FormData, UploadFile

from pipeline.desk import arriving, scanning
from pipeline.desk.accounts import SignedIn
from pipeline.desk.arriving import Sources
from pipeline.desk.books import book_card, years_of
from pipeline.desk.places import units_at
from pipeline.desk.seeing import seen_book
from pipeline.errors import MissingError, SohoaError, UsageError
from pipeline.flow.page import forms
from pipeline.ingest.scanner import devices
from pipeline.letters import nfc
from pipeline.rights import asker
from pipeline.store.arrangement import PageAct
from pipeline.store.uploads import Upload
from pipeline.values import Asker, Gutter
from pipeline.web.guard import MOST_BODY_BYTES
from pipeline.web.shell import (
    Office,
    WholeForm,
    go,
    needs,
    office_of,
    outward_address,
    qr,
    render,
)
from pipeline.words import _

router = APIRouter(prefix="/scanning")
PART_BYTES = 4 << 20  # of an upload, in one request
_MOST_DROPPED = 2 << 30  # of a form with files, for browsers without scripts
UPLOADS = {
    "/scanning/uploads/": PART_BYTES + MOST_BODY_BYTES,
    "/scanning/drop/": _MOST_DROPPED,
}
ON_A_PAGE = 60  # of the strip, for browsers without scripts
_LIVE_S, _LOOK_S = 20.0, 0.2  # how long a question for news waits, how often it looks
_Clerk = Annotated[SignedIn, needs("clerk")]


def sources_of(request: Request) -> Sources:
    """Return what brings scans in, one for the whole app."""
    state = request.app.state
    if not hasattr(state, "sources"):
        office = office_of(request)
        state.sources = Sources(office.database, office.settings)
    sources: Sources = state.sources
    sources.settings = office_of(request).settings  # an administrator may have changed some
    return sources


# Books


@router.get("")
def books(request: Request, signed: _Clerk) -> Response:
    """List the books."""
    office, who = _who(request, signed)
    return render(request, "scanning/books.html", books=scanning.books(office.database, who))


@router.get("/new")
def new_book(request: Request, signed: _Clerk) -> Response:
    """Ask for a book's card."""
    return _card_form(request, {})


@router.post("/new")
def add_book(request: Request, form: WholeForm, signed: _Clerk) -> Response:
    """Put a book's card down."""
    office, who = _who(request, signed)
    told = {name: str(form.get(name, "")) for name in _CARD}
    try:
        card = book_card(
            told["form"],
            _needed(told["place"], _("hãy ghi nơi đăng ký")),
            years_of(told["years"]),
            _needed(told["volume"], _("hãy ghi quyển số")),
            pages=_count(told["pages"]),
            entries=_count(told["entries"]),
            shelf=told["shelf"],
        )
        book = scanning.add_book(office.database, office.settings, who, card)
    except SohoaError as error:
        return _card_form(request, told, status=400, trouble=str(error))
    return go(f"/scanning/books/{book.accession}")


_CARD = ("form", "place", "years", "volume", "pages", "entries", "shelf")


def _card_form(
    request: Request, told: dict[str, str], *, status: int = 200, trouble: str = ""
) -> Response:
    office = office_of(request)
    return render(
        request,
        "scanning/card.html",
        status=status,
        trouble=trouble,
        card={**dict.fromkeys(_CARD, ""), **told},
        forms=sorted(
            ((form.id, form.title) for form in forms().values() if not form.about_book),
            key=lambda form: form[1],
        ),
        places=sorted(office.database.places()),
    )


@router.get("/place")
def place(request: Request, signed: _Clerk, place: str = "", years: str = "") -> Response:
    """Say what a place was then, and where it lies today."""
    first = years.partition("-")[0].strip()
    year = int(first) if first.isdecimal() and len(first) == 4 else None
    units = units_at(office_of(request).settings, place[:300], year)
    return render(request, "scanning/place.html", place=place, units=units)


@router.get("/books/{accession}")
def desk(
    request: Request,
    accession: str,
    signed: _Clerk,
    start: int = 1,
    behind: int | None = None,
    instead: int = 0,
) -> Response:
    """Show a book at the desk.

    Args:
        start: place of the first page of the strip, for browsers without scripts.
        behind: place behind which scans that come are to stand; None: at the end.
        instead: place of the page that they are to replace; 0: none.
    """
    office, who = _who(request, signed)
    return render(
        request,
        "scanning/desk.html",
        **_state(request, who, accession),
        pages=scanning.strip(office.database, who, accession, start, ON_A_PAGE),
        tray=scanning.tray(office.database, who, accession),
        phones=arriving.phones(office.database, who, accession),
        unfinished=arriving.open_uploads(office.database, office.settings, who, accession),
        start=start,
        step=ON_A_PAGE,
        behind=behind,
        instead=instead,
        watched=office.settings.scanning.watched,
        part_bytes=PART_BYTES,
    )


@router.get("/books/{accession}/state")
def state(request: Request, accession: str, signed: _Clerk) -> Response:
    """Show counter, what is missing, and what is at work: a part of the desk."""
    _office, who = _who(request, signed)
    return render(request, "scanning/state.html", **_state(request, who, accession))


def _state(request: Request, who: Asker, accession: str) -> dict[str, Any]:
    database = office_of(request).database
    return {
        "standing": scanning.standing(database, who, accession),
        "run": sources_of(request).run(accession),
        "version": scanning.version(database, who, accession),
    }


@router.get("/books/{accession}/live")
async def live(request: Request, accession: str, signed: _Clerk, after: str = "") -> Response:
    """Answer as soon as the desk has something new to show, at the latest after a while."""
    office, who = _who(request, signed)
    loop = asyncio.get_running_loop()
    end = loop.time() + _LIVE_S
    while True:
        told = await run_in_threadpool(_news, request, office, who, accession)
        if told != after or loop.time() > end or await request.is_disconnected():
            return JSONResponse({"version": told})
        await asyncio.sleep(_LOOK_S)


def _news(request: Request, office: Office, who: Asker, accession: str) -> str:
    run = sources_of(request).run(accession)
    at_work = f"{run.counted}.{len(run.refused)}.{int(run.is_over)}" if run else ""
    return f"{scanning.version(office.database, who, accession)}/{at_work}"


@router.get("/books/{accession}/strip")
def strip(
    request: Request, accession: str, signed: _Clerk, start: int = 1, count: int = ON_A_PAGE
) -> Response:
    """Tell pages of the strip, for the script that draws those that are seen."""
    office, who = _who(request, signed)
    pages = scanning.strip(office.database, who, accession, start, min(count, 500))
    return JSONResponse(
        {
            "pages": [
                {
                    "place": page.place,
                    "number": page.page.number,
                    "name": page.name,
                    "grade": page.grade,
                    "state": page.state,
                    "flags": [flag.sentence for flag in page.flags],
                }
                for page in pages
            ]
        }
    )


@router.post("/books/{accession}/card")
def correct_card(request: Request, accession: str, form: WholeForm, signed: _Clerk) -> Response:
    """Correct what a card says of counts and shelf."""
    office, who = _who(request, signed)
    book = seen_book(office.database, who, accession)
    card = replace(
        book,
        pages=_count(str(form.get("pages", ""))),
        entries=_count(str(form.get("entries", ""))),
        shelf=nfc(str(form.get("shelf", "")).strip()),
    )
    scanning.add_book(office.database, office.settings, who, card)
    return go(f"/scanning/books/{accession}")


@router.get("/books/{accession}/separator.pdf")
def separator(request: Request, accession: str, signed: _Clerk) -> Response:
    """Give the separator sheet of a book."""
    office, who = _who(request, signed)
    return _pdf(scanning.separator(office.database, who, accession))


@router.get("/books/{accession}/sheet.pdf")
def closing_sheet(request: Request, accession: str, signed: _Clerk) -> Response:
    """Give the completeness sheet of a book."""
    office, who = _who(request, signed)
    return _pdf(scanning.closing_sheet(office.database, office.settings, who, accession))


def _pdf(data: bytes) -> Response:
    return Response(data, media_type="application/pdf")


@router.post("/books/{accession}/close")
def close(request: Request, accession: str, signed: _Clerk) -> Response:
    """Close a book."""
    office, who = _who(request, signed)
    scanning.close(office.database, office.settings, who, accession)
    return go(f"/scanning/books/{accession}")


@router.post("/books/{accession}/undo")
def undo(request: Request, accession: str, signed: _Clerk) -> Response:
    """Take back what was done last with the pages of a book; that may open it again."""
    office, who = _who(request, signed)
    scanning.undo(office.database, office.settings, who, accession)
    return _on(request, accession)


# Pages


@router.get("/books/{accession}/pages/{number}")
def page(request: Request, accession: str, number: int, signed: _Clerk) -> Response:
    """Show a page large, with what can be done with it."""
    office, who = _who(request, signed)
    pages = scanning.strip(office.database, who, accession)
    hidden = scanning.tray(office.database, who, accession)
    at = next((at for at, one in enumerate(pages) if one.page.number == number), None)
    shown = pages[at] if at is not None else None
    shown = shown or next((one for one in hidden if one.page.number == number), None)
    if shown is None:
        raise MissingError(_("không có trang {number}").format(number=number))
    gutters = office.database.gutters(accession)
    return render(
        request,
        "scanning/page.html",
        standing=scanning.standing(office.database, who, accession),
        shown=shown,
        before=pages[at - 1].page.number if at else None,
        after=pages[at + 1].page.number if at is not None and at + 1 < len(pages) else None,
        own=gutters.get(number),
        whole=gutters.get(0),
        gutter=gutters.get(number) or gutters.get(0) or Gutter(0.5, 0.5),
    )


@router.get("/books/{accession}/pages/{number}/{size}.jpg")
def picture(
    request: Request, accession: str, number: int, size: scanning.Size, signed: _Clerk
) -> Response:
    """Give a small picture of a page."""
    office, who = _who(request, signed)
    file = scanning.picture(office.database, office.settings, who, accession, number, size)
    # A page's picture never changes: a better scan is another page.
    kept = {"cache-control": "private, max-age=3600"} if size == "thumb" else {}
    return FileResponse(file, media_type="image/jpeg", headers=kept)


@router.post("/books/{accession}/pages/{number}/move")
def move(
    request: Request,
    accession: str,
    number: int,
    signed: _Clerk,
    behind: Annotated[int, Form()],
) -> Response:
    """Put a page behind a place."""
    office, who = _who(request, signed)
    other = scanning.number_at(office.database, accession, behind)
    if other != number:
        scanning.act(
            office.database, office.settings, who, accession, PageAct("move", number, other)
        )
    return _on(request, accession, number)


@router.post("/books/{accession}/pages/{number}/reject")
def reject(request: Request, accession: str, number: int, signed: _Clerk) -> Response:
    """Put a page into the tray."""
    office, who = _who(request, signed)
    scanning.act(office.database, office.settings, who, accession, PageAct("reject", number))
    return _on(request, accession)


@router.post("/books/{accession}/pages/{number}/back")
def back(request: Request, accession: str, number: int, signed: _Clerk) -> Response:
    """Take a page out of the tray."""
    office, who = _who(request, signed)
    scanning.bring_back(office.database, office.settings, who, accession, number)
    return _on(request, accession)


@router.post("/books/{accession}/pages/{number}/split")
def split(
    request: Request,
    accession: str,
    number: int,
    signed: _Clerk,
    of: Annotated[str, Form()],
    start: Annotated[float, Form(ge=0, le=100)] = 50.0,
    end: Annotated[float, Form(ge=0, le=100)] = 50.0,
    across: Annotated[bool, Form()] = False,  # noqa: FBT002  # as a form sends it
) -> Response:
    """Say where scans are parted: of this page (page, whole, found), or of all (book, all_found).

    Args:
        start: where the line meets the top edge, in hundredths of the width; of a line `across`,
            the left edge and the height. Likewise `end`: the bottom, or the right edge.
    """
    office, who = _who(request, signed)
    line = Gutter(round(start / 100, 4), round(end / 100, 4), across)
    acts = {
        "page": PageAct("split", number, gutter=line),
        "whole": PageAct("split", number, gutter=Gutter(0.0, 0.0)),
        "found": PageAct("split", number),
        "book": PageAct("split", 0, gutter=line),
        "all_found": PageAct("split", 0),
    }
    if of not in acts:
        raise UsageError(_("không rõ đường chia dùng cho tờ nào"))
    scanning.act(office.database, office.settings, who, accession, acts[of])
    return _on(request, accession, number)


def _on(request: Request, accession: str, number: int = 0) -> Response:
    """Return the way on after an act: for a script a word, for a form the page or the desk."""
    if request.headers.get("accept") == "application/json":
        return JSONResponse({"done": True})
    return go(f"/scanning/books/{accession}" + (f"/pages/{number}" if number else ""))


# What brings scans in


@router.get("/devices")
def found_devices(request: Request, signed: _Clerk) -> Response:
    """List the scanners that can be found: a part of the desk."""
    try:
        found, trouble = devices(), ""
    except SohoaError as error:
        found, trouble = [], str(error)
    return render(request, "scanning/devices.html", devices=found, trouble=trouble)


@router.post("/books/{accession}/scanner")
def start_scanner(request: Request, accession: str, form: WholeForm, signed: _Clerk) -> Response:
    """Let a scanner scan into a book."""
    office, who = _who(request, signed)
    behind, instead = _where(office, accession, form)
    dpi = _count(str(form.get("dpi", ""))) or 300
    sources_of(request).scan(
        who,
        accession,
        device=str(form.get("device", "")),
        source=str(form.get("source", "")),
        dpi=max(75, min(dpi, 1200)),
        mode=str(form.get("mode", "")) or "Color",
        behind=behind,
        instead_of=instead,
    )
    return go(f"/scanning/books/{accession}")


@router.post("/books/{accession}/folder")
def start_folder(request: Request, accession: str, signed: _Clerk) -> Response:
    """Take what comes into the watched folder into a book."""
    _office, who = _who(request, signed)
    sources_of(request).watch(who, accession)
    return go(f"/scanning/books/{accession}")


@router.post("/books/{accession}/stop")
def stop(request: Request, accession: str, signed: _Clerk) -> Response:
    """Stop the scanner or the folder."""
    _office, who = _who(request, signed)
    sources_of(request).stop(who, accession)
    return go(f"/scanning/books/{accession}")


@router.post("/drop/{accession}")
def drop(request: Request, accession: str, form: WholeForm, signed: _Clerk) -> Response:
    """Take files of a form, as browsers without scripts send them."""
    office, who = _who(request, signed)
    behind, instead = _where(office, accession, form)
    told = dropped(request, office, who, accession, form, behind, instead)
    if not told["refused"] and not told["already"]:
        return go(f"/scanning/books/{accession}")
    return render(request, "scanning/dropped.html", told=told, way=f"/scanning/books/{accession}")


def dropped(
    request: Request,
    office: Office,
    who: Asker,
    accession: str,
    form: FormData,
    behind: int | None = None,
    instead: int = 0,
) -> dict[str, Any]:
    """Take the files of a form into a book; return what became of them."""
    book = seen_book(office.database, who, accession)
    sent = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.size]
    most = office.settings.scanning.max_upload_mb << 20
    if not sent or any((one.size or 0) > most for one in sent):
        raise UsageError(
            _("hãy chọn tệp, mỗi tệp nhiều nhất {most} MB").format(
                most=office.settings.scanning.max_upload_mb
            )
        )
    work = office.settings.archive / "work"
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="drop-", dir=work) as folder:
        names: dict[Path, str] = {}
        for at, one in enumerate(sent):
            file = Path(folder) / f"{at:04}"
            with file.open("wb") as stream:
                shutil.copyfileobj(one.file, stream)
            names[file] = arriving.called(one.filename or "")
        taken = sources_of(request).take(
            who, book, [*names], behind=behind, instead_of=instead, names=names
        )
        return arriving.arrived(office.database, taken, names)


@router.post("/uploads")
def begin_upload(
    request: Request,
    signed: _Clerk,
    book: Annotated[str, Body()],
    name: Annotated[str, Body()],
    size: Annotated[int, Body()],
    behind: Annotated[int | None, Body()] = None,
    instead: Annotated[int, Body()] = 0,
) -> Response:
    """Begin to receive a file; it is sent in parts, see `send_part`."""
    office, who = _who(request, signed)
    seen_book(office.database, who, book)
    place = None if behind is None else scanning.number_at(office.database, book, behind)
    replaced = scanning.number_at(office.database, book, instead)
    return begun(office, who, Upload("", book, "", name, size, place, replaced))


def begun(office: Office, who: Asker, upload: Upload) -> Response:
    """Return the answer to who begins an upload."""
    made = arriving.begin_upload(office.database, office.settings, who, upload)
    return JSONResponse({"id": made.id, "offset": 0, "part": PART_BYTES}, 201)


@router.head("/uploads/{id_}")
def upload_offset(request: Request, id_: str, signed: _Clerk) -> Response:
    """Say in `Upload-Offset` how many bytes of a file are safe here."""
    office, who = _who(request, signed)
    return offset_told(office, who, id_)


def offset_told(office: Office, who: Asker, id_: str) -> Response:
    """Return the answer to who asks how far an upload has come."""
    upload = arriving.find_upload(office.database, office.settings, who, id_)
    offset = arriving.upload_offset(office.database, office.settings, upload)
    headers = {"upload-offset": str(offset), "upload-length": str(upload.size_bytes)}
    return Response(status_code=204, headers=headers)


@router.patch("/uploads/{id_}")
async def send_part(request: Request, id_: str, signed: _Clerk) -> Response:
    """Take the bytes of a file from `Upload-Offset` on; answer how many are safe then."""
    office, who = _who(request, signed)
    return await part_taken(request, office, who, id_)


async def part_taken(request: Request, office: Office, who: Asker, id_: str) -> Response:
    """Return the answer to who sends a part of an upload."""
    told = request.headers.get("upload-offset", "")
    if not (told.isascii() and told.isdecimal()):
        raise UsageError(_("thiếu Upload-Offset"))
    data = await request.body()

    def append() -> int:
        upload = arriving.find_upload(office.database, office.settings, who, id_)
        return arriving.append_upload(office.database, office.settings, upload, int(told), data)

    offset = await run_in_threadpool(append)
    return Response(status_code=204, headers={"upload-offset": str(offset)})


@router.post("/uploads/{id_}/finish")
def finish_upload(
    request: Request, id_: str, signed: _Clerk, sha256: Annotated[str, Body(embed=True)]
) -> Response:
    """Take in a file that has arrived; answer what it is worth."""
    office, who = _who(request, signed)
    return finished(request, office, who, id_, sha256)


def finished(request: Request, office: Office, who: Asker, id_: str, sha256: str) -> Response:
    """Return the answer to who has sent all of an upload."""
    told = arriving.finish_upload(
        office.database, office.settings, sources_of(request), who, id_, sha256
    )
    return JSONResponse(told)


@router.delete("/uploads/{id_}")
def drop_upload(request: Request, id_: str, signed: _Clerk) -> Response:
    """Forget an upload."""
    office, who = _who(request, signed)
    arriving.drop_upload(office.database, office.settings, who, id_)
    return Response(status_code=204)


@router.post("/books/{accession}/phone")
def lend_phone(request: Request, accession: str, signed: _Clerk) -> Response:
    """Show the code with which a phone may send pictures into the book."""
    office, who = _who(request, signed)
    secret = arriving.lend_phone(office.database, office.settings, who, accession)
    address = f"{_outside(request)}/phone/{secret}"
    return render(
        request,
        "scanning/phone_code.html",
        standing=scanning.standing(office.database, who, accession),
        address=address,
        code=qr(address),
        minutes=office.settings.scanning.phone_minutes,
        is_local=request.scope["scheme"] == "http",
    )


@router.post("/books/{accession}/phones/{number}/end")
def end_phone(request: Request, accession: str, number: int, signed: _Clerk) -> Response:
    """End a phone's time."""
    office, who = _who(request, signed)
    arriving.end_phone(office.database, who, accession, number)
    return go(f"/scanning/books/{accession}")


def _outside(request: Request) -> str:
    """Return the app's address as a phone reaches it: over TLS, as the local network knows it."""
    scheme, host = request.scope["scheme"], request.headers["host"]
    name, _colon, port = host.rpartition(":")
    if scheme == "https" and (name or host) in ("localhost", "127.0.0.1", "[::1]"):
        host = f"{outward_address()}:{port}" if name else outward_address()
    return f"{scheme}://{host}"


# Shared


def _who(request: Request, signed: SignedIn) -> tuple[Office, Asker]:
    return office_of(request), asker(signed.person, "clerk")


def _where(office: Office, accession: str, form: FormData) -> tuple[int | None, int]:
    """Return behind and instead of which page (numbers) scans are to stand, out of a form."""
    behind, instead = (_count(str(form.get(name, ""))) for name in ("behind", "instead"))
    return (
        None if behind is None else scanning.number_at(office.database, accession, behind),
        scanning.number_at(office.database, accession, instead or 0),
    )


def _needed(text: str, sentence: str) -> str:
    if not text.strip():
        raise UsageError(sentence)
    return text


def _count(text: str) -> int | None:
    """Return a number of a form; None where it is left empty.

    Raises:
        UsageError: it is no number.
    """
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):
        raise UsageError(_("“{text}” không phải số").format(text=text))
    return int(text)
