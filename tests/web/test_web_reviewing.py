"""The reviewer's desk: at the keyboard of a real browser, and without scripts."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.desk import accounts
from pipeline.desk.overseeing import save_rules
from pipeline.review.rules import ReviewRules
from pipeline.rights import Grant
from pipeline.settings import Settings
from pipeline.values import Asker
from tests.reviewing_archive import BOOK, OTHER, entry, make_archive
from tests.web.office import PASSWORD, Running, csrf, running, sign_in

NAME = "Họ, chữ đệm, tên của người được khai sinh"
FIRST = entry(BOOK, 3, nksHoTen=("Nguyễn Văn Bìm", 0.4), meHoTen=("Trần Thị Hoa", 0.8))
SECOND = entry(BOOK, 5, nksHoTen=("Lê Thị Mai", 0.6))
ROWS = [entry(BOOK, 2), FIRST, entry(BOOK, 4), SECOND]
BIRTH = f"/review/record/{FIRST.id}"
PEOPLE = ("thu", "hoa", "binh")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Running]:
    """An office with two books, an administrator and three reviewers."""
    database = make_archive(Settings(tmp_path), {BOOK: ROWS, OTHER: [entry(OTHER, 1)]})
    save_rules(database, Asker("quan"), ReviewRules(blind_share=0.0))
    accounts.add_first(database, "quan", "Đỗ Thị Quân", PASSWORD)
    admin = accounts.Person("quan", "", (Grant("administrator"),))
    for name in PEOPLE:
        grant = Grant("reviewer", None, sensitive=True)
        accounts.add_account(database, admin, name, name.title(), PASSWORD, [grant])
    ward = Grant("reviewer", frozenset({OTHER.place}), sensitive=True)
    accounts.add_account(database, admin, "mai", "Mai", PASSWORD, [ward])
    database.close()
    with running(tmp_path) as made:
        yield made


@pytest.fixture
def desk(office: Running, screen: Page) -> Page:
    """The first record, on the screen of one who may review it."""
    sign_in(screen, office, "thu")
    screen.goto(f"{office.address}/review/next")
    expect(box(screen, "nksHoTen")).to_be_focused()
    return screen


def box(screen: Page, key: str):
    return screen.locator(f"input[data-key='{key}']")


def acts(office: Running) -> list[tuple[str, str, str]]:
    return [(one.key, one.act, one.value) for one in office.database.decisions(BOOK.accession)]


def wait_saved(screen: Page) -> None:
    expect(screen.locator("#state")).to_have_text("đã lưu")


def test_a_record_is_done_with_enter_and_the_next_one_is_there(office: Running, desk: Page) -> None:
    desk.keyboard.press("Enter")
    expect(box(desk, "meHoTen")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk")).to_have_attribute("data-record", SECOND.id)
    expect(box(desk, "nksHoTen")).to_be_focused()
    assert acts(office) == [
        ("nksHoTen", "accept", "Nguyễn Văn Bìm"),
        ("meHoTen", "accept", "Trần Thị Hoa"),
    ]
    desk.keyboard.press("Control+Enter")
    expect(desk.get_by_text("Không còn bản ghi nào chờ")).to_be_visible()


def test_pictures_of_the_next_record_are_there_before_it_is(office: Running, screen: Page) -> None:
    sign_in(screen, office, "thu")
    fetched: list[str] = []
    screen.on("request", lambda request: fetched.append(urlsplit(request.url).path))
    ahead = f"/review/crop/nksHoTen/{SECOND.id}"
    with screen.expect_response(lambda answer: urlsplit(answer.url).path == ahead) as crop:
        screen.goto(f"{office.address}/review/next")
    assert crop.value.ok
    assert f"/entries/{SECOND.id}/picture" in fetched
    expect(screen.locator("#desk")).to_have_attribute("data-record", FIRST.id)
    screen.keyboard.press("Control+Enter")
    expect(screen.locator("#desk")).to_have_attribute("data-record", SECOND.id)
    expect(screen.locator("#crop")).to_have_attribute("src", re.compile("^blob:"))
    assert fetched.count(ahead) == 1


def test_a_wrong_letter_is_selected_and_replaced(office: Running, desk: Page) -> None:
    desk.keyboard.insert_text("nh")
    desk.keyboard.press("Enter")
    wait_saved(desk)
    assert acts(office)[0] == ("nksHoTen", "correct", "Nguyễn Văn Bình")


def test_the_keys_do_what_the_help_says(office: Running, desk: Page) -> None:
    name = box(desk, "nksHoTen")
    desk.keyboard.press("?")
    expect(desk.locator("#help")).to_be_visible()
    desk.keyboard.press("Escape")
    desk.keyboard.press("Space")
    expect(desk.locator("#paper")).to_be_visible()
    desk.keyboard.press("Space")
    expect(desk.locator("#paper")).not_to_be_visible()
    expect(name).to_be_focused()
    desk.keyboard.press("1")
    expect(name).to_have_value("Nguyễn Văn Bìn")
    desk.keyboard.press("Escape")
    desk.keyboard.press("End")
    desk.keyboard.press("F9")
    expect(name).to_have_value("Nguyễn Văn Bìm_")
    desk.keyboard.press("Escape")
    desk.keyboard.press("Tab")
    expect(box(desk, "nksNgaySinh")).to_be_focused()
    desk.keyboard.press("Shift+Tab")
    expect(name).to_be_focused()
    desk.keyboard.press("F8")
    expect(box(desk, "meHoTen")).to_be_focused()
    desk.keyboard.press("F4")
    expect(desk.locator("#desk")).to_have_attribute("data-record", SECOND.id)
    assert acts(office) == [("nksHoTen", "unreadable", ""), ("meHoTen", "ditto", "Trần Thị Hòa")]


def test_undo_goes_back_over_records(office: Running, desk: Page) -> None:
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#desk")).to_have_attribute("data-record", SECOND.id)
    desk.keyboard.press("Control+z")
    expect(desk.locator("#desk")).to_have_attribute("data-record", FIRST.id)
    expect(box(desk, "meHoTen")).to_be_focused()
    assert [act for _key, act, _value in acts(office)] == ["accept", "accept", "undo"]


def test_a_changed_field_that_is_left_is_kept(office: Running, desk: Page) -> None:
    desk.keyboard.insert_text("nh")
    desk.keyboard.press("Tab")
    wait_saved(desk)
    assert acts(office) == [("nksHoTen", "correct", "Nguyễn Văn Bình")]
    desk.reload()
    expect(box(desk, "nksHoTen")).to_have_value("Nguyễn Văn Bình")


def test_what_was_typed_and_not_left_survives_a_reload(office: Running, desk: Page) -> None:
    desk.keyboard.insert_text("nh")
    desk.reload()
    expect(box(desk, "nksHoTen")).to_have_value("Nguyễn Văn Bình")
    assert acts(office) == []
    desk.keyboard.press("Enter")
    wait_saved(desk)
    assert acts(office) == [("nksHoTen", "correct", "Nguyễn Văn Bình")]


def test_no_key_is_taken_from_an_input_method(office: Running, desk: Page) -> None:
    """Enter, F8, digits and Space that end or steer a composition belong to it."""
    desk.evaluate(
        """() => {
          const box = document.activeElement;
          box.dispatchEvent(new CompositionEvent("compositionstart", {bubbles: true}));
          box.dispatchEvent(new CompositionEvent("compositionupdate", {bubbles: true, data: "ê"}));
          const keys = ["Enter", "F8", "F4", "1", " ", "?", "ArrowDown", "Escape"];
          window.prevented = keys.map((key) => {
            const told = new KeyboardEvent("keydown", {
              key, code: key === "1" ? "Digit1" : key,
              bubbles: true, cancelable: true, isComposing: true,
            });
            box.dispatchEvent(told);
            return told.defaultPrevented;
          });
          const old = new KeyboardEvent("keydown", {
            key: "Enter", keyCode: 229, bubbles: true, cancelable: true,
          });
          box.dispatchEvent(old);
          window.prevented.push(old.defaultPrevented);
          box.value = "Nguyễn Văn Biên";
          box.dispatchEvent(new InputEvent("input", {bubbles: true, isComposing: true}));
          box.dispatchEvent(new CompositionEvent("compositionend", {bubbles: true, data: "ê"}));
        }"""
    )
    assert not any(desk.evaluate("window.prevented"))
    expect(box(desk, "nksHoTen")).to_be_focused()
    assert acts(office) == []
    desk.keyboard.press("Enter")
    wait_saved(desk)
    assert acts(office) == [("nksHoTen", "correct", "Nguyễn Văn Biên")]


def test_letters_typed_by_an_input_method_reach_the_field(office: Running, desk: Page) -> None:
    """Chromium's own composition, as a Vietnamese input method drives it."""
    session = desk.context.new_cdp_session(desk)
    desk.keyboard.press("Control+a")
    for text in ("Đ", "Đă", "Đăn", "Đặn", "Đặng"):
        session.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )
    session.send("Input.insertText", {"text": "Đặng"})
    expect(box(desk, "nksHoTen")).to_have_value("Đặng")
    desk.keyboard.press("Enter")
    wait_saved(desk)
    assert acts(office) == [("nksHoTen", "correct", "Đặng")]


