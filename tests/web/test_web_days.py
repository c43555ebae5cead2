"""The days of an officer and an administrator, at the screen; and hostile hands."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipeline.desk import accounts
from tests.reviewing_archive import BOOK, OTHER
from tests.web.office import Running, csrf, fill, running, sign_in

HOSTILE = [
    "<script>document.title='x'</script>",
    "\"><img src=x onerror=document.title='x'>",
    "'; DROP TABLE event; --",
    "{{ 7 * 7 }}",
    "../../etc/passwd",
    "\u202etxt.exe",
    "a\x00b",
    "=HYPERLINK(1)",
    "𝒜" * 300,
]


@pytest.fixture
def own_office(tmp_path: Path) -> Iterator[Running]:
    """An office that a test may harm."""
    fill(tmp_path)
    with running(tmp_path) as made:
        yield made


def test_an_officers_day(office: Running, screen: Page) -> None:
    """A citizen waits: the name is mistyped, the ward is called what it is called today."""
    sign_in(screen, office, "officer.vt")
    screen.get_by_label("Tìm gì").fill("nguyne van bn 1987 phường nếnh")
    screen.keyboard.press("Enter")
    hit = screen.locator("article.hit").first
    expect(hit.locator(".name")).to_have_text("Nguyễn Văn Bn")
    expect(hit).to_contain_text(BOOK.place)
    expect(hit).to_contain_text("Nay thuộc phường Nếnh, tỉnh Bắc Ninh")
    hit.locator(".name").click()
    expect(screen.locator("#paper")).to_have_attribute("data-ready", "true")
    expect(screen.locator("polygon")).to_have_count(6)  # the seventh is sensitive
    look = office.database.looks()[-2:]
    assert {one.person for one in look} == {"officer.vt"}


def test_an_administrators_day(own_office: Running, screen: Page) -> None:
    """A row was tampered with, a session is not its owner's: both are found and dealt with."""
    thief = own_office.enter("officer.vt")
    database = str(own_office.database.engine.url.database)
    sign_in(screen, own_office, "quan")
    screen.goto(f"{own_office.address}/log")
    screen.get_by_role("button", name="Kiểm toàn bộ nhật ký").click()
    expect(screen.get_by_role("status")).to_contain_text("nguyên vẹn")
    with sqlite3.connect(database) as raw:
        raw.execute(
            "UPDATE record SET card = replace(card, 'Trần Thị Hòa', 'Trần Thị Hoa')"
            " WHERE id = 'ks-1988/1/-/3'"
        )
    raw.close()
    screen.goto(f"{own_office.address}/log")
    screen.get_by_role("button", name="Kiểm toàn bộ nhật ký").click()
    expect(screen.get_by_role("alert")).to_contain_text("1 chỗ")
    expect(screen.locator("main li")).to_contain_text(f"records:{OTHER.accession}")
    screen.goto(f"{own_office.address}/people/officer.vt")
    end = screen.get_by_role("button", name="Kết thúc", exact=True)
    end.click()
    expect(end).to_have_count(0)
    assert thief.get("/own").status_code == 303


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_typed_is_shown_as_typed_and_does_nothing(
    office: Running, screen: Page, text: str
) -> None:
    client = office.enter("quan")
    token = csrf(client)
    fields = {"csrf": token, "clerk": "on", "clerk.places": text}
    client.post("/people/clerk.hx", data={**fields, "shown": text[:100] or "x", "active": "on"})
    for path in ("/people", "/people/clerk.hx"):
        assert client.get(path).status_code == 200
    found = client.get("/search", params={"q": text, "purpose": text, "book": text, "kind": text})
    assert found.status_code == 200
    for path in (f"/entries/{text}", f"/books/{text}/pages/1", f"/people/{text}"):
        assert client.get(path.replace("\x00", "%00")).status_code in (404, 400)
    told = client.get("/log", params={"kind": text, "record": ""})
    assert told.status_code == 200
    sign_in(screen, office, "quan")
    for path in ("/people", "/people/clerk.hx"):
        screen.goto(office.address + path)
        assert screen.title() != "x"


@pytest.mark.parametrize("number", [0, -1, 99999999999999999999, "a"])
def test_a_number_that_is_none_is_told_so(office: Running, number: object) -> None:
    client = office.enter("quan")
    for path in (
        f"/books/{BOOK.accession}/pages/{number}",
        f"/books/{BOOK.accession}/pages/{number}/picture",
        f"/log?before={number}",
        f"/oversight/lots/{number}",
    ):
        assert client.get(path).status_code < 500, path


def test_ids_are_no_way_into_another_ward(office: Running) -> None:
    client = office.enter("reviewer.hx")
    for id_ in (
        f"{BOOK.accession}/1/-/1",
        f"{OTHER.accession}/../{BOOK.accession}/1/-/1",
        f"{BOOK.accession.upper()}/1/-/1",
        f"{BOOK.accession}%2f1%2f-%2f1",
    ):
        for path in (f"/entries/{id_}", f"/entries/{id_}/picture", f"/review/picture/{id_}"):
            assert client.get(path).status_code == 404, path


def test_the_last_administrator_is_not_locked_out(own_office: Running) -> None:
    client = own_office.enter("quan")
    form = {"csrf": csrf(client), "shown": "Quân", "clerk": "on", "clerk.everywhere": "on"}
    told = client.post("/people/quan", data={**form, "active": "on"})
    assert told.status_code == 400 and "quản trị viên" in told.text
    assert any(
        one.role == "administrator"
        for one in accounts.find_account(own_office.database, "quan").grants
    )
