"""A real office for tests: an archive, its people, and the app on a port of this machine."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from playwright.sync_api import Page

from pipeline.desk import accounts
from pipeline.desk.archive import open_archive
from pipeline.rights import ROLES, Grant
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.values import PageReading
from tests.reviewing_archive import BOOK, OTHER, doubtful, make_archive

PASSWORD = "con mèo ngủ trên mái"


@dataclass(slots=True)
class Running:
    """The office at work.

    Attributes:
        address: of the app, without a slash at its end.
        key: of the page that makes the first account.
    """

    database: Database
    settings: Settings
    address: str
    key: str = ""
    clients: list[httpx.Client] = field(default_factory=list)

    def enter(self, name: str) -> httpx.Client:
        """Return a browser without scripts that is signed in."""
        client = self.stranger()
        told = client.post("/sign-in", data={"name": name, "password": PASSWORD})
        assert told.headers["location"] == "/", told.text
        return client

    def stranger(self) -> httpx.Client:
        """Return a browser without scripts in which nobody is signed in."""
        headers = {"sec-fetch-site": "same-origin"}
        client = httpx.Client(base_url=self.address, headers=headers, timeout=30)
        self.clients.append(client)
        return client


def csrf(client: httpx.Client) -> str:
    """Return the token that the session's own pages carry."""
    found = re.search(r'name="csrf" content="(\w*)"', client.get("/").text)
    assert found
    return found[1]


def sign_in(screen: Page, office: Running, name: str) -> None:
    """Sign in as a person does, at the keyboard."""
    screen.goto(f"{office.address}/sign-in")
    screen.get_by_label("Tên tài khoản").fill(name)
    screen.get_by_label("Mật khẩu").fill(PASSWORD)
    screen.keyboard.press("Enter")
    screen.wait_for_url(f"{office.address}/")


@contextmanager
def running(archive: Path, host: str = "127.0.0.1") -> Iterator[Running]:
    """Serve an archive by `sohoa start`; one is made where there is none."""
    settings = Settings(archive)
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "start",
        "--no-browser",
        "--no-worker",
        *("--host", host, "--port", "0", "--archive", str(archive)),
    ]
    with (
        closing(open_archive(settings, make=True)) as database,
        subprocess.Popen(
            [*command, "--host", host, "--port", "0", "--archive", str(archive)],
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        try:
            assert server.stdout
            found = re.search(r"(https?://[^/\s]+)(?:/begin\?key=(\S+))?", server.stdout.readline())
            assert found, "the app did not start"
            office = Running(database, settings, found[1], found[2] or "")
            yield office
            for client in office.clients:
                client.close()
        finally:
            server.terminate()
            assert server.wait(20) in (0, -signal.SIGTERM)


def add_people(database: Database) -> None:
    """Add an administrator, and of each role one person for either ward."""
    accounts.add_first(database, "quan", "Đỗ Thị Quân", PASSWORD)
    admin = accounts.Person("quan", "", (Grant("administrator"),))
    for place, ending in ((BOOK.place, "vt"), (OTHER.place, "hx")):
        for role in ROLES:
            grant = Grant(role, frozenset({place}))
            accounts.add_account(
                database, admin, f"{role}.{ending}", f"{role} {ending}", PASSWORD, [grant]
            )


def fill(archive: Path) -> None:
    """Make an archive with people and a book of either ward."""
    books = {BOOK: doubtful(BOOK, 6), OTHER: doubtful(OTHER, 6)}
    with closing(make_archive(Settings(archive), books)) as database:
        add_people(database)
        for book, records in books.items():
            [page] = database.pages(book.accession)
            whole = ((0.0, 0.0), (1400.0, 0.0), (1400.0, 900.0), (0.0, 900.0))
            told = PageReading(None, 0, 0.0, book.form, 1.0, whole, records=tuple(records))
            database.keep_reading(page, [told], [])
