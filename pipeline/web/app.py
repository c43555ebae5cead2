"""The office's web app, put together: guard, screens, API, and how an error becomes an answer."""

import logging
from collections.abc import Sequence
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from pipeline.errors import (
    BusyError,
    ConflictError,
    MissingError,
    RightsError,
    SohoaError,
    StorageError,
    UsageError,
)
from pipeline.web.guard import Guard
from pipeline.web.shell import HERE, Office, SignInError, go, render
from pipeline.web.views import ALL, api
from pipeline.words import _

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
STATUS: Sequence[tuple[type[SohoaError], int]] = (  # the first that fits
    (SignInError, 401),
    (MissingError, 404),
    (UsageError, 400),
    (RightsError, 403),
    (ConflictError, 409),
    (BusyError, 503),
    (StorageError, 507),
    (SohoaError, 500),
)
_log = logging.getLogger("sohoa.web")


def make_app(office: Office, hosts: frozenset[str] = LOCAL) -> FastAPI:
    """Return the app for an archive.

    Args:
        office: what it works on.
        hosts: names and addresses that it answers to.
    """
    app = FastAPI(
        title="sohoa",
        version=version("sohoa"),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.office = office
    uploads: dict[str, int] = {}
    for view in ALL:
        app.include_router(view.router, include_in_schema=view is api)
        uploads |= getattr(view, "UPLOADS", {})
    app.mount("/static", _Static(directory=HERE / "static"))
    app.add_exception_handler(SohoaError, _told)
    app.add_exception_handler(RequestValidationError, _wrong)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OverflowError, _beyond)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(Guard, hosts=hosts, uploads=uploads)
    return app


class _Static(StaticFiles):
    """Files whose address changes with their content, so that browsers may keep them."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, SohoaError)
    status = next(code for kind, code in STATUS if isinstance(error, kind))
    if status == 401 and not _is_api(request):
        return go("/sign-in")
    return _answer(request, status, str(error))


def _wrong(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = ", ".join(str(one["loc"][-1]) for one in error.errors())
    return _answer(request, 422, _("chỗ này không đúng: {places}").format(places=places))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    own = {
        404: _("không có trang này"),
        405: _("trang này không nhận cách gửi ấy"),
        413: _("tệp quá lớn"),
    }
    return _answer(request, error.status_code, own.get(error.status_code, str(error.detail)))


def _beyond(request: Request, _error: Exception) -> Response:
    """Answer a number in an address that is larger than SQLite's: nothing is called so."""
    return _answer(request, 404, _("không có trang này"))


def _broken(request: Request, error: Exception) -> Response:
    # The route's name, not the path: an id is no personal data, but a query may be.
    route = getattr(request.scope.get("route"), "path", "?")
    _log.error("a request failed: %s %s", request.method, route, exc_info=error)
    return _answer(request, 500, _("có lỗi trong chương trình; việc vừa làm có thể chưa được lưu"))


def _is_api(request: Request) -> bool:
    return str(request.scope["path"]).startswith("/api/")


def _answer(request: Request, status: int, sentence: str) -> Response:
    """Return an error as a page, a part of one, or a problem (RFC 9457)."""
    if _is_api(request):
        problem = {"type": "about:blank", "status": status, "title": sentence}
        return JSONResponse(problem, status, media_type="application/problem+json")
    part = "hx-request" in request.headers
    template = "parts/trouble.html" if part else "trouble.html"
    return render(request, template, status=status, sentence=sentence)
