"""An officer makes a certified extract: nothing is printed that no person answers for."""

import html
import re

import httpx
import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from pipeline.desk import accounts
from pipeline.desk.layouts import layouts
from pipeline.extract.kinds.result import Clues
from pipeline.extract.kinds.saying_dates import date_in_words
from pipeline.extract.kinds.worded_dates import read_date_words
from pipeline.flow.page import forms
from pipeline.index.rules import search_rules
from pipeline.rights import Grant, Person
from pipeline.store import chain
from pipeline.store.database import now
from pipeline.values import Decision
from tests.reviewing_archive import BOOK, OTHER
from tests.web.office import PASSWORD, Running, csrf, sign_in

ADMIN = Person("quan", "", (Grant("administrator"),))


def path(row: int, book: str = BOOK.accession) -> str:
    return f"/entries/{book}/1/-/{row}/extract"


def sheet(client: httpx.Client, row: int, choice: str = "right") -> dict[str, str]:
    """Return the form of the screen, with one choice for all open fields."""
    page = client.get(path(row)).text
    told = dict(re.findall(r'<input[^>]* name="(seen|office|number|sign)" value="([^"]*)"', page))
    told |= dict(re.findall(r'<input type="hidden" name="(seen)" value="([^"]*)"', page))
    keys = set(re.findall(r'name="choice:(\w+)" value="right"', page))
    blank = set(re.findall(r'name="choice:(\w+)"', page)) - keys
    told |= {f"choice:{key}": choice for key in keys}
    told |= {f"choice:{key}": "blank" for key in blank}
    told = {name: html.unescape(value) for name, value in told.items()}
    return {**told, "csrf": csrf(client), "purpose": "đi học"}


def printed(text: str) -> str:
    article = text.partition('lang="vi">\n  <header>')[2].partition("</article>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", article)).split())


def decide(office: Running, row: int, key: str, value: str, **more: object) -> None:
    record = f"{BOOK.accession}/1/-/{row}"
    office.database.add_decision(Decision(record, key, value, "lan", now(), **more))  # type: ignore[arg-type]


def test_an_officer_certifies_a_birth_beside_its_paper(office: Running, screen: Page) -> None:
    sign_in(screen, office, "officer.vt")
    screen.goto(f"{office.address}/entries/{BOOK.accession}/1/-/1")
    screen.get_by_role("link", name="Cấp trích lục").click()
    picture = screen.get_by_role("img", name="Ảnh của trường").first
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") > 100
    for choice in screen.get_by_role("radio").all():
        choice.check()  # of each field the last one: left open
    for field in ("Họ, chữ đệm, tên của người được khai sinh", "Ngày, tháng, năm sinh"):
        screen.get_by_role("group", name=field).first.get_by_label("đúng như trên giấy").check()
    screen.get_by_label("Cấp để làm gì").fill("đi học")
    screen.get_by_role("button", name="Lập trích lục").click()
    paper = screen.locator("article.sheet")
    expect(paper).to_contain_text("TRÍCH LỤC KHAI SINH")
    expect(paper).to_contain_text("Nguyễn Văn Bn")
    expect(paper).not_to_contain_text("Trần Thị Hòa")
    assert len(pypdfium2.PdfDocument(screen.pdf(prefer_css_page_size=True))) == 1
    screen.emulate_media(media="print")
    assert screen.locator("header.top").is_hidden() and paper.is_visible()


def test_what_nobody_answers_for_is_not_certified(office: Running) -> None:
    client = office.enter("officer.vt")
    told = sheet(client, 2)
    del told["choice:meHoTen"]
    answer = client.post(path(2), data=told)
    assert answer.status_code == 400 and "còn 1 trường" in answer.text
    assert 'class="missed"' in answer.text
    assert client.post(path(2), data={**told, "choice:meHoTen": "maybe"}).status_code == 400
    assert client.get("/extracts/9999").status_code == 404


