"""The API: what programs get, and what any question whatever does to it."""

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pipeline.desk import accounts
from pipeline.desk.accounts import signed_in
from tests.reviewing_archive import BOOK, OTHER
from tests.web.office import PASSWORD, Running

FIRST = f"{BOOK.accession}/1/-/1"


def token(office: Running, name: str) -> dict[str, str]:
    secret = accounts.sign_in(office.database, name, PASSWORD, "", agent="x", address="127.0.0.1")
    signed = signed_in(office.database, office.settings, secret)
    assert signed
    return {"authorization": f"Bearer {accounts.make_token(office.database, signed, 'thử')}"}


@pytest.fixture
def api(office: Running) -> httpx.Client:
    made = httpx.Client(base_url=f"{office.address}/api/v1", timeout=60)
    office.clients.append(made)
    return made


def test_a_program_without_a_token_is_told_so_as_a_problem(api: httpx.Client) -> None:
    told = api.get("/books")
    assert told.status_code == 401
    assert told.headers["content-type"] == "application/problem+json"
    assert told.json()["status"] == 401


def test_lists_come_in_parts_and_hold_what_the_account_may_see(
    office: Running, api: httpx.Client
) -> None:
    whole, ward = token(office, "quan"), token(office, "officer.vt")
    first = api.get("/books", params={"limit": 1}, headers=whole).json()
    rest = api.get("/books", params={"limit": 1, "after": first["next"]}, headers=whole).json()
    assert [one["accession"] for one in first["books"] + rest["books"]] == [
        BOOK.accession,
        OTHER.accession,
    ]
    assert rest["next"] is None
    assert [one["accession"] for one in api.get("/books", headers=ward).json()["books"]] == [
        BOOK.accession
    ]
    ids, after = [], ""
    while after is not None:
        part = api.get(
            f"/books/{BOOK.accession}/records", params={"limit": 4, "after": after}, headers=ward
        ).json()
        ids += [one["id"] for one in part["records"]]
        after = part["next"]
    assert ids == [f"{BOOK.accession}/1/-/{row}" for row in range(1, 7)]
    assert api.get(f"/books/{OTHER.accession}/records", headers=ward).status_code == 404
    keys = {field["key"] for field in part["records"][0]["fields"]}
    assert "nksHoTen" in keys and "nksDanToc" not in keys  # sensitive


def test_a_record_that_did_not_change_is_not_sent_again(office: Running, api: httpx.Client) -> None:
    ward = token(office, "officer.vt")
    told = api.get(f"/records/{FIRST}", headers=ward)
    assert told.json()["id"] == FIRST
    tag = told.headers["etag"]
    again = api.get(f"/records/{FIRST}", headers={**ward, "if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = token(office, "officer.hx")
    assert api.get(f"/records/{FIRST}", headers={**other, "if-none-match": tag}).status_code == 404


def test_a_decision_that_is_sent_twice_is_taken_once(office: Running, api: httpx.Client) -> None:
    reviewer = token(office, "reviewer.vt")
    record = f"{BOOK.accession}/1/-/3"
    body = {"record": record, "key": "nksHoTen", "text": "Nguyễn Văn Đan", "base": 0}
    headers = {**reviewer, "idempotency-key": "abcdefgh-1"}
    first = api.post("/decisions", json=body, headers=headers)
    again = api.post("/decisions", json=body, headers=headers)
    assert first.status_code == again.status_code == 200, first.text
    assert first.json() == again.json()
    assert (
        len([one for one in office.database.decisions(BOOK.accession) if one.record == record]) == 1
    )
    stale = {**headers, "idempotency-key": "abcdefgh-2"}
    told = api.post("/decisions", json={**body, "text": "Khác"}, headers=stale)
    assert told.status_code == 409
    etag = api.get(f"/records/{record}", headers=reviewer).json()
    assert {one["key"]: one["value"] for one in etag["fields"]}["nksHoTen"] == "Nguyễn Văn Đan"


def test_search_answers_with_its_reading(office: Running, api: httpx.Client) -> None:
    told = api.get(
        "/search", params={"q": "nguyen van bn 1987"}, headers=token(office, "officer.vt")
    ).json()
    assert told["hits"][0]["record"]["id"] == FIRST
    assert ["year", "1987"] in told["readings"][0]


@pytest.mark.slow
def test_any_question_is_answered_as_the_description_says(office: Running) -> None:
    """Schemathesis asks each operation what its description allows, and what it does not."""
    schema = schemathesis.openapi.from_url(f"{office.address}/api/v1/openapi.json")
    headers = token(office, "quan")
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=25,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, checks=checks)

        given(case=operation.as_strategy())(ask)()
        asked += 1
    assert asked >= 7
