"""What people did with the pages of a book: order, tray, gutters; appended, and undone likewise.

A page keeps the number that it came with, by which records are called; where it stands is told by
the acts alone. No act loses a scan: a page in the tray keeps its master.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.errors import ConflictError
from pipeline.store import chain
from pipeline.store.database import Database, metadata, now
from pipeline.values import Gutter
from pipeline.words import _

Kind = Literal["move", "reject", "rescan", "split", "close", "undo"]
_act = sa.Table(
    "page_act",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("accession", sa.ForeignKey("book.accession"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("page", sa.Integer, nullable=False),
    sa.Column("other", sa.Integer, nullable=False),
    sa.Column("gutter", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("time", sa.Text, nullable=False),
    sqlite_autoincrement=True,  # an act that undoes another names its number
)


@dataclass(frozen=True, slots=True)
class PageAct:
    """One act of a person on the pages of a book.

    Attributes:
        kind: `move`: `page` stands behind `other`, 0: before all; `reject`: `page` lies in the
            tray; `rescan`: `page` stands where `other` stood, which lies in the tray; `split`:
            `page`, 0: every page without a line of its own, is parted at `gutter`, None: no longer;
            `close`: no more pages are to come; `undo`: the act with the number `other` does not
            count, unless that is undone too.
        number: of the act in the archive; 0 before it is kept.
        time: UTC, ISO 8601.
    """

    kind: Kind
    page: int = 0
    other: int = 0
    gutter: Gutter | None = None
    number: int = 0
    person: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the pages of a book stand.

    Attributes:
        order: numbers of all pages, also of those in the tray: they keep their place.
        tray: numbers of the rejected ones.
        gutters: by number of the page; 0 is for those without a line of their own.
        is_closed: no more pages are to come.
    """

    order: tuple[int, ...]
    tray: frozenset[int] = frozenset()
    gutters: Mapping[int, Gutter] = field(default_factory=dict)
    is_closed: bool = False


Follow = Callable[[Connection, str, Arrangement, Arrangement], None]


def arrange(numbers: Sequence[int], acts: Sequence[PageAct]) -> Arrangement:
    """Return how pages stand after acts.

    Args:
        numbers: of all pages.
        acts: in their order.
    """
    undone = _undone(acts)
    order, tray, gutters, is_closed = sorted(numbers), set[int](), dict[int, Gutter](), False
    for act in acts:
        counts = act.number not in undone
        if act.kind == "rescan":  # undone, it is the new scan that lies in the tray
            _put_behind(order, act.page, act.other)
            tray.add(act.other if counts else act.page)
        elif not counts:
            continue
        elif act.kind == "move":
            _put_behind(order, act.page, act.other)
        elif act.kind == "reject":
            tray.add(act.page)
        elif act.kind == "close":
            is_closed = True
        elif act.kind == "split" and act.gutter is not None:
            gutters[act.page] = act.gutter
        elif act.kind == "split":
            gutters.pop(act.page, None)
    return Arrangement(tuple(order), frozenset(tray & set(order)), gutters, is_closed)


def last_to_undo(acts: Sequence[PageAct]) -> PageAct | None:
    """Return the last act that counts and that undoing would take back; None: there is none."""
    undone = _undone(acts)
    return next(
        (act for act in reversed(acts) if act.kind != "undo" and act.number not in undone), None
    )


def _undone(acts: Sequence[PageAct]) -> set[int]:
    undone: set[int] = set()
    for act in reversed(acts):
        if act.kind == "undo" and act.number not in undone:
            undone.add(act.other)
    return undone


def _put_behind(order: list[int], page: int, other: int) -> None:
    if page not in order or page == other:
        return
    order.remove(page)
    order.insert(order.index(other) + 1 if other in order else 0, page)


