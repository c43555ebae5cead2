"""The administrator's desk: numbers, thresholds seen before they are set, a lot and its slip."""

import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipeline.desk import accounts, configuring
from pipeline.desk.lots import lots
from pipeline.desk.overseeing import current_rules, save_rules
from pipeline.flow.book import working
from pipeline.flow.worker import LOCK
from pipeline.review.rules import ReviewRules
from pipeline.rights import Grant
from pipeline.settings import Settings, load_settings
from pipeline.store.jobs import Jobs, Trouble
from pipeline.values import Asker
from tests.reviewing_archive import BOOK, OTHER, doubtful, make_archive
from tests.web.office import PASSWORD, Running, csrf, running, sign_in

QUAN = Asker("quan")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Running]:
    """An office with two books, its administrator, one of a ward, and a reviewer."""
    books = {replace(BOOK, pages=1): doubtful(BOOK, 20), OTHER: doubtful(OTHER, 2)}
    database = make_archive(Settings(tmp_path), books)
    save_rules(database, QUAN, ReviewRules(blind_share=0.0))
    accounts.add_first(database, "quan", "Đỗ Thị Quân", PASSWORD)
    admin = accounts.Person("quan", "", (Grant("administrator"),))
    ward = Grant("administrator", frozenset({OTHER.place}))
    accounts.add_account(database, admin, "mai", "Mai", PASSWORD, [ward])
    accounts.add_account(database, admin, "thu", "Thu", PASSWORD, [Grant("reviewer")])
    database.close()
    with running(tmp_path) as made:
        yield made


def test_a_lot_is_drawn_looked_through_and_returned_with_its_slip(
    office: Running, screen: Page
) -> None:
    sign_in(screen, office, "quan")
    screen.goto(f"{office.address}/oversight")
    expect(screen.get_by_text("Người đối chiếu").first).to_be_visible()
    screen.get_by_role("link", name="Lô nghiệm thu").click()
    screen.get_by_label("Giới hạn chất lượng, % bản ghi sai").select_option("6.5")
    screen.get_by_label("Hạt giống (để trống: ngẫu nhiên)").fill("bien-ban-7")
    screen.get_by_role("button", name="Lập lô, rút mẫu").click()
    expect(screen.get_by_text("bien-ban-7")).to_be_visible()
    for _record in range(2):
        expect(screen.locator("img")).to_be_visible()
        screen.keyboard.press("Space")  # the first field is wrong
        screen.get_by_role("button", name="Ghi, sang bản ghi sau").click()
    screen.get_by_role("button", name="Trả lại lô").click()
    screen.get_by_role("link", name="Phiếu trả lại").click()
    expect(screen.get_by_role("heading", name="Phiếu trả lại lô 1")).to_be_visible()
    [one] = lots(office.database, QUAN)
    assert (one.lot.state, len(one.lot.wrong), one.lot.seed) == ("returned", 2, "bien-ban-7")


def test_thresholds_are_seen_before_they_are_set(office: Running, screen: Page) -> None:
    sign_in(screen, office, "quan")
    screen.goto(f"{office.address}/oversight/rules")
    sure = screen.get_by_label("Trường không nghi ngờ được lấy như máy đọc khi máy chắc từ (%)")
    sure.fill("99,5")
    screen.get_by_role("button", name="Xem trước").click()
    row = screen.get_by_role("row", name="Trường người phải xem")
    assert row.locator("td.number").all_inner_texts() == ["11", "154"]
    assert current_rules(office.database).sure == 0.95
    screen.get_by_role("button", name="Lưu; hàng chờ đổi theo").click()
    expect(screen.get_by_role("button", name="Lưu; hàng chờ đổi theo")).not_to_be_visible()
    assert current_rules(office.database).sure == 0.995


@pytest.mark.parametrize(
    ("name", "value"), [("sure", "x"), ("sure", "20"), ("twice", "nothing"), ("lease_minutes", "0")]
)
def test_thresholds_that_make_no_sense_are_refused_with_a_sentence(
    office: Running, name: str, value: str
) -> None:
    client = office.enter("quan")
    form = {"sure": "90", "blind_share": "2", "twice": "", "lease_minutes": "10", "save": "1"}
    told = client.post("/oversight/rules", data={**form, name: value, "csrf": csrf(client)})
    assert told.status_code == 400
    assert 'role="alert"' in told.text


def test_one_wards_administrator_sees_that_ward_alone(office: Running) -> None:
    client = office.enter("mai")
    page = client.get("/oversight").text
    assert OTHER.place in page and BOOK.place not in page
    told = client.post(
        "/oversight/lots",
        data={"csrf": csrf(client), "book": BOOK.accession, "level": "II", "aql": "1.0"},
    )
    assert told.status_code == 404
    again = client.post("/oversight/again", data={"csrf": csrf(client), "book": BOOK.accession})
    assert again.status_code == 404
    assert client.get("/oversight/lots/1").status_code == 404
    assert "chỉ quản trị viên ở mọi nơi" in client.get("/oversight/rules").text
    form = {"sure": "60", "blind_share": "2", "lease_minutes": "9", "save": "1"}
    told = client.post("/oversight/rules", data={**form, "csrf": csrf(client)})
    assert told.status_code == 403
    assert office.enter("thu").get("/oversight").status_code == 403


