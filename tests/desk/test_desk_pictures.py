"""Seals and red notes are seen on screens as they are on the paper."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.desk.pictures import page_of, page_picture, record_picture
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.values import Pixels, Record, Rights
from tests.reviewing_archive import BOOK, HEIGHT, KEYS, ROW, WIDTH, entry, make_archive, picture

RED = (40, 40, 200)  # BGR
CLOSED = Rights(places=None, sensitive=False)
SENSITIVE = Rights(places=None, sensitive=True)
FIRST = entry(BOOK, 1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    made = make_archive(settings, {BOOK: [FIRST]})
    yield made
    made.close()


def put(settings: Settings, pixels: Pixels) -> None:
    """Let the master be another picture."""
    file = settings.archive / "books" / BOOK.accession / "data" / "masters" / "0001.png"
    cv2.imwrite(str(file), pixels)


def sealed() -> Pixels:
    """Return a page in colour with a red seal over its first row."""
    pixels = cv2.cvtColor(picture(), cv2.COLOR_GRAY2BGR)
    cv2.circle(pixels, (300, 60 + ROW + ROW // 2), 25, RED, -1)
    return pixels.astype(np.uint8)


def decoded(jpeg: bytes) -> Pixels:
    found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return found.astype(np.uint8)


def row_of(database: Database, settings: Settings, record: Record, rights: Rights) -> Pixels:
    page = page_of(database, BOOK.accession, record.page)
    return decoded(record_picture(database, settings, record, page, rights))


def reddest(pixels: Pixels) -> int:
    told = pixels.astype(int)
    return int((told[..., 2] - told[..., 1]).max())


def test_a_red_seal_is_red_on_the_row_and_on_the_page(
    database: Database, settings: Settings
) -> None:
    put(settings, sealed())
    row = row_of(database, settings, FIRST, SENSITIVE)
    page = decoded(page_picture(database, settings, BOOK.accession, 1, SENSITIVE))
    assert page.shape == (HEIGHT, WIDTH, 3)
    assert reddest(row) > 100 and reddest(page) > 100
    assert row.shape[1] > 180 * len(KEYS)


def test_what_is_closed_is_covered_in_grey_and_paper_around_a_page_is_white(
    database: Database, settings: Settings
) -> None:
    pixels = sealed()
    left = 40 + 180 * KEYS.index("nksDanToc")
    pixels[60 + ROW : 60 + 2 * ROW, left : left + 180] = RED
    put(settings, pixels)
    at = (slice(ROW // 2, ROW), slice(left + 30, left + 150))  # of the row's picture
    shown = row_of(database, settings, FIRST, SENSITIVE)
    covered = row_of(database, settings, FIRST, CLOSED)
    assert reddest(shown[at]) > 100
    assert reddest(covered[at]) < 10 and abs(int(covered[at].mean()) - 128) < 5
    edge = entry(BOOK, 0)
    beyond = tuple((x - 60, y - 80) for x, y in edge.polygon)  # over the page's upper left corner
    edge = replace(edge, polygon=beyond)
    cut = row_of(database, settings, edge, SENSITIVE)
    assert cut[5, 5].min() > 245


def test_a_grey_master_stays_grey(database: Database, settings: Settings) -> None:
    row = row_of(database, settings, FIRST, CLOSED)
    page = decoded(page_picture(database, settings, BOOK.accession, 1, SENSITIVE))
    assert row.ndim == page.ndim == 2