def test_suggestions_are_offered_and_never_taken_by_themselves(office: Running, desk: Page) -> None:
    desk.keyboard.press("Control+a")
    desk.keyboard.type("Nguyễn Văn")
    listed = desk.locator("#suggestions li")
    expect(listed.first).to_be_visible()
    desk.keyboard.press("Enter")
    wait_saved(desk)
    assert acts(office) == [("nksHoTen", "correct", "Nguyễn Văn")]
    desk.keyboard.press("Shift+Tab")
    box(desk, "nksHoTen").focus()
    desk.keyboard.press("Control+a")
    desk.keyboard.type("Nguyễn Văn ")
    expect(listed.filter(has_not_text="Nguyễn Văn")).to_have_count(0)  # of all that was typed
    first = listed.first.inner_text()
    desk.keyboard.press("ArrowDown")
    with desk.expect_response("**/review/answer"):
        desk.keyboard.press("Enter")
    assert acts(office)[-1][2] == first


def test_two_readers_disagree_and_a_third_decides(
    office: Running, chromium: Browser, tmp_path: Path
) -> None:
    save_rules(office.database, Asker("quan"), ReviewRules(blind_share=0.0, twice=("nksHoTen",)))
    for name, typed in (("thu", "Nguyễn Văn Bình"), ("hoa", "Nguyễn Văn Bính")):
        with chromium.new_context() as context:
            screen = context.new_page()
            sign_in(screen, office, name)
            screen.goto(office.address + BIRTH)
            field = box(screen, "nksHoTen")
            expect(field).to_have_value("Nguyễn Văn Bìm" if name == "thu" else "")
            assert "Bình" not in screen.content()
            field.focus()
            screen.keyboard.press("Control+a")
            screen.keyboard.insert_text(typed)
            screen.keyboard.press("Enter")
            wait_saved(screen)
    with chromium.new_context() as context:
        screen = context.new_page()
        sign_in(screen, office, "binh")
        screen.goto(office.address + BIRTH)
        box(screen, "nksHoTen").focus()
        expect(screen.locator("#others")).to_contain_text("thu: Nguyễn Văn Bình")
        expect(screen.locator("#others")).to_contain_text("hoa: Nguyễn Văn Bính")
        expect(screen.locator("#crop")).to_have_attribute("src", re.compile("."))
        screen.keyboard.press("2")
        screen.keyboard.press("Enter")
        wait_saved(screen)
    last = office.database.decisions(BOOK.accession)[-1]
    assert (last.person, last.reader, last.value) == ("binh", 3, "Nguyễn Văn Bính")


