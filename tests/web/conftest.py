"""An office for the tests of the web app, and a real browser to use it with."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.web.office import Running, fill, running

expect.set_options(timeout=30_000)  # two test processes and a browser share the cores


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An office with people and a book of either ward."""
    archive = tmp_path_factory.mktemp("office")
    fill(archive)
    with running(archive) as made:
        yield made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real browser, Debian's."""
    found = shutil.which("chromium")
    assert found, "chromium is missing: scripts/setup test"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def screen(chromium: Browser) -> Iterator[Page]:
    """A window of 1366×768; whatever a page asks of another host, or logs as an error, fails."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN")
    context.set_default_timeout(60_000)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda told: troubles.append(told.text) if told.type == "error" else None)
    yield page
    context.close()
    assert [one for one in troubles if "status of 4" not in one] == []
