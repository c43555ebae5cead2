"""The log: read, searched for who saw a record, and checked against the database."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pipeline.archive.package import LOG_HEAD, bag_info
from pipeline.desk.seeing import seen_books, seen_entry
from pipeline.errors import RightsError, UsageError
from pipeline.ingest.intake import BOOKS
from pipeline.settings import Settings
from pipeline.store import accounts, chain
from pipeline.store.arrangement import Arrangements
from pipeline.store.chain import Break, Event, Head
from pipeline.store.database import Database, contents, now
from pipeline.store.extracts import Extracts
from pipeline.store.links import Links
from pipeline.store.review import Review
from pipeline.values import Asker
from pipeline.words import _

_PART = 500  # events that are looked through at a time


def find_breaks(
    database: Database, settings: Settings, asker: Asker, known: Iterable[Head] = ()
) -> list[Break]:
    """Compare the log with itself, and all it bears witness to with what is in the database.

    That it was compared, and what came of it, is logged too.

    Args:
        database: of the archive.
        settings: likewise.
        asker: who compares.
        known: heads that were kept elsewhere than in the packages of the archive.

    Raises:
        RightsError: the asker administers some places only; this tells of all.
    """
    if asker.rights.places is not None:
        raise RightsError(_("chỉ quản trị viên ở mọi nơi mới kiểm được toàn bộ nhật ký"))
    links, acts, review = Links(database), Arrangements(database), Review(database)
    extracts = Extracts(database)
    accounts.Accounts(database)
    kept = [*known, *packed_heads(settings.archive)]  # before the log: it only grows
    with database.read() as connection:
        found = {
            **contents(connection),
            **accounts.contents(connection),
            "link_decision": links.contents(connection),
            "page_act": acts.contents(connection),
            "lot": review.contents(connection),
            "extract": extracts.contents(connection),
        }
        breaks = list(chain.find_breaks(connection, found, kept))
    with database.write() as connection:
        chain.append(connection, now(), asker.person, "audit.checked", breaks=len(breaks))
    return breaks


def packed_heads(archive: Path) -> list[Head]:
    """Return the heads of the log that the packages of an archive keep.

    Also those of packages that the database does not know. A line that is no head tells nothing
    here: that it was changed is for the sums of the package to find.
    """
    found = []
    for package in sorted((archive / BOOKS).glob("*")):
        with suppress(UsageError):
            found.append(read_head(bag_info(package).get(LOG_HEAD, "")))
    return found


def head(database: Database) -> Head:
    """Return the newest event's place and hash, to be kept elsewhere."""
    with database.read() as connection:
        return chain.head(connection)


def read_head(text: str) -> Head:
    """Return a head as it was printed.

    Raises:
        UsageError: the text is none.
    """
    sequence, _colon, total = text.strip().partition(":")
    if not sequence.isdecimal() or len(total) != len(chain.FIRST):
        raise UsageError(_("“{text}” không phải đầu nhật ký: cần SỐ:64 chữ số").format(text=text))
    return Head(int(sequence), total.lower())


def events(
    database: Database, asker: Asker, *, kind: str = "", until: int = 0, limit: int = 100
) -> list[Event]:
    """Return events, the newest first: of kinds that begin so, before a place in the log.

    Who administers some places sees what was done to their books; sign-ins and accounts are for
    those who administer all.
    """
    with database.read() as connection:
        until = until or chain.head(connection).sequence + 1
        if asker.rights.places is None:
            return chain.events(connection, kind=kind, until=until, limit=limit)
        own = _own_books(database, asker)
        found: list[Event] = []
        while len(found) < limit:
            part = chain.events(connection, kind=kind, until=until, limit=_PART)
            found += [_within(event, own) for event in part if _books_of(event) & own]
            if len(part) < _PART:
                break
            until = part[-1].sequence
        return found[:limit]