class Arrangements:
    """The acts of all books; made when the archive has none."""

    def __init__(self, database: Database, follow: Follow | None = None) -> None:
        """Open them.

        Args:
            database: of the archive.
            follow: told, in the transaction of an act that puts pages into the tray or takes
                them out, how the book's pages stood before and stand now.
        """
        self._database, self._follow = database, follow
        database.make(_act)

    def acts(self, accession: str, connection: Connection | None = None) -> list[PageAct]:
        """Return what was done with the pages of a book, in order."""
        told = sa.select(_act).where(_act.c.accession == accession).order_by(_act.c.number)
        if connection is not None:
            return [_made(row) for row in connection.execute(told)]
        with self._database.read() as reading:
            return [_made(row) for row in reading.execute(told)]

    def arrangement(self, accession: str) -> Arrangement:
        """Return how the pages of a book stand."""
        numbers = [page.number for page in self._database.all_pages(accession)]
        return arrange(numbers, self.acts(accession))

    def last_number(self, connection: Connection, accession: str) -> int:
        """Return the number of the last act on a book's pages, 0 when there is none."""
        last = sa.select(sa.func.max(_act.c.number)).where(_act.c.accession == accession)
        return connection.execute(last).scalar() or 0

    def is_closed(self, accession: str) -> bool:
        """Say whether no more pages are to come to a book."""
        return arrange((), self.acts(accession)).is_closed

    def closed_books(self) -> frozenset[str]:
        """Return the books to which no more pages are to come."""
        told = sa.select(_act).where(_act.c.kind.in_(("close", "undo"))).order_by(_act.c.number)
        acts: dict[str, list[PageAct]] = {}
        with self._database.read() as connection:
            for row in connection.execute(told):
                acts.setdefault(row.accession, []).append(_made(row))
        return frozenset(book for book, own in acts.items() if arrange((), own).is_closed)

    def add(self, connection: Connection, accession: str, act: PageAct, person: str) -> int:
        """Append an act and let it count, in the caller's transaction; return its number.

        Raises:
            ConflictError: it names a page or an act that is not there, or is undone already.
        """
        acts = self.acts(accession, connection)
        numbers = self._database.page_numbers(connection, accession)
        if not _fits(act, numbers, acts):
            raise ConflictError(
                _("các trang của sổ {book} đã đổi trong lúc ấy; hãy xem lại rồi làm tiếp").format(
                    book=accession
                )
            )
        row = {
            "accession": accession,
            "kind": act.kind,
            "page": act.page,
            "other": act.other,
            "gutter": json.dumps(act.gutter) if act.gutter else "",
            "person": person,
            "time": now(),
        }
        key = connection.execute(sa.insert(_act).values(row)).inserted_primary_key
        assert key is not None
        told = chain.row_sum({"number": key[0], **row})
        chain.append(
            connection,
            now(),
            person,
            f"page.{act.kind}",
            f"page_act:{key[0]}",
            told,
            book=accession,
        )
        before, stands = arrange(numbers, acts), arrange(numbers, self.acts(accession, connection))
        self._database.arrange_pages(
            connection, accession, stands.order, stands.tray, stands.gutters
        )
        if self._follow and before.tray != stands.tray:
            self._follow(connection, accession, before, stands)
        return int(key[0])

    def contents(self, connection: Connection) -> Iterator[tuple[str, str]]:
        """Return the acts that the log bears witness to: subjects, and what is there now."""
        for row in connection.execute(sa.select(_act)).mappings():
            yield f"page_act:{row['number']}", chain.row_sum(row)


def _fits(act: PageAct, numbers: Sequence[int], acts: Sequence[PageAct]) -> bool:
    """Say whether an act is about what is there: another person may have been faster."""
    stands = arrange(numbers, acts)
    pages = set(numbers)
    if act.kind == "undo":
        return any(one.number == act.other for one in acts) and act.other not in _undone(acts)
    if act.kind == "close":
        return not stands.is_closed
    if act.kind == "reject":
        return act.page in pages - stands.tray
    if act.kind == "rescan":
        return act.page in pages and act.other in pages - stands.tray - {act.page}
    if act.kind == "move":
        return act.page in pages and act.other in {0, *pages} - {act.page}
    return act.page in {0, *pages}


def _made(row: sa.Row[tuple[object, ...]]) -> PageAct:
    told = row._mapping
    gutter = Gutter(*json.loads(told["gutter"])) if told["gutter"] else None
    return PageAct(
        told["kind"],
        told["page"],
        told["other"],
        gutter,
        told["number"],
        told["person"],
        told["time"],
    )
