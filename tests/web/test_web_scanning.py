"""A clerk's day at the scanning desk: a real scanner program, a real browser, a phone's window."""

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from pipeline.desk import scanning
from pipeline.programs import find
from pipeline.rights import Grant, Person, asker
from pipeline.values import Asker, Gutter, Master, Quality
from pipeline.values import Page as BookPage
from tests.reviewing_archive import BOOK, OTHER
from tests.web.office import Running, add_people, csrf, running, sign_in

sys.path.insert(0, str(Path(__file__).parent.parent / "ingest"))
from ingest_samples import save, written_page

VAN_TRUNG, NENH = BOOK.place, OTHER.place
CLERK = asker(Person("clerk.vt", "", (Grant("clerk", frozenset({VAN_TRUNG})),)), "clerk")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An office with people, whose machine knows SANE's test scanner and no other."""
    config = tmp_path_factory.mktemp("sane")
    (config / "dll.conf").write_text("test\n", encoding="ascii")
    (config / "test.conf").write_text("number_of_devices 1\n", encoding="ascii")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANE_CONFIG_DIR", str(config))
        with running(tmp_path_factory.mktemp("office")) as made:
            add_people(made.database)
            yield made


def new_book(client: httpx.Client, volume: str, place: str = VAN_TRUNG) -> str:
    """Put a card down as a browser without scripts does; return the book's address."""
    card = {"form": "birth_form", "place": place, "years": "1987", "volume": volume, "pages": "3"}
    told = client.post("/scanning/new", data={**card, "csrf": csrf(client)})
    assert told.status_code == 303, told.text
    return told.headers["location"]


def scans(folder: Path, *seeds: int, size: tuple[int, int] = (413, 585)) -> list[Path]:
    return [save(folder / f"trang {n}.jpg", written_page(n, size=size), dpi=50) for n in seeds]


def order(office: Running, address: str, who: Asker = CLERK) -> list[int]:
    accession = address.rsplit("/", 1)[-1]
    return [one.page.number for one in scanning.strip(office.database, who, accession)]


def count(screen: Page, number: int) -> None:
    expect(screen.locator("#state .counter strong")).to_have_text(str(number), timeout=60_000)


