"""Pictures for screens: pages made once from their masters, parts of them cut out and encoded anew.

A foreign master is opened in its limited child only and is never handed on.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock

import cv2
import numpy as np

from pipeline.errors import MissingError, StorageError
from pipeline.flow.book import package_of
from pipeline.flow.reviewing import sensitive_in
from pipeline.ingest.files import shown_frame
from pipeline.review.pictures import (
    Cut,
    Planes,
    covered,
    cut_of,
    in_part,
    part_of,
    planes_of,
)
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.store.durable import durable_write
from pipeline.values import Page, Pixels, Polygon, Record, Rights
from pipeline.words import _

# One at a time: a screen asks for all rows of a page at once, and a scan opened takes 300 MB.
_making = Lock()
_RECORD_MARGIN = 0.25  # paper around a record, as a share of its height
_PAGE_QUALITY, _PART_QUALITY = 88, 82  # of JPEG; parts are small, pages are cut from


def page_file(database: Database, settings: Settings, page: Page) -> Path:
    """Return the picture of a page in `work/`, made when it is not there.

    Raises:
        StorageError: the master is gone from the disk, or cannot be opened any more.
    """
    name = f"{page.number:04}-{page.master[:16]}-{page.frame}-shown.jpg"
    file = settings.archive / "work" / "pictures" / page.accession / name
    if file.exists():
        return file
    with _making:  # of several that ask at once, one makes it
        if not file.exists():
            _make(database, settings, page, file)
    return file


def _make(database: Database, settings: Settings, page: Page, file: Path) -> None:
    found = database.find_master(page.master)
    if found is None:
        raise StorageError(_("không thấy bản gốc của trang {number}").format(number=page.number))
    accession, master = found
    source = package_of(settings.archive, accession) / master.path
    durable_write(file, shown_frame(source, page.frame, master.name, settings.ingest))


def page_pixels(database: Database, settings: Settings, page: Page) -> Pixels:
    """Return the picture of a page, grey or in BGR."""
    return _decoded(page_file(database, settings, page))


def _decoded(file: Path) -> Pixels:
    read = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_ANYCOLOR)
    if read is None:
        raise StorageError(_("ảnh {file} hỏng; hãy xóa tệp ấy").format(file=file))
    return np.asarray(read, np.uint8)


@lru_cache(maxsize=2)  # a screen shows many parts of one page
def _planes(file: Path) -> Planes:
    return planes_of(_decoded(file))


def part(
    database: Database,
    settings: Settings,
    page: Page,
    cut: Cut,
    hidden: Sequence[Polygon] = (),
) -> bytes:
    """Return a part of a page as a JPEG; `cut` and what is to be covered are px of the scan."""
    planes = _planes(page_file(database, settings, page))
    height, width = planes.grey.shape
    # The picture may have fewer px than the scan that polygons are told in.
    shrunk = np.diag([page.width_px / width, page.height_px / height, 1.0])
    found = part_of(planes, cut._replace(warp=cut.warp @ shrunk))
    return _encoded(covered(found, in_part(cut, hidden)) if hidden else found, _PART_QUALITY)


def _scaled(page: Page, pixels: Pixels, polygons: Sequence[Polygon]) -> list[Polygon]:
    """Return polygons of a scan in px of its picture, which may have fewer."""
    height, width = pixels.shape[:2]
    across, down = width / page.width_px, height / page.height_px
    return [tuple((x * across, y * down) for x, y in polygon) for polygon in polygons]


def record_cut(record: Record) -> Cut:
    """Return the part of its page that shows a record, with a margin, px of the scan."""
    return cut_of(record.polygon, _RECORD_MARGIN)


def closed_parts(records: Iterable[Record], rights: Rights) -> list[Polygon]:
    """Return where fields of records stand that these rights leave closed, px of the scan."""
    if rights.sensitive:
        return []
    return [
        field.polygon
        for record in records
        for field in record.fields
        if field.polygon and field.key in sensitive_in(record.form)
    ]


def record_picture(
    database: Database, settings: Settings, record: Record, page: Page, rights: Rights
) -> bytes:
    """Return the picture of a record's row or form, a JPEG; what is closed is covered.

    Args:
        database: of the archive.
        settings: likewise.
        record: all of the page is shown when it does not know where on it it stands.
        page: that it stands on.
        rights: of who sees it.
    """
    width, height = page.width_px, page.height_px
    whole = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    cut = record_cut(record) if record.polygon else cut_of(whole, margin=0.0)
    return part(database, settings, page, cut, closed_parts([record], rights))


def page_picture(
    database: Database, settings: Settings, accession: str, number: int, rights: Rights
) -> bytes:
    """Return the picture of a page, a JPEG made from its master; what is closed is covered.

    Raises:
        MissingError: there is no such page, or nobody knows yet where its closed fields stand.
    """
    page = page_of(database, accession, number)
    if rights.sensitive:
        return page_file(database, settings, page).read_bytes()
    readings = database.readings(accession, number)
    if not readings:
        raise MissingError(
            _("trang {number} chưa được đọc, nên chưa che được trường nhạy cảm").format(
                number=number
            )
        )
    closed = closed_parts((one for side in readings for one in side.records), rights)
    pixels = page_pixels(database, settings, page)
    return _encoded(covered(pixels, _scaled(page, pixels, closed)), _PAGE_QUALITY)


def page_of(database: Database, accession: str, number: int) -> Page:
    """Return a page of a book.

    Raises:
        MissingError: there is none of that number.
    """
    page = database.page(accession, number)
    if page is None:
        raise MissingError(_("không có trang {number}").format(number=number))
    return page


def _encoded(pixels: Pixels, quality: int) -> bytes:
    _done, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(coded.tobytes())
