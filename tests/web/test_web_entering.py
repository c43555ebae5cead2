"""The door: signing in and out, the first account, forged requests."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from pipeline.desk import accounts
from tests.web.office import PASSWORD, Running, csrf, running, sign_in


def test_the_first_administrator_is_made_with_the_key_that_start_prints(tmp_path: Path) -> None:
    with running(tmp_path) as office:
        client = office.stranger()
        assert "chưa có tài khoản" in client.get("/sign-in").text
        form = {"name": "quan", "shown": "Quân", "password": PASSWORD}
        for key in ("", "x", office.key + "x"):
            assert client.post("/begin", data={**form, "key": key}).status_code == 403
        assert accounts.is_new(office.database)
        weak = client.post("/begin", data={**form, "password": "ngắn", "key": office.key})
        assert weak.status_code == 400 and "ký tự" in weak.text
        told = client.post("/begin", data={**form, "key": office.key})
        assert told.headers["location"] == "/"
        assert "Chào Quân" in client.get("/").text
        assert client.post("/begin", data={**form, "key": office.key}).status_code == 403


def test_nobody_sees_anything_and_is_sent_to_the_door(office: Running) -> None:
    told = office.stranger().get("/people")
    assert (told.status_code, told.headers["location"]) == (303, "/sign-in")


def test_what_a_role_may_not_is_refused(office: Running) -> None:
    assert office.enter("clerk.vt").get("/people").status_code == 403
    assert office.enter("administrator.vt").get("/people").status_code == 200


def test_signing_out_ends_the_session_for_good(office: Running) -> None:
    client = office.enter("officer.vt")
    cookie = client.cookies["sohoa"]
    client.post("/sign-out", data={"csrf": csrf(client)})
    replay = httpx.get(f"{office.address}/own", headers={"cookie": f"sohoa={cookie}"})
    assert replay.status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(office: Running) -> None:
    told = office.stranger().post("/sign-in", data={"name": "quan", "password": PASSWORD})
    cookie = told.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "", "origin": "http://evil.example"},
        {"sec-fetch-site": "", "origin": "null"},
        {"sec-fetch-site": ""},
    ],
)
def test_a_request_that_another_site_makes_is_refused(
    office: Running, headers: dict[str, str]
) -> None:
    client = office.enter("officer.vt")
    told = client.post("/sign-out", data={"csrf": csrf(client)}, headers=headers)
    assert told.status_code == 403
    assert client.get("/own").status_code == 200


@pytest.mark.parametrize("token", ["", "x", "0" * 64])
def test_a_form_without_the_session_s_own_token_is_refused(office: Running, token: str) -> None:
    client = office.enter("officer.vt")
    assert client.post("/sign-out", data={"csrf": token}).status_code == 403
    other = csrf(office.enter("clerk.vt"))
    assert client.post("/sign-out", data={"csrf": other}).status_code == 403
    assert client.get("/own").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
def test_a_request_for_another_host_is_refused(office: Running, host: str) -> None:
    assert office.stranger().get("/sign-in", headers={"host": host}).status_code in (400, 421)


def test_a_form_that_is_too_long_is_refused(office: Running) -> None:
    client = office.stranger()
    told = client.post("/sign-in", data={"name": "x" * 3_000_000})
    assert told.status_code == 413


def test_every_answer_carries_its_headers(office: Running) -> None:
    client = office.enter("officer.vt")
    for path in ("/", "/sign-in", "/nothing", "/own"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_what_is_not_there_is_told_in_a_sentence(office: Running) -> None:
    client = office.enter("administrator.vt")
    assert client.get("/nothing").status_code == 404
    told = client.get("/people/ai-do")
    assert told.status_code == 404 and "không có tài khoản" in told.text


def test_a_session_is_revoked_by_the_administrator(office: Running) -> None:
    client = office.enter("clerk.vt")
    admin = office.enter("quan")
    [session] = accounts.sessions(office.database, "clerk.vt")[:1]
    path = f"/people/clerk.vt/sessions/{session.number}/end"
    assert admin.post(path, data={"csrf": csrf(admin)}).status_code == 303
    assert client.get("/own").status_code == 303


def test_a_token_works_without_cookies_and_only_as_a_token(office: Running) -> None:
    client = office.enter("officer.hx")
    page = client.post("/own/tokens", data={"csrf": csrf(client), "label": "Một cửa"}).text
    token = page.split('<code id="token">')[1].split("<")[0]
    bare = httpx.Client(base_url=office.address)
    assert bare.get("/own", headers={"authorization": f"Bearer {token}"}).status_code == 200
    assert bare.get("/own", headers={"cookie": f"sohoa={token}"}).status_code == 303
    secret = client.cookies["sohoa"]
    assert bare.get("/own", headers={"authorization": f"Bearer {secret}"}).status_code == 303
    bare.close()


def test_a_person_is_added_and_works_within_the_places_given(office: Running, screen: Page) -> None:
    sign_in(screen, office, "quan")
    expect(screen.get_by_role("heading", level=1)).to_have_text("Chào Đỗ Thị Quân")
    screen.get_by_role("link", name="Tài khoản", exact=True).first.click()
    screen.get_by_role("link", name="Thêm người").click()
    screen.get_by_label("Họ tên").fill("Nông Thị <b>Ế</b>")
    screen.get_by_label("Tên tài khoản").fill("nong")
    screen.get_by_label("Mật khẩu đầu tiên").fill(PASSWORD)
    box = screen.get_by_role("group", name="Văn thư quét sổ")
    box.get_by_role("checkbox", name="Văn thư quét sổ").check()
    box.get_by_role("textbox").fill("Xã Vân Trung\n")
    screen.get_by_role("button", name="Thêm").click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("Nông Thị <b>Ế</b>")
    [grant] = accounts.find_account(office.database, "nong").grants
    assert (grant.role, grant.places) == ("clerk", frozenset({"Xã Vân Trung"}))
    screen.get_by_role("button", name="Thoát").click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("Đăng nhập sohoa")


def test_the_second_factor_is_set_on_the_screen(office: Running, screen: Page) -> None:
    import pyotp

    sign_in(screen, office, "reviewer.hx")
    screen.goto(f"{office.address}/own/second-factor")
    expect(screen.locator(".qr svg")).to_be_visible()
    secret = screen.locator('input[name="secret"]').first.input_value()
    screen.get_by_label("Sáu số").fill(pyotp.TOTP(secret).now())
    screen.get_by_label("Mật khẩu hiện tại").fill(PASSWORD)
    screen.get_by_role("button", name="Đặt mã").click()
    expect(screen.get_by_text("Đã đặt: khi đăng nhập")).to_be_visible()


def test_the_screens_speak_english_when_asked(office: Running) -> None:
    client = office.enter("officer.vt")
    client.post("/language", data={"to": "en"})
    page = client.get("/").text
    assert '<html lang="en">' in page and "Sign out" in page
