"""An officer finds an entry, opens its paper, and sees no more than the account may."""

import pytest
from playwright.sync_api import Page, expect

from pipeline.desk import accounts
from pipeline.desk.finding import line_of
from pipeline.index.query import readings
from pipeline.rights import Grant, Person
from pipeline.store.database import now
from pipeline.values import Decision
from tests.reviewing_archive import BOOK, OTHER
from tests.web.office import PASSWORD, Running, csrf, sign_in

FIRST = f"{BOOK.accession}/1/-/1"


def test_a_birth_is_found_by_a_name_typed_without_marks_and_opened_on_the_paper(
    office: Running, screen: Page
) -> None:
    sign_in(screen, office, "officer.vt")
    screen.get_by_label("Tìm gì").fill("nguyen van bn 1987 me tran thi hoa")
    screen.keyboard.press("Enter")
    hit = screen.locator("article.hit").first
    expect(hit.locator(".name")).to_have_text("Nguyễn Văn Bn")
    expect(hit.locator("mark").first).to_be_visible()
    expect(hit.get_by_text("máy đọc, chưa ai xem")).to_be_visible()
    picture = hit.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") > 200
    hit.locator(".name").click()
    expect(screen.locator("#paper")).to_have_attribute("data-ready", "true", timeout=15000)
    row = screen.locator('tr[data-key="meHoTen"]')
    row.hover()
    expect(screen.locator('polygon[data-key="meHoTen"].lit')).to_have_count(1)
    screen.get_by_role("link", name="Dòng sau").click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("Nguyễn Văn Cn")


def test_the_reading_of_the_box_is_shown_and_changed(office: Running, screen: Page) -> None:
    sign_in(screen, office, "officer.vt")
    screen.goto(f"{office.address}/search?q=nguyen van bn 1986")
    year = screen.locator('.chip:has-text("năm") input[name="text"]')
    expect(year).to_have_value("1986")
    year.fill("1987")
    screen.get_by_role("button", name="Tìm theo các ô này").click()
    expect(screen.locator("article.hit .name").first).to_have_text("Nguyễn Văn Bn")
    expect(screen.get_by_role("heading", name="Đúng như đã gõ")).to_be_visible()


@pytest.mark.parametrize(
    "line",
    [
        "khai sinh nguyễn thị lan 1987 mẹ trần thị hoa ở vân trung",
        "quyển 02/1987 số 45",
        "thửa 112 tờ 7",
        "trần văn b 30 tuổi năm 2001",
        "vợ lê thị mai chồng nguyễn văn đức 1990",
    ],
)
def test_chips_that_nobody_changed_are_read_as_they_were(line: str) -> None:
    [first, *_rest] = readings(line)
    [again, *_rest] = readings(line_of(first.chips))
    assert sorted(again.chips) == sorted(first.chips)


def test_what_lies_in_another_ward_is_neither_found_nor_opened_nor_counted(
    office: Running,
) -> None:
    own, other = office.enter("officer.vt"), office.enter("officer.hx")
    assert "Nguyễn Văn Bn" in own.get("/search", params={"q": "nguyen van bn"}).text
    assert "ks-1987" not in other.get("/search", params={"q": "nguyen van bn 1987"}).text
    paths = (
        f"/entries/{FIRST}",
        f"/entries/{FIRST}/picture",
        f"/entries/{FIRST}/neighbours",
        f"/books/{BOOK.accession}/pages/1",
        f"/books/{BOOK.accession}/pages/1/picture",
    )
    for path in paths:
        assert own.get(path).status_code == 200, path
        told = other.get(path)
        assert told.status_code == 404
        here, nowhere = BOOK.accession, f"{BOOK.accession}-0"
        nothing = other.get(path.replace(here, nowhere))
        assert told.text.replace(here, nowhere) == nothing.text  # forbidden looks like absent


def test_sensitive_fields_and_their_ink_are_hidden_from_who_may_not_see_them(
    office: Running,
) -> None:
    admin = Person("quan", "", (Grant("administrator"),))
    grants = [Grant("officer", frozenset({BOOK.place}), sensitive=True)]
    accounts.add_account(office.database, admin, "sang", "Sáng", PASSWORD, grants)
    open_, shut = office.enter("sang"), office.enter("officer.vt")
    assert "Dân tộc" in open_.get(f"/entries/{FIRST}").text
    page = shut.get(f"/entries/{FIRST}").text
    assert "Dân tộc" not in page and "1 trường nhạy cảm" in page
    for path in (f"/entries/{FIRST}/picture", f"/books/{BOOK.accession}/pages/1/picture"):
        assert open_.get(path).content != shut.get(path).content


