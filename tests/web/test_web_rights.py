"""Every route, as every role, of either ward, and as nobody: made from the route table.

A new route has its place here by itself; one with a new kind of object fails until `OBJECTS`
says what stands for it.
"""

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute

from pipeline.desk import accounts
from pipeline.rights import ROLES
from pipeline.web.app import make_app
from pipeline.web.guard import SAFE
from pipeline.web.shell import Needs, Office
from tests.reviewing_archive import BOOK, OTHER
from tests.web.office import Running

PUBLIC = {  # what nobody needs an account for, and why
    "/sign-in": "the door",
    "/begin": "the first account, with the key that `sohoa start` prints",
    "/language": "the language of the screens",
}
PHONE = "/phone"  # its doors know passes, not accounts: tests/web/test_web_scanning.py
OBJECTS = {  # what stands for a path's parameter, in the one ward and in the other
    "accession": (BOOK.accession, OTHER.accession),
    "record_id": (f"{BOOK.accession}/1/-/1", f"{OTHER.accession}/1/-/1"),
    "record": (f"{BOOK.accession}/1/-/1", f"{OTHER.accession}/1/-/1"),
    "number": ("1", "1"),
    "size": ("thumb", "thumb"),
    "id_": ("0" * 32, "0" * 32),
    "key": ("nksHoTen", "nksHoTen"),
    "text": ("ng", "ng"),
    "q": ("nguyen", "nguyen"),
    "name": ("officer.vt", "officer.vt"),
}

ABSENT = {  # of which there is none in these archives; test_web_overseeing.py has some
    "/extracts/{number}",  # test_web_certifying.py has some
    "/oversight/lots/{number}",
    "/oversight/lots/{number}/slip",
    "/scanning/uploads/{id_}",  # likewise test_web_scanning.py
}


def routes() -> list[tuple[APIRoute, str]]:
    app = make_app(Office(None, None))  # type: ignore[arg-type]  # nothing is asked of it
    found = [route for route in all_routes(app.router.routes) if isinstance(route, APIRoute)]
    found = [route for route in found if not route.path.startswith(PHONE)]
    return [(route, method) for route in found for method in sorted(route.methods)]


def all_routes(own: object) -> Iterator[object]:
    for route in own:  # type: ignore[attr-defined]
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        yield from all_routes(inner) if inner else (route,)


ALL = routes()
NAMES = [f"{method} {route.path}" for route, method in ALL]
CLOSED = [(route, method) for route, method in ALL if route.path not in PUBLIC]
CLOSED_NAMES = [f"{method} {route.path}" for route, method in CLOSED]


def doors(route: APIRoute) -> list[Needs]:
    calls = [one.call for one in route.dependant.dependencies]
    return [call for call in calls if isinstance(call, Needs)]


def address(route: APIRoute, ward: int) -> str:
    def put(match: re.Match[str]) -> str:
        assert match[1] in OBJECTS, f"say in OBJECTS what stands for {{{match[1]}}}"
        return OBJECTS[match[1]][ward]

    asked = [one.name for one in route.dependant.query_params if one.name in OBJECTS]
    told = "&".join(f"{name}={OBJECTS[name][ward]}" for name in asked)
    return re.sub(r"\{(\w+)(?::\w+)?\}", put, route.path) + (f"?{told}" if told else "")


def test_the_routes_are_there() -> None:
    assert len(ALL) > 20


@pytest.mark.parametrize(("route", "method"), ALL, ids=NAMES)
def test_every_route_has_one_door_or_a_reason_for_none(route: APIRoute, method: str) -> None:
    assert len(doors(route)) == (0 if route.path in PUBLIC else 1)


@pytest.mark.parametrize(("route", "method"), CLOSED, ids=CLOSED_NAMES)
def test_nobody_gets_in(office: Running, route: APIRoute, method: str) -> None:
    told = office.stranger().request(method, address(route, 0))
    assert told.status_code in (303, 401)
    assert told.headers.get("location", "/sign-in") == "/sign-in"


@pytest.fixture(scope="module")
def people(office: Running) -> dict[str, httpx.Client]:
    return {role: office.enter(f"{role}.vt") for role in ROLES}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("route", "method"), ALL, ids=NAMES)
def test_a_role_passes_only_its_own_doors_and_only_in_its_ward(
    office: Running, people: dict[str, httpx.Client], role: str, route: APIRoute, method: str
) -> None:
    if route.path in PUBLIC or route.path == "/sign-out":
        return
    [door] = doors(route)
    client = people[role]
    if method not in SAFE:
        forged = client.request(method, address(route, 0), data=None)
        assert forged.status_code == 403  # no form of ours
        return  # what a form does in another ward is tested where the form is
    told = client.request(method, address(route, 0))
    if door.roles and role not in door.roles:
        assert told.status_code == 403
        return
    assert told.status_code in ((404,) if route.path in ABSENT else (200, 303)), told.text[:300]
    there = client.request(method, address(route, 1))
    asked = {one.name for one in (*route.dependant.path_params, *route.dependant.query_params)}
    has_object = bool(asked & {"accession", "record_id", "record"})
    assert there.status_code == (404 if has_object else told.status_code)


def test_closed_accounts_and_ended_sessions_open_nothing(office: Running) -> None:
    client = office.enter("reviewer.vt")
    accounts.end_sessions(office.database, "quan", "reviewer.vt")
    for route, method in ALL:
        if route.path not in PUBLIC:
            assert client.request(method, address(route, 0)).status_code in (303, 401)