def test_what_people_decided_needs_no_second_word_and_the_rest_says_who_answered(
    office: Running,
) -> None:
    decide(office, 2, "nksHoTen", "Nguyễn Thị Bưởi")
    client = office.enter("officer.vt")
    told = sheet(client, 2)
    assert "choice:nksHoTen" not in told and told["choice:nksNgaySinh"] == "right"
    answer = client.post(path(2), data=told)
    assert answer.status_code == 303
    text = printed(client.get(answer.headers["location"]).text)
    birth = "ngày ba tháng ba năm một nghìn chín trăm tám mươi bảy"
    for part in (
        "Ủy ban nhân dân phường Nếnh, tỉnh Bắc Ninh CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Họ, chữ đệm, tên: Nguyễn Thị Bưởi",
        f"Ngày, tháng, năm sinh: 03/03/1987 ghi bằng chữ: {birth}",
        "Giới tính: Nam",
        "Họ, chữ đệm, tên người mẹ: Trần Thị Hòa",
        "Đăng ký khai sinh tại: xã Vân Trung, huyện Việt Yên (khi ấy thuộc xã Vân Trung,",
        "; nay là phường Nếnh, tỉnh Bắc Ninh)",
        "Số: 2 ngày:",
        "NGƯỜI KÝ TRÍCH LỤC",
    ):
        assert part in text, (part, text)
    [event] = [one for one in events(office) if one.told["records"] == [record(2)]]
    assert event.person == "officer.vt" and event.told["extract"] == "birth"
    assert event.told["purpose"] == "đi học" and "nksHoTen" not in event.told["confirmed"]
    assert "meHoTen" in event.told["confirmed"] and "Bưởi" not in str(event)
    admin = office.enter("administrator.vt")
    assert "cấp trích lục" in admin.get("/log", params={"record": record(2)}).text


def record(row: int) -> str:
    return f"{BOOK.accession}/1/-/{row}"


def events(office: Running) -> list[chain.Event]:
    with office.database.read() as connection:
        return chain.events(connection, kind="export.")


def test_what_was_made_stays_as_it_was_and_is_audited(office: Running) -> None:
    client = office.enter("officer.vt")
    made = client.post(path(3), data=sheet(client, 3)).headers["location"]
    before = printed(client.get(made).text)
    decide(office, 3, "meHoTen", "Trần Thị Huệ")
    assert printed(client.get(made).text) == before
    entry = client.get(f"/entries/{record(3)}").text
    assert made in entry and "TLKS-BS" in entry
    admin = office.enter("quan")
    verify = {"csrf": csrf(admin)}
    assert "nguyên vẹn" in admin.post("/log/verify", data=verify).text
    with office.database.write() as connection:
        connection.exec_driver_sql("UPDATE extract SET card = replace(card, 'Hòa', 'Hoa')")
    assert "extract:" in admin.post("/log/verify", data=verify).text
    with office.database.write() as connection:
        connection.exec_driver_sql("UPDATE extract SET card = replace(card, 'Hoa', 'Hòa')")


def test_numbers_run_by_office_and_year_and_come_once(office: Running) -> None:
    client = office.enter("officer.vt")
    told = sheet(client, 4)
    first = {**told, "office": "UBND xã Thử", "number": "17"}
    assert client.post(path(4), data=first).status_code == 303
    again = client.post(path(4), data=first)
    assert again.status_code == 409 and "số 17 đã cấp" in again.text
    assert client.post(path(4), data={**first, "office": "UBND xã Khác"}).status_code == 303
    by_hand = client.post(path(4), data={**first, "number": ""}).headers["location"]
    assert "Số: /TLKS-BS" in printed(client.get(by_hand).text)
    usual = client.post(path(4), data=told)
    assert usual.status_code == 303
    assert int(sheet(client, 4)["number"]) == int(told["number"]) + 1
    for wrong in ({"number": "mười"}, {"number": "0"}, {"purpose": " "}, {"office": "x" * 201}):
        assert client.post(path(4), data={**told, **wrong}).status_code == 400, wrong


