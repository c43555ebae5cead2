"""A clerk, an archive and scans for the tests of the scanning desk."""

import sys
from dataclasses import replace
from pathlib import Path

from pipeline.desk import accounts
from pipeline.desk.archive import open_archive
from pipeline.desk.books import book_card
from pipeline.desk.scanning import add_book
from pipeline.rights import Grant, Person, asker
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.values import Asker, Book

sys.path.insert(0, str(Path(__file__).parent.parent / "ingest"))
from ingest_samples import save, written_page

PASSWORD = "con mèo ngủ trên mái"
VAN_TRUNG = "Xã Vân Trung, huyện Việt Yên, tỉnh Bắc Giang"
SIZE = (413, 585)  # A4 at 50 dpi: the desk does not care
ADMIN = Person("quan", "Quân", (Grant("administrator"), Grant("clerk")))
EVERYWHERE = asker(ADMIN, "clerk")


def office(archive: Path) -> tuple[Database, Settings, Asker]:
    """Return an archive and its clerk, who scans Vân Trung's books."""
    settings = Settings(archive)
    database = open_archive(settings, make=True)
    accounts.add_first(database, "quan", "Quân", PASSWORD)
    grant = Grant("clerk", frozenset({VAN_TRUNG}))
    accounts.add_account(database, ADMIN, "lan", "Lan", PASSWORD, [grant])
    return database, settings, asker(Person("lan", "Lan", (grant,)), "clerk")


def birth_book(
    database: Database, settings: Settings, who: Asker, volume: str = "02", pages: int | None = 4
) -> Book:
    card = book_card("birth_table", VAN_TRUNG, (1987, 1987), volume, pages=pages)
    return add_book(database, settings, who, card)


def scan(folder: Path, seed: int, name: str = "") -> Path:
    """Return a file that shows a page of its own."""
    folder.mkdir(exist_ok=True)
    return save(folder / (name or f"scan {seed}.jpg"), written_page(seed, size=SIZE), dpi=50)


def elsewhere(who: Asker) -> Asker:
    """Return the same person without rights to any place."""
    return replace(who, rights=replace(who.rights, places=frozenset()))