def seen_by(database: Database, asker: Asker, record: str) -> list[Event]:
    """Return who saw a record or took it out, the newest first.

    The person it is about may ask for that.

    Raises:
        MissingError: there is no such record in the places that the asker administers.
    """
    seen_entry(database, asker, record)
    with database.read() as connection:
        found = [*chain.events(connection, kind="look."), *chain.events(connection, kind="export.")]
    found.sort(key=lambda event: event.sequence, reverse=True)
    return [event for event in found if record in event.told.get("records", ())]


def _own_books(database: Database, asker: Asker) -> frozenset[str]:
    return frozenset(book.accession for book in seen_books(database, asker))


def _within(event: Event, books: frozenset[str]) -> Event:
    """Return an event without the records of other books."""
    records = event.told.get("records", ())
    own = [one for one in records if one.partition("/")[0] in books]
    return event._replace(told={**event.told, "records": own})


def _books_of(event: Event) -> set[str]:
    """Return the accessions of the books that an event is about."""
    ids = [*event.told.get("records", ()), event.subject.partition(":")[2]]
    return {id_.partition("/")[0] for id_ in ids}


def kind_words(kind: str) -> str:
    """Return what an event's kind is called; a new one is shown as it is."""
    sort, _dot, act = kind.partition(".")
    return {
        "decision": _("quyết định một trường"),
        "look.search": _("tra cứu"),
        "look.entry": _("xem bản ghi"),
        "look.entries": _("đọc bản ghi của sổ bằng chương trình"),
        "look.page": _("xem trang sổ"),
        "look.picture": _("xem ảnh dòng"),
        "look.neighbours": _("xem dòng bên cạnh"),
        "look.review": _("mở để đối chiếu"),
        "look.links": _("xem liên hệ"),
        "look.inspect": _("xem để nghiệm thu"),
        "look.certify": _("xem để cấp trích lục"),
        "look.extract": _("xem trích lục đã cấp"),
        "export.extract": _("cấp trích lục"),
        "rules.changed": _("đổi ngưỡng đối chiếu"),
        "settings.changed": _("đổi cài đặt"),
        "lot.drawn": _("lập lô, rút mẫu"),
        "lot.judged": _("xem một bản ghi của mẫu"),
        "lot.accepted": _("nhận lô"),
        "lot.returned": _("trả lại lô"),
        "pages.retried": _("đọc lại trang hỏng"),
        "fixity.checked": _("kiểm tra nguyên vẹn"),
        "audit.checked": _("kiểm tra nhật ký"),
        "browser.begun": _("đăng nhập"),
        "browser.refused": _("đăng nhập sai"),
        "browser.ended": _("phiên kết thúc"),
        "token.begun": _("tạo khóa"),
        "token.ended": _("khóa kết thúc"),
        "account.added": _("thêm tài khoản"),
        "account.grants": _("đổi quyền"),
        "account.password": _("đổi mật khẩu"),
        "account.second_factor": _("đổi mã sáu số"),
        "book.added": _("lập sổ"),
        "book.changed": _("sửa phiếu sổ"),
        "master.added": _("nạp bản quét"),
        "page.read": _("đọc xong trang"),
        "page.failed": _("trang đọc hỏng"),
        "records.read": _("bản ghi của sổ"),
        "records.imported": _("nhập bản ghi"),
        "adopted": _("nhận vào nhật ký"),
    }.get(kind, f"{sort} {act}".strip())


def break_sentence(one: Break) -> str:
    """Return what a break means, and where it is."""
    told = {
        "event": _("sự kiện {sequence} của nhật ký bị sửa"),
        "gap": _("nhật ký thiếu sự kiện ngay trước {sequence}"),
        "head": _("nhật ký không còn sự kiện {sequence} như đã ghi lại: bị cắt hoặc làm lại"),
        "changed": _("{subject} bị sửa sau sự kiện {sequence}"),
        "gone": _("{subject} bị xóa sau sự kiện {sequence}"),
        "unknown": _("{subject} được thêm vào không qua chương trình"),
    }
    return told[one.what].format(sequence=one.sequence, subject=one.subject)