def test_every_look_is_in_the_log_with_its_purpose(office: Running) -> None:
    client = office.enter("officer.vt")
    client.get("/search", params={"q": "nguyen van cn", "purpose": "cấp bản sao"})
    look = office.database.looks()[-1]
    assert (look.person, look.action, look.purpose) == ("officer.vt", "search", "cấp bản sao")
    client.get(f"/entries/{FIRST}")
    assert office.database.looks()[-1].action == "entry"
    admin = office.enter("administrator.vt")
    page = admin.get("/log", params={"record": FIRST}).text
    assert "officer.vt" in page and "xem bản ghi" in page


def test_what_people_decided_stands_with_its_history(office: Running) -> None:
    record = f"{BOOK.accession}/1/-/5"
    decision = Decision(record, "nksHoTen", "Nguyễn Văn <i>Én</i>", "lan", now(), shown="Nguyễn")
    office.database.add_decision(decision)
    page = office.enter("officer.vt").get(f"/entries/{record}").text
    assert "Nguyễn Văn &lt;i&gt;Én&lt;/i&gt;" in page and "<i>Én" not in page
    assert "người đã quyết định" in page and "1 lần ghi" in page and "lan" in page


def test_nothing_found_tells_which_books_should_hold_it(office: Running) -> None:
    page = office.enter("officer.vt").get(
        "/search", params={"q": "khai sinh vuong quoc thang 1987 vân trung"}
    )
    assert "Không có bản ghi nào khớp" in page.text and BOOK.place in page.text


def test_facets_narrow_the_hits_down(office: Running) -> None:
    client = office.enter("quan")
    whole = client.get("/search", params={"q": "nguyen van bn"}).text
    assert f"book={OTHER.accession}" in whole
    part = client.get("/search", params={"q": "nguyen van bn", "book": OTHER.accession}).text
    assert f"/entries/{OTHER.accession}" in part and f"/entries/{BOOK.accession}" not in part


@pytest.mark.parametrize("q", ['"', "*", "a" * 500, "<script>", "'; DROP TABLE", "🙂", "NEAR(a b)"])
def test_any_line_of_the_box_is_answered(office: Running, q: str) -> None:
    told = office.enter("officer.vt").get("/search", params={"q": q})
    assert told.status_code == 200
    assert "<script>" not in told.text.split("<main")[1]


def test_the_whole_log_is_checked_on_the_screen(office: Running) -> None:
    admin = office.enter("quan")
    told = admin.post("/log/verify", data={"csrf": csrf(admin)})
    assert "nguyên vẹn" in told.text
    ward = office.enter("administrator.vt")
    assert ward.post("/log/verify", data={"csrf": csrf(ward)}).status_code == 403


def test_who_administers_a_ward_sees_what_was_done_to_its_books_alone(office: Running) -> None:
    office.enter("officer.hx").get(f"/entries/{OTHER.accession}/1/-/2")
    office.enter("officer.vt").get(f"/entries/{BOOK.accession}/1/-/2")
    own = office.enter("administrator.vt").get("/log").text
    assert "officer.vt" in own and "officer.hx" not in own and OTHER.accession not in own
    assert "đăng nhập" in office.enter("quan").get("/log?kind=browser.").text


def test_the_other_reading_of_a_line_is_searched_for_alone(office: Running) -> None:
    line = "vo thi bn 1987"
    first, second, *_rest = readings(line)
    assert first.chips != second.chips
    client, before = office.enter("officer.vt"), len(office.database.looks())
    page = client.get("/search", params={"q": line, "reading": 1}).text
    told = [page.count(f'name="part" value="{chip.part}"') for chip in second.chips]
    assert 0 not in told and "hoặc hiểu là" not in page
    assert len(office.database.looks()) == before + 1
    assert client.get("/search", params={"q": line, "reading": 9}).status_code == 200