def test_an_entry_that_changed_since_it_was_shown_is_looked_at_again(office: Running) -> None:
    client = office.enter("officer.vt")
    told = sheet(client, 5)
    decide(office, 5, "chaHoTen", "Nguyễn Đình Báu")
    answer = client.post(path(5), data=told)
    assert answer.status_code == 409 and "checked" not in answer.text
    assert "Nguyễn Đình Báu" in answer.text


def test_what_cannot_be_read_or_is_in_dispute_stays_open(office: Running) -> None:
    decide(office, 6, "nksHoTen", "", act="unreadable")
    decide(office, 6, "chaHoTen", "Nguyễn Đ_nh Bảo")
    client = office.enter("officer.vt")
    told = sheet(client, 6)
    assert not {"choice:nksHoTen", "choice:chaHoTen"} & set(told)
    made = client.post(path(6), data={**told, "choice:nksHoTen": "right"}).headers["location"]
    text = printed(client.get(made).text)
    assert "Họ, chữ đệm, tên: Ngày" in text and "người cha: Năm sinh" in text


def test_sensitive_fields_are_printed_only_for_who_may_see_them(office: Running) -> None:
    grants = [Grant("officer", frozenset({BOOK.place}), sensitive=True)]
    accounts.add_account(office.database, ADMIN, "sang", "Sáng", PASSWORD, grants)
    open_, shut = office.enter("sang"), office.enter("officer.vt")
    made = open_.post(path(1), data=sheet(open_, 1)).headers["location"]
    assert "Dân tộc: 01" in printed(open_.get(made).text)
    assert "Dân tộc: 01" not in printed(shut.get(made).text)
    own = sheet(shut, 1)
    assert "choice:nksDanToc" not in own
    forced = shut.post(path(1), data={**own, "choice:nksDanToc": "right"}).headers["location"]
    assert "Dân tộc: 01" not in printed(open_.get(forced).text)
    assert shut.get(f"/entries/{record(1)}/fields/nksDanToc/picture").status_code == 404


def test_extracts_of_another_ward_look_like_none(office: Running) -> None:
    own, other = office.enter("officer.vt"), office.enter("officer.hx")
    made = own.post(path(1), data=sheet(own, 1)).headers["location"]
    nothing = other.get("/extracts/9999")
    there = other.get(made)
    assert there.status_code == nothing.status_code == 404 and there.text == nothing.text
    assert other.post(path(1), data={"csrf": csrf(other)}).status_code == 404
    assert own.post(path(1), data={**sheet(own, 1), "csrf": "0"}).status_code == 403
    reviewer = office.enter("reviewer.vt")
    assert reviewer.get(made).status_code == 403
    assert "Cấp trích lục" not in reviewer.get(f"/entries/{record(1)}").text
    assert OTHER.accession not in own.get(path(1)).text


def test_layouts_name_fields_of_their_kind_of_book() -> None:
    assert set(layouts().kinds) == set(search_rules().kinds) - {"land"}
    for kind, layout in layouts().kinds.items():
        known = {
            field.key
            for form in forms().values()
            if search_rules().kind_of(form.id) == kind
            for field in form.fields
        }
        assert set(layout.keys) <= known, kind
        places = [one for block in layout.blocks for row in block.rows for one in row if one.place]
        assert len(places) == 1 and places[0].key in search_rules().places


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1987", "năm một nghìn chín trăm tám mươi bảy"),
        ("2005-04", "tháng tư năm hai nghìn không trăm linh năm"),
        ("2000-12-15", "ngày mười lăm tháng mười hai năm hai nghìn không trăm"),
        ("1921-01-24", "ngày hai mươi tư tháng một năm một nghìn chín trăm hai mươi mốt"),
        ("", ""),
        ("1987-13", ""),
        ("khoảng 1987", ""),
    ],
)
def test_a_date_is_said_as_precisely_as_it_is(value: str, said: str) -> None:
    assert date_in_words(value) == said


def test_what_is_said_is_read_again_as_that_date() -> None:
    for day in range(1, 32):
        for value in (f"1987-{day % 12 + 1:02}-{min(day, 28):02}", f"20{day:02}-10-{day:02}"):
            assert read_date_words(date_in_words(value), Clues((1950, 2040))).value == value