def test_two_people_at_once_see_both_readings(
    office: Running, desk: Page, chromium: Browser
) -> None:
    with chromium.new_context() as context:
        other = context.new_page()
        sign_in(other, office, "hoa")
        other.goto(office.address + BIRTH)
        expect(other.get_by_text("thu đang mở bản ghi này")).to_be_visible()
        expect(box(other, "nksHoTen")).to_be_focused()
        other.keyboard.press("Control+a")
        other.keyboard.insert_text("Nguyễn Văn Bính")
        other.keyboard.press("Enter")
        wait_saved(other)
    desk.keyboard.insert_text("nh")
    desk.keyboard.press("Enter")
    name = desk.locator(".box[data-key='nksHoTen']")
    expect(name.locator(".why")).to_contain_text("Nguyễn Văn Bính")
    expect(box(desk, "nksHoTen")).to_have_value("Nguyễn Văn Bình")
    expect(box(desk, "nksHoTen")).to_be_focused()
    desk.keyboard.press("Enter")
    wait_saved(desk)
    assert [value for _key, _act, value in acts(office)] == ["Nguyễn Văn Bính", "Nguyễn Văn Bình"]


def test_an_answer_on_a_lost_line_is_sent_again_and_counts_once(
    office: Running, chromium: Browser
) -> None:
    sent = []
    desk = chromium.new_context().new_page()  # a lost line is an error on its console
    sign_in(desk, office, "thu")
    desk.goto(office.address + BIRTH)
    expect(box(desk, "nksHoTen")).to_be_focused()

    def lose(route) -> None:
        sent.append(route.request.post_data_json)
        if len(sent) == 1:
            route.fetch()  # the server takes it, the answer is lost
            route.abort()
        else:
            route.continue_()

    desk.route("**/review/answer", lose)
    desk.keyboard.insert_text("nh")
    desk.keyboard.press("Enter")
    expect(desk.locator("#state")).to_contain_text("chưa gửi được")
    wait_saved(desk)
    assert len(sent) == 2
    assert sent[0]["token"] == sent[1]["token"]
    assert acts(office) == [("nksHoTen", "correct", "Nguyễn Văn Bình")]
    desk.context.close()


