"""Every screen, as the people who use it see it: readable, reachable, and light.

With SOHOA_SCREENS=docs/screens the pictures of the docs are made anew.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from pipeline.desk import certifying
from pipeline.desk.certifying import Answers
from pipeline.values import Asker, Rights
from tests.reviewing_archive import BOOK
from tests.web.office import Running, sign_in

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
DOCS = Path(__file__).parents[2] / "docs"
ENTRY = f"/entries/{BOOK.accession}/1/-/1"
SCREENS = {  # name of the picture: who looks, and at what
    "sign-in": ("", "/sign-in"),
    "home": ("quan", "/"),
    "own": ("officer.vt", "/own"),
    "people": ("quan", "/people"),
    "person": ("quan", "/people/officer.vt"),
    "search": ("officer.vt", "/search?q=nguyen van bn 1987 me tran thi hoa"),
    "nothing-found": ("officer.vt", "/search?q=khai sinh vuong quoc thang 1987 van trung"),
    "entry": ("officer.vt", ENTRY),
    "certify": ("officer.vt", f"{ENTRY}/extract"),
    "extract": ("officer.vt", "/extracts/1"),
    "page": ("quan", f"/books/{BOOK.accession}/pages/1"),
    "log": ("quan", "/log"),
    "scanning": ("clerk.vt", "/scanning"),
    "scanning-book": ("clerk.vt", f"/scanning/books/{BOOK.accession}"),
    "review": ("reviewer.vt", "/review"),
    "review-record": ("reviewer.vt", f"/review/record/{BOOK.accession}/1/-/1"),
    "oversight": ("quan", "/oversight"),
    "oversight-jobs": ("quan", "/oversight/jobs"),
    "oversight-settings": ("quan", "/oversight/settings"),
    "oversight-rules": ("quan", "/oversight/rules"),
    "oversight-lots": ("quan", "/oversight/lots"),
}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
FIRST_PAGE_BYTES = 150_000


@pytest.fixture(scope="module", autouse=True)
def extract(office: Running) -> None:
    """Make the extract that one of the screens shows."""
    who = Asker("officer.vt", "", Rights(frozenset({BOOK.place}), sensitive=False))
    entry = (office.database, office.settings, who, f"{BOOK.accession}/1/-/1")
    one = certifying.prepare(*entry)
    answers = Answers(one.seen, one.open, one.open, one.office, "1", one.sign, "đi học")
    assert certifying.certify(*entry, answers) == 1


def look(screen: Page, office: Running, name: str) -> None:
    person, path = SCREENS[name]
    if person:
        sign_in(screen, office, person)
    answer = screen.goto(office.address + path)
    assert answer and answer.status == 200, path
    screen.evaluate("document.fonts.ready")
    if screen.locator("#paper[data-picture]").count():
        screen.wait_for_selector('#paper[data-ready="true"]')
    screen.evaluate(  # pictures that are to be seen at once
        "Promise.all([...document.images].filter(one => one.loading !== 'lazy')"
        ".map(one => one.decode().catch(() => null)))"
    )


def troubles(screen: Page) -> list[str]:
    """Return what axe finds, a line for each element."""
    screen.evaluate(AXE)
    found = screen.evaluate("tags => axe.run({runOnly: tags, resultTypes: ['violations']})", WCAG)
    return [
        f"{one['id']}: {node['target']} {node['failureSummary'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_can_be_used_by_everyone_in_light_and_dark(
    office: Running, screen: Page, name: str
) -> None:
    look(screen, office, name)
    assert troubles(screen) == []
    wide = screen.evaluate("document.scrollingElement.scrollWidth")
    assert wide <= 1366, "the screen is wider than the window"
    if folder := os.environ.get("SOHOA_SCREENS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        screen.screenshot(path=Path(folder) / f"{name}.png")
    screen.emulate_media(color_scheme="dark", reduced_motion="reduce")  # colours do not fade over
    screen.reload()
    assert troubles(screen) == []


def test_every_screen_has_its_picture_in_the_guide() -> None:
    guide = (DOCS / "van-phong.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(screens/([\w-]+)\.png\)", guide)) == set(SCREENS)
    assert {file.stem for file in (DOCS / "screens").glob("*.png")} == set(SCREENS)


def test_the_first_page_is_light(office: Running, screen: Page) -> None:
    sizes: dict[str, int] = {}
    screen.on("response", lambda told: sizes.update({told.url: len(told.body())}))
    look(screen, office, "sign-in")
    assert sum(sizes.values()) <= FIRST_PAGE_BYTES, sizes


@pytest.mark.parametrize("name", ["search", "entry", "review", "scanning", "oversight"])
def test_a_screen_works_without_scripts(office: Running, name: str) -> None:
    person, path = SCREENS[name]
    page = office.enter(person).get(path).text
    main = page.split("<main")[1]
    assert len(re.sub(r"<[^>]+>", "", main).split()) > 3
    assert "javascript:" not in page and not re.search(r"\son\w+=", page)