@pytest.mark.skipif(find("scanimage") is None, reason="NOT RUN: no scanimage")
def test_a_clerks_day(office: Running, chromium: Browser, tmp_path: Path) -> None:
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN")
    screen = context.new_page()
    troubles: list[str] = []
    screen.on("pageerror", lambda error: troubles.append(str(error)))
    sign_in(screen, office, "clerk.vt")
    screen.get_by_role("link", name="Quét sổ").click()
    screen.get_by_role("link", name="Lập phiếu sổ mới").click()
    screen.get_by_label("Loại sổ").select_option("birth_form")
    screen.get_by_label("Nơi đăng ký").fill(f"{VAN_TRUNG}, tỉnh Bắc Giang")
    screen.get_by_label("Năm (").fill("1987")
    told = screen.locator("#place-told")  # the tables are read at the first question
    expect(told).to_contain_text("nay: phường Nếnh", timeout=60_000)
    screen.get_by_label("Nơi đăng ký").fill(VAN_TRUNG)
    screen.get_by_label("Quyển số").fill("02")
    screen.get_by_label("Số trang ghi trên bìa").fill("5")
    screen.keyboard.press("Enter")
    screen.wait_for_url("**/scanning/books/*")
    address = screen.url
    expect(screen.locator("#state")).to_contain_text("còn thiếu 5")

    # The scanner: one sheet of the test device, seen without a reload.
    screen.get_by_role("button", name="Tìm máy quét").click()
    expect(screen.get_by_text("thấy 1 máy")).to_be_visible(timeout=30_000)
    screen.get_by_label("Khay giấy").fill("Flatbed")
    screen.get_by_label("dpi").fill("75")
    screen.get_by_role("button", name="Quét", exact=True).click()
    count(screen, 1)

    # Three files, the second and largest over a line that breaks off in its middle.
    large = written_page(5, size=(1654, 2339))
    big = tmp_path / "trang 102.tif"
    Image.fromarray(np.dstack([large] * 3)).save(big, dpi=(200, 200))
    assert big.stat().st_size > 8 << 20
    cut: list[str] = []

    def breaks(route: Route) -> None:
        offset = route.request.headers.get("upload-offset", "")
        if route.request.method == "PATCH" and offset == str(4 << 20) and len(cut) < 2:
            cut.append(offset)
            route.abort("connectionreset")
        else:
            route.continue_()

    screen.route("**/scanning/uploads/*", breaks)
    first, last = scans(tmp_path, 101, 103)
    screen.locator('input[type="file"]').set_input_files([first, big, last])
    screen.get_by_role("button", name="Nạp").click()
    expect(screen.locator("#sent li.note, #sent li.done")).to_have_count(3, timeout=90_000)
    assert len(cut) == 2
    count(screen, 4)
    assert order(office, address) == [1, 2, 3, 4]
    names = [one.name for one in office.database.masters(address.rsplit("/", 1)[-1])]
    assert names[1:] == ["trang 101.jpg", "trang 102.tif", "trang 103.jpg"]

    # The keyboard alone: to the tray, back, and to another place.
    strip = screen.locator("#strip")
    strip.focus()
    screen.keyboard.press("End")
    screen.keyboard.press("Delete")
    count(screen, 3)
    screen.keyboard.press("Control+z")
    count(screen, 4)
    screen.keyboard.press("Home")
    screen.keyboard.press("ArrowRight")
    screen.keyboard.press("Alt+ArrowRight")
    expect(screen.locator("#place-3.chosen")).to_have_attribute("title", re.compile("trang 101"))
    assert order(office, address) == [1, 3, 2, 4]

    # A page: its flags, a line through the gutter, a better scan in its place.
    screen.keyboard.press("Enter")
    screen.wait_for_url("**/pages/2")
    screen.wait_for_load_state("load")
    expect(screen.get_by_text("chỉ có 50 dpi")).to_be_visible()
    screen.get_by_label("ở mép trên").fill("40")
    expect(screen.locator(".large line")).to_have_attribute("x1", "40")
    screen.get_by_label("gáy nằm ngang").check()
    expect(screen.locator(".large line")).to_have_attribute("y1", "40")
    screen.get_by_role("button", name="Cho tờ này").click()
    expect(screen.get_by_label("gáy nằm ngang")).to_be_checked()
    across = Gutter(0.4, 0.5, across=True)
    assert office.database.gutters(address.rsplit("/", 1)[-1]) == {2: across}
    screen.get_by_label("gáy nằm ngang").uncheck()
    screen.get_by_role("button", name="Cho tờ này").click()
    expect(screen.get_by_text("tờ này có đường riêng")).to_be_visible()
    assert office.database.gutters(address.rsplit("/", 1)[-1]) == {2: Gutter(0.4, 0.5)}
    screen.get_by_role("link", name="Quét lại tờ này").click()
    expect(screen.get_by_text("Bản quét tới sẽ thay tờ 3")).to_be_visible()
    screen.wait_for_load_state("load")  # the scripts have begun, too
    screen.locator('input[type="file"]').set_input_files(scans(tmp_path, 107))
    screen.get_by_role("button", name="Nạp").click()
    expect(screen.locator("#sent li.note, #sent li.done")).to_have_count(1, timeout=60_000)
    assert order(office, address) == [1, 3, 5, 4]

    # Closed, its sheet printed; opened again.
    screen.goto(address)
    screen.get_by_role("button", name="Đóng sổ").click()
    expect(screen.get_by_text("đã đóng")).to_be_visible()
    sheet = screen.get_by_role("link", name="In phiếu kiểm đủ").get_attribute("href")
    told = screen.request.get(f"{office.address}{sheet}")
    assert told.headers["content-type"] == "application/pdf"
    assert told.body().startswith(b"%PDF-")
    screen.get_by_role("button", name="Mở lại sổ").click()
    expect(screen.get_by_role("button", name="Quét", exact=True)).to_be_visible()
    context.close()
    assert troubles == []