def test_failed_pages_can_be_tried_again(office: Running) -> None:
    [page] = office.database.pages(BOOK.accession)
    office.database.keep_failure(page, "ReadingError", "máy đọc hỏng <b>")
    client = office.enter("quan")
    assert "1 hỏng" in client.get("/oversight").text
    told = client.get("/oversight/jobs").text
    assert "máy đọc hỏng &lt;b&gt;" in told
    client.post("/oversight/again", data={"csrf": csrf(client), "book": BOOK.accession})
    assert "máy đọc hỏng" not in client.get("/oversight/jobs").text


def test_settings_are_changed_on_the_screen_hold_at_once_and_stay_in_the_file(
    office: Running, screen: Page
) -> None:
    file = office.settings.archive / "sohoa.toml"
    file.write_text("# của văn phòng\n[scanning]\nphone_minutes = 120 # hai giờ\n", "utf-8")
    client = office.enter("quan")
    assert "Nguyễn" in client.get("/search", params={"q": "nguyen van bn"}).text
    sign_in(screen, office, "quan")
    screen.goto(f"{office.address}/oversight/settings")
    screen.get_by_label("Người tra cứu phải ghi mục đích").check()
    screen.get_by_label("Một điện thoại được chụp vào sổ (phút)").fill("45")
    screen.get_by_label("Xét theo mức").select_option("cadastral-map")
    screen.get_by_role("button", name="Lưu").click()
    expect(screen.get_by_text("Đã lưu.")).to_be_visible()
    expect(screen.get_by_label("Một điện thoại được chụp vào sổ (phút)")).to_have_value("45")
    assert "Để làm gì" in client.get("/search").text
    assert "hãy ghi tra cứu để làm gì" in client.get("/search", params={"q": "bn"}).text
    text = file.read_text("utf-8")
    assert text.startswith("# của văn phòng\n[scanning]\nphone_minutes = 45 # hai giờ\n")
    told = load_settings(office.settings.archive, "")
    assert (told.web.ask_purpose, told.quality.profile) == (True, "cadastral-map")
    log = client.get("/log", params={"kind": "settings."}).text
    assert "đổi cài đặt" in log and "[scanning] phone_minutes = 45" in log


@pytest.mark.parametrize(
    ("name", "value"),
    [("phone_minutes", "0"), ("upload_days", "x"), ("watched", "web"), ("profile", "none")],
)
def test_settings_that_make_no_sense_are_refused_with_a_sentence(
    office: Running, name: str, value: str
) -> None:
    client = office.enter("quan")
    form = {**asdict(configuring.current(office.settings)), "csrf": csrf(client)}
    told = client.post("/oversight/settings", data={**form, name: value})
    assert told.status_code == 400 and 'role="alert"' in told.text
    assert not (office.settings.archive / "sohoa.toml").exists()


def test_one_wards_administrator_sees_settings_but_does_not_change_them(office: Running) -> None:
    client = office.enter("mai")
    assert "chỉ quản trị viên ở mọi nơi" in client.get("/oversight/settings").text
    form = {**asdict(configuring.current(office.settings)), "csrf": csrf(client)}
    assert client.post("/oversight/settings", data=form).status_code == 403


def test_the_worker_is_seen_and_what_holds_books_up_is_tried_again(office: Running) -> None:
    client = office.enter("quan")
    jobs = Jobs(office.database)
    [page] = office.database.pages(BOOK.accession)
    assert "không chạy" in client.get("/oversight/jobs").text
    with working(office.settings.archive, LOCK):
        jobs.begin(BOOK.accession, "đọc ks-1987", 3, 8)
        told = client.get("/oversight/jobs").text
        assert "đang chạy" in told and "đọc ks-1987: 3/8" in told
        assert "đọc ks-1987" not in office.enter("mai").get("/oversight/jobs").text
    assert "đọc ks-1987" not in client.get("/oversight/jobs").text  # it was killed
    for all_ in (False, True):
        jobs.block(BOOK.accession, Trouble("ProgramError", "thiếu ocrmypdf", time.time() + 600))
        office.database.keep_failure(page, "ReadingError", "máy đọc hỏng")
        told = client.get("/oversight/jobs").text
        assert "thiếu ocrmypdf" in told and "trang 1: máy đọc hỏng" in told
        ward = office.enter("mai")
        ward.post("/oversight/again", data={"csrf": csrf(ward)})
        assert jobs.troubles() and office.database.failed_pages()
        book = "" if all_ else BOOK.accession
        client.post("/oversight/again", data={"csrf": csrf(client), "book": book})
        assert not jobs.troubles() and not office.database.failed_pages()
        assert "thiếu ocrmypdf" not in client.get("/oversight/jobs").text
    assert "đọc lại trang hỏng" in client.get("/log", params={"kind": "pages."}).text
