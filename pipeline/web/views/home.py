"""The first page: what there is to do for whoever signed in."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipeline.desk.accounts import SignedIn
from pipeline.web.shell import needs, render

router = APIRouter()


@router.get("/")
def home(request: Request, signed: SignedIn = needs()) -> Response:
    """Show the ways on."""
    return render(request, "home.html")