def test_a_phone_photographs_into_the_book_it_was_lent_to(
    office: Running, screen: Page, chromium: Browser, tmp_path: Path
) -> None:
    address = new_book(office.enter("clerk.vt"), "11")
    sign_in(screen, office, "clerk.vt")
    screen.goto(office.address + address)
    screen.get_by_role("button", name="Mã QR cho điện thoại").click()
    expect(screen.locator(".qr svg")).to_be_visible()
    link = screen.locator("#address").inner_text()
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    phone = context.new_page()
    phone.goto(link)
    phone.get_by_role("button", name="Bắt đầu").click()
    phone.wait_for_url(f"{office.address}/phone")
    file = phone.locator('input[type="file"]')
    file.set_input_files(scans(tmp_path, 11))
    row = phone.locator("#sent li").first
    expect(row).to_contain_text("tờ 1: chỉ có 50 dpi", timeout=60_000)  # the verdict, at once
    with phone.expect_file_chooser() as chooser:
        row.get_by_role("button", name="Chụp lại tờ này").click()
    chooser.value.set_files(scans(tmp_path, 12))
    expect(phone.locator("#sent li").first).to_contain_text("tờ 1", timeout=60_000)
    assert order(office, address) == [2]
    expect(phone.locator("#count")).to_have_text("1")
    assert phone.goto(link).ok  # type: ignore[union-attr]
    phone.get_by_role("button", name="Bắt đầu").click()
    expect(phone.get_by_role("alert")).to_contain_text("đã dùng hoặc hết hạn")
    # What the phone may, it may in its own book alone; and no longer than the desk wants.
    assert phone.goto(f"{office.address}{address}").url.endswith("/sign-in")  # type: ignore[union-attr]
    screen.goto(office.address + address)
    screen.get_by_role("button", name="Kết thúc").click()
    phone.goto(f"{office.address}/phone")
    expect(phone.get_by_role("alert")).to_contain_text("phiên điện thoại đã hết")
    context.close()


def test_everything_works_without_scripts(office: Running, tmp_path: Path) -> None:
    client = office.enter("clerk.vt")
    address = new_book(client, "21")
    accession = address.rsplit("/", 1)[-1]
    token = csrf(client)

    def post(path: str, **fields: object) -> httpx.Response:
        told = client.post(path, data={"csrf": token, **fields})
        assert told.status_code == 303, told.text
        return told

    files = [("files", (one.name, one.read_bytes())) for one in scans(tmp_path, 21, 22, 23)]
    told = client.post(f"/scanning/drop/{accession}", data={"csrf": token}, files=files)
    assert told.headers["location"] == address
    text = client.get(address).text
    assert text.count('class="cell rescan"') == 3
    assert "đủ số trang như bìa ghi" in text
    post(f"{address}/pages/3/move", behind=0)
    post(f"{address}/pages/1/reject")
    assert order(office, address) == [3, 2]
    assert "Khay loại: 1 tờ" in client.get(address).text
    post(f"{address}/pages/1/back")
    assert order(office, address) == [3, 1, 2]
    again = client.post(
        f"/scanning/drop/{accession}", data={"csrf": token, "behind": "1"}, files=files[:1]
    )
    assert "đã có trong kho" in again.text
    bad = ("files", ("hỏng <b>.jpg", b"\xff\xd8\xff no picture"))
    refused = client.post(f"/scanning/drop/{accession}", data={"csrf": token}, files=[bad])
    assert "hỏng &lt;b&gt;.jpg không đọc được" in refused.text
    for size in ("thumb", "view"):
        picture = client.get(f"{address}/pages/1/{size}.jpg")
        assert picture.headers["content-type"] == "image/jpeg"
    assert client.get(f"{address}/separator.pdf").content.startswith(b"%PDF-")
    post(f"{address}/close")
    closed = client.post(f"{address}/pages/1/reject", data={"csrf": token})
    assert closed.status_code == 409
    post(f"{address}/undo")
    assert client.get(f"{address}/pages/9").status_code == 404