# Without scripts


def test_the_desk_is_a_plain_form_without_scripts(office: Running) -> None:
    client = office.enter("thu")
    page = client.get(BIRTH).text
    assert "Nguyễn Văn Bìm" in page
    form = {
        "csrf": csrf(client),
        "text:nksHoTen": "Nguyễn Văn Bình",
        "base:nksHoTen": "0",
        "token:nksHoTen": "a1",
        "text:meHoTen": "Trần Thị Hoa",
        "base:meHoTen": "0",
        "token:meHoTen": "a2",
        "text:so": "3",
        "was:so": "3",
        "base:so": "0",
    }
    told = client.post(BIRTH, data=form)
    assert told.headers["location"].startswith("/review/next")
    assert client.post(BIRTH, data=form).status_code == 303  # sent twice
    assert acts(office) == [
        ("nksHoTen", "correct", "Nguyễn Văn Bình"),
        ("meHoTen", "accept", "Trần Thị Hoa"),
    ]
    other = office.enter("hoa")
    late = {**form, "csrf": csrf(other), "text:nksHoTen": "Nguyễn Văn Bính", "token:nksHoTen": "b1"}
    told = other.post(BIRTH, data=late)
    assert told.status_code == 409
    assert "Nguyễn Văn Bính" in told.text and "người khác ghi: Nguyễn Văn Bình" in told.text
    undone = client.post("/review/undo", data={"csrf": csrf(client)})
    assert FIRST.id in undone.headers["location"]
    now = {**late, "base:nksHoTen": str(office.database.decisions(BOOK.accession)[0].number)}
    one = {**now, "one": "text:nksHoTen", "token:nksHoTen": "b2"}
    assert other.post(BIRTH, data=one).status_code == 303
    headers = {"x-csrf-token": form["csrf"], "accept": "application/json"}
    told = client.post("/review/undo", headers=headers)  # another decided about it since
    assert told.status_code == 409 and told.json()["sentence"]
    one = {**form, "csrf": csrf(client), "one": "unreadable:meHoTen", "token:meHoTen": "c2"}
    assert client.post(BIRTH, data=one).status_code == 303
    assert acts(office)[-1] == ("meHoTen", "unreadable", "")


def test_what_another_ward_holds_is_not_there(office: Running) -> None:
    client = office.enter("mai")
    token = csrf(client)
    record = FIRST.id
    assert "Vân Trung" not in client.get("/review").text
    for path in (
        BIRTH,
        f"/review/next?book={BOOK.accession}",
        f"/review/crop/so/{record}",
        f"/review/suggestions/nksHoTen/{record}?text=ng",
    ):
        assert client.get(path).status_code == 404, path
    headers = {"x-csrf-token": token}
    body = {"record": record, "key": "so", "text": "9"}
    for path, told in (
        ("/review/answer", body),
        ("/review/accept", {"record": record, "answers": [body]}),
        ("/review/hold", {"record": record}),
    ):
        assert client.post(path, json=told, headers=headers).status_code == 404, path
        assert client.post(path, json=told).status_code == 403, path  # not our own form
    assert acts(office) == []


def test_hostile_text_is_text(office: Running, desk: Page) -> None:
    desk.keyboard.press("Control+a")
    desk.keyboard.insert_text('"><img src=x onerror=alert(1)>')
    desk.keyboard.press("Enter")
    wait_saved(desk)
    desk.reload()
    expect(box(desk, "nksHoTen")).to_have_value('"><img src=x onerror=alert(1)>')
    assert desk.locator("img[src='x']").count() == 0