def test_an_upload_goes_on_after_the_server_was_restarted(tmp_path: Path) -> None:
    data = scans(tmp_path, 1)[0].read_bytes()
    archive = tmp_path / "archive"
    with running(archive) as office:
        add_people(office.database)
        client = office.enter("clerk.vt")
        address = new_book(client, "31")
        cookies, token = client.cookies, csrf(client)
        about = {"book": address.rsplit("/", 1)[-1], "name": "a.jpg", "size": len(data)}
        told = client.post("/scanning/uploads", json=about, headers={"x-csrf-token": token})
        upload = f"/scanning/uploads/{told.json()['id']}"
        headers = {"x-csrf-token": token, "upload-offset": "0"}
        assert client.patch(upload, content=data[:5000], headers=headers).status_code == 204
        assert client.patch(upload, content=data[:5000], headers=headers).status_code == 409
        assert client.patch(upload, content=data[5000:]).status_code == 403  # without the token
        stranger = office.enter("clerk.hx")
        assert stranger.head(upload).status_code == 404
    with running(archive) as office:
        client = office.stranger()
        client.cookies = cookies
        offset = int(client.head(upload).headers["upload-offset"])
        assert offset == 5000
        headers = {"x-csrf-token": token, "upload-offset": str(offset)}
        client.patch(upload, content=data[offset:], headers=headers)
        sha256 = {"sha256": hashlib.sha256(data).hexdigest()}
        for _time in range(2):
            told = client.post(f"{upload}/finish", json=sha256, headers={"x-csrf-token": token})
            assert [page["place"] for page in told.json()["pages"]] == [1]
        assert order(office, address) == [1]


def test_a_phone_is_no_way_around_the_desk(office: Running, tmp_path: Path) -> None:
    clerk = office.enter("clerk.vt")
    mine, other = new_book(clerk, "61"), new_book(clerk, "62")
    token = csrf(clerk)
    about = {"book": other.rsplit("/", 1)[-1], "name": "a.jpg", "size": 9}
    told = clerk.post("/scanning/uploads", json=about, headers={"x-csrf-token": token})
    foreign = told.json()["id"]
    code = clerk.post(f"{mine}/phone", data={"csrf": token}).text
    link = re.search(r"/phone/([\w-]{20,})", code)
    assert link
    phone = office.stranger()
    for wrong in ("x" * 32, link[1] + "x"):
        assert phone.post(f"/phone/{wrong}").status_code == 403
    assert phone.get("/phone").status_code == 403
    assert phone.get(link[0]).status_code == 200  # to look at a pass does not use it
    told = phone.post(link[0])
    assert "HttpOnly" in told.headers["set-cookie"]
    assert "SameSite=strict" in told.headers["set-cookie"]
    assert office.stranger().post(link[0]).status_code == 403
    page = phone.get("/phone").text
    own = re.search(r'data-token="(\w+)"', page)
    assert own
    picture = {"name": "a.jpg", "size": 9}
    assert phone.post("/phone/uploads", json=picture).status_code == 403
    forged = {"x-csrf-token": "0" * 64}
    assert phone.post("/phone/uploads", json=picture, headers=forged).status_code == 403
    headers = {"x-csrf-token": own[1], "upload-offset": "0"}
    # The upload is of the same person, but into another book.
    assert phone.head(f"/phone/uploads/{foreign}").status_code == 404
    assert (
        phone.patch(f"/phone/uploads/{foreign}", content=b"x", headers=headers).status_code == 404
    )
    assert phone.get(f"{mine}/pages/1").status_code == 303  # to the door of the desk
    begun = phone.post("/phone/uploads", json=picture, headers=headers)
    assert begun.status_code == 201
    upload = f"/phone/uploads/{begun.json()['id']}"
    assert phone.patch(upload, content=b"x" * 10, headers=headers).status_code == 409
    assert phone.patch(upload, content=bytes(7 << 20), headers=headers).status_code == 413
    huge = {"name": "a.jpg", "size": 1 << 40}
    assert phone.post("/phone/uploads", json=huge, headers=headers).status_code == 400


def test_another_wards_clerk_sees_nothing_of_a_book(office: Running, tmp_path: Path) -> None:
    client = office.enter("clerk.vt")
    address = new_book(client, "41")
    accession = address.rsplit("/", 1)[-1]
    file = ("files", ("1.jpg", scans(tmp_path, 41)[0].read_bytes()))
    client.post(f"/scanning/drop/{accession}", data={"csrf": csrf(client)}, files=[file])
    other = office.enter("clerk.hx")
    assert accession not in other.get("/scanning").text
    for path in (
        "",
        "/state",
        "/live",
        "/strip",
        "/separator.pdf",
        "/sheet.pdf",
        "/pages/1",
        "/pages/1/thumb.jpg",
        "/pages/1/view.jpg",
    ):
        assert other.get(address + path).status_code == 404, path
    token = csrf(other)
    for path, fields in (
        ("/card", {}),
        ("/close", {}),
        ("/undo", {}),
        ("/pages/1/move", {"behind": "0"}),
        ("/pages/1/reject", {}),
        ("/pages/1/back", {}),
        ("/pages/1/split", {"of": "page"}),
        ("/scanner", {}),
        ("/folder", {}),
        ("/stop", {}),
        ("/phone", {}),
        ("/phones/1/end", {}),
    ):
        told = other.post(address + path, data={"csrf": token, **fields})
        assert told.status_code == 404, path
    dropped = other.post(f"/scanning/drop/{accession}", data={"csrf": token}, files=[file])
    assert dropped.status_code == 404
    begun = other.post(
        "/scanning/uploads",
        json={"book": accession, "name": "a", "size": 9},
        headers={"x-csrf-token": token},
    )
    assert begun.status_code == 404
    card = {"form": "", "place": VAN_TRUNG, "years": "1990", "volume": "1", "csrf": token}
    assert other.post("/scanning/new", data=card).status_code == 400
    assert NENH in other.post("/scanning/new", data={**card, "place": NENH, "volume": ""}).text
    assert office.enter("officer.vt").get("/scanning").status_code == 403


def test_a_strip_of_five_hundred_pages_draws_only_what_is_seen(
    office: Running, screen: Page, tmp_path: Path
) -> None:
    address = new_book(office.enter("clerk.vt"), "51")
    many_pages(office, address.rsplit("/", 1)[-1], 500, scans(tmp_path, 51)[0])
    sign_in(screen, office, "clerk.vt")
    screen.goto(office.address + address)
    count(screen, 500)
    strip = screen.locator("#strip")
    strip.focus()
    for key, place in (("End", 500), ("Home", 1), ("PageDown", None)):
        screen.keyboard.press(key)
        if place:
            shown = screen.locator(f"#place-{place}.chosen img")
            expect(shown).to_be_visible(timeout=60_000)  # its picture may have to be made
        assert strip.locator("[role=option]").count() < 60


def many_pages(office: Running, accession: str, count: int, scan: Path) -> None:
    """Put down so many pages; all show the same scan, which is there once."""
    sha256 = hashlib.sha256(scan.read_bytes()).hexdigest()
    folder = office.settings.archive / "books" / accession / "data" / "masters"
    folder.mkdir(parents=True)
    (folder / "0001.jpg").write_bytes(scan.read_bytes())
    size = scan.stat().st_size
    master = Master(sha256, 1, "data/masters/0001.jpg", scan.name, "image/jpeg", size, count)
    pages = [
        BookPage(accession, number, sha256, 1, 413, 585, 50.0, Quality(3.0))
        for number in range(1, count + 1)
    ]
    office.database.add_master(accession, master, pages)
