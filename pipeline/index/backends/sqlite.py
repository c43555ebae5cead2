"""The embedded index: tables in the archive's own database, one commit with the records.

Names are compared letter by letter with all entries of the years in question (`patterns.py`): the
bits of a book's entries of one year are one row, and a process keeps them in memory while nothing
is written. Those that look most alike are compared by their syllables (`sift.py`), whose text
stands in a narrow table of its own; only what is left is read as a whole. Numbers of books,
entries and parcels stand in a full-text table of keys.

That table is one without content, which cannot delete (before SQLite 3.43), so a replaced document
leaves its keys behind under a number that no document has any more; `replace_all` sweeps them out.
"""

import heapq
import json
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.index.documents import Document, Name, Year, may_see
from pipeline.index.keys import document_years, key_rules, number_keys, wanted_numbers
from pipeline.index.patterns import WORDS, Bits, Scores, most, resemblance, row, score
from pipeline.index.sift import sift, written
from pipeline.index.syllables import is_open
from pipeline.index.wanted import Query, place_name
from pipeline.settings import IndexSettings
from pipeline.store.database import Database
from pipeline.values import EVERYTHING, Rights

_BATCH = 1000  # documents in one transaction of a rebuild: others may write in between
_COMMON = 3000  # a key of more documents tells little, and reading them all costs time
_DOCUMENTS, _KEYS, _SHEETS, _LATE = "index_document", "index_key", "index_sheet", "index_late"
_NAMES = "index_name"  # what `sift` reads
_TABLES = (_DOCUMENTS, _KEYS, _SHEETS, _NAMES)
_STAMPS = "index_stamp"  # one number: how often was written
_OLD = ("search_document", "search_key", "search_late")  # of the first version of sohoa
_NEWEST = 2**62  # more than any revision
_VARIABLES = 400  # in one statement; old builds of SQLite allow 999
_RULES = "sqlite index"  # name of the fact: by which rules it was built
_NEXT = "_next"  # tables of a rebuild, until they take the others' place
_COLUMNS = 1 + 2 * WORDS  # of a sheet: the documents' numbers, then their bits

_YEAR, _NEAR_YEAR, _LIKE_YEAR = 1.0, 0.5, 0.4  # in weights of `patterns`: one part of a name is 1
_NEAR = 3  # years that people are mistaken by
_PLACE = 1.5
_GOOD = 0.45  # of what a query could have; below it all years are looked through
_SIFTED = 500  # of those that look alike; more cost time and hardly hold anyone else
_KEPT = 0.3  # share of the answer that goes by looks alone, whatever the sieve says
_FINE = 30_000  # entries that are looked at syllable by syllable; more hold hardly anyone else
_NOT_HERE = np.float32(-np.inf)
_SLICE = 1 << 15  # entries whose letters are counted at once: they stay in the processor's cache

_late = sa.Table(_LATE, sa.MetaData(), sa.Column("accession", sa.Text, primary_key=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Sheets:
    """What the names of all entries look like, by year.

    Attributes:
        stamp: of the database when they were read.
        heads: of each sheet its year (0: none), accession, place and kind.
        years: of each sheet; likewise `groups`, which of `known_groups` it belongs to.
        known_groups: place and kind.
        numbers: of the entries; likewise `sheet_of`, the place of its sheet in `heads`.
        bits: shape (2 * WORDS, entries).
    """

    stamp: str
    heads: Sequence[tuple[int, str, str, str]]
    years: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    known_groups: Sequence[tuple[str, str]]
    numbers: npt.NDArray[np.uint64]
    sheet_of: npt.NDArray[np.int32]
    bits: Bits


class _Found(NamedTuple):
    """Entries that look like what is asked for: numbers, worth of names, of year and place."""

    numbers: npt.NDArray[np.uint64]
    names: Scores
    worth: Scores


_NOBODY = _Found(np.zeros(0, np.uint64), np.zeros(0, np.float32), np.zeros(0, np.float32))


class SqliteIndex:
    """Documents, their letters and their keys beside the records."""

    enough = 60

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sheets = _bound("", [], [])
        with database.read() as connection:
            tables = set(sa.inspect(connection).get_table_names())
        if not tables.issuperset(_TABLES):
            with database.write() as connection:
                _create(connection, "")
                # What an older sohoa had built is of no use: it must be built anew.
                rules = "" if tables.isdisjoint((*_OLD, _DOCUMENTS)) else "1"
                for name in _OLD:
                    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
                database.keep_fact(connection, _RULES, rules or key_rules())

    def put(self, documents: Iterable[Document], connection: Connection | None = None) -> None:
        """Put documents in; one with the same id is replaced."""
        with self._writing(connection) as writing:
            for batch in _batches(documents):
                _note_late(writing, (item.accession for item in batch))
                _insert(writing, "", batch)

    def remove(self, accession: str, revision: int, connection: Connection | None = None) -> None:
        """Take all documents of a book out that are older than the revision."""
        table = _table("")
        is_older = sa.and_(table.c.accession == accession, table.c.revision < revision)
        with self._writing(connection) as writing:
            _note_late(writing, [accession])
            gone = writing.execute(sa.select(table.c.number).where(is_older)).scalars().all()
            names = _name_table("")
            older = sa.select(table.c.number).where(is_older)
            writing.execute(sa.delete(names).where(names.c.number.in_(older)))
            writing.execute(sa.delete(table).where(is_older))
            _take_out(writing, "", accession, gone)

    def take_out(
        self,
        accession: str,
        ids: Collection[str],
        revision: int,
        connection: Connection | None = None,
    ) -> None:
        """Take documents of a book out that are older than the revision; some may not be there."""
        told = [(accession, id_) for id_ in ids]
        with self._writing(connection) as writing:
            _note_late(writing, [accession])
            _delete(writing, "", _known(writing, _table(""), told, older_than=revision))

    def candidates(self, query: Query, limit: int, rights: Rights = EVERYTHING) -> list[Document]:
        """Return the documents that share most with the query, the likeliest first."""
        if limit < 1:
            return []
        with self._database.read() as connection:
            told = _by_numbers(connection, wanted_numbers(query), rights)
            if query.names:
                self._refresh(connection)
                found = _by_names(self._sheets, query, rights)
                named = _sifted(connection, _likeliest(found, max(limit, _SIFTED)), query, limit)
                told = list(dict.fromkeys([*told[: limit // 2], *named, *told]))
            return _fetch(connection, told, limit, rights)

    def count(self, rights: Rights = EVERYTHING) -> int:
        """Return how many documents are in the index, of those that may be seen."""
        table = _table("")
        counted = sa.select(sa.func.count()).select_from(table).where(_may_see(table, rights))
        with self._database.read() as connection:
            return connection.execute(counted).scalar_one()

    def replace_all(self, documents: Iterable[Document]) -> None:
        """Build the index anew from these; searches see the old one until it is complete.

        Books that others write meanwhile are taken over as they wrote them.
        """
        with self._database.write() as connection:
            for name in (*(table + _NEXT for table in _TABLES), _LATE):
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")  # of a killed rebuild
            _create(connection, _NEXT)
            _late.create(connection)
        for batch in _batches(documents):
            with self._database.write() as connection:
                _insert(connection, _NEXT, batch)
        with self._database.write() as connection:
            connection.exec_driver_sql(
                f"INSERT INTO {_KEYS}{_NEXT} ({_KEYS}{_NEXT}) VALUES ('optimize')"
            )
        with self._database.write() as connection:
            _swap(connection)
            _touch(connection)
            self._database.keep_fact(connection, _RULES, key_rules())

    def behind(self) -> int:
        """Return 0: all commits together."""
        return 0

    def catch_up(self) -> None:
        """Do nothing: all commits together."""

    def rules(self) -> str:
        """Return `keys.key_rules()` of when it was built; empty when it has nothing yet."""
        with self._database.read() as connection:
            return self._database.fact(connection, _RULES)

    def _refresh(self, connection: Connection) -> None:
        """Read the sheets again when something was written."""
        stamp = str(connection.exec_driver_sql(f"SELECT stamp FROM {_STAMPS}").scalar_one())
        if stamp != self._sheets.stamp:
            self._sheets = _read_sheets(connection, stamp)

    def _writing(self, connection: Connection | None) -> AbstractContextManager[Connection]:
        return nullcontext(connection) if connection else self._database.write()


def create(_settings: IndexSettings, database: Database) -> SqliteIndex:
    """Return the index in the archive's database, made when it is not there."""
    return SqliteIndex(database)


def _table(suffix: str) -> sa.Table:
    return sa.Table(
        _DOCUMENTS + suffix,
        sa.MetaData(),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("accession", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("card", sa.Text, nullable=False),
        sa.UniqueConstraint("accession", "id"),
        sqlite_autoincrement=True,  # a number is never used again: see the head of this file
    )


def _sheet_table(suffix: str) -> sa.Table:
    """Return the table of letters: `rows` has one column of uint64 after another, see _COLUMNS."""
    return sa.Table(
        _SHEETS + suffix,
        sa.MetaData(),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("accession", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("rows", sa.LargeBinary, nullable=False),
    )


def _name_table(suffix: str) -> sa.Table:
    return sa.Table(
        _NAMES + suffix,
        sa.MetaData(),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("said", sa.Text, nullable=False),
    )


def _create(connection: Connection, suffix: str) -> None:
    _table(suffix).create(connection, checkfirst=True)
    _sheet_table(suffix).create(connection, checkfirst=True)
    _name_table(suffix).create(connection, checkfirst=True)
    connection.exec_driver_sql(
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {_KEYS}{suffix} USING fts5(keys, content='', "
        "detail=none, columnsize=0, tokenize=\"ascii tokenchars '/_'\")"
    )
    connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {_STAMPS} (stamp INTEGER NOT NULL)")
    connection.exec_driver_sql(
        f"INSERT INTO {_STAMPS} SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM {_STAMPS})"
    )


def _touch(connection: Connection) -> None:
    """Let the processes that keep the letters in memory know that they changed."""
    connection.exec_driver_sql(f"UPDATE {_STAMPS} SET stamp = stamp + 1")


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    left = iter(documents)
    while batch := list(islice(left, _BATCH)):
        yield batch


# Writing


def _insert(connection: Connection, suffix: str, documents: Sequence[Document]) -> None:
    """Put documents in; of two with one id the later stays."""
    table = _table(suffix)
    last = connection.exec_driver_sql(
        "SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)
    ).scalar()
    by_id = {item.id: item for item in documents}
    numbered = list(enumerate(by_id.values(), start=(last or 0) + 1))
    told = [(item.accession, item.id) for item in by_id.values()]
    _delete(connection, suffix, _known(connection, table, told))
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} (number, accession, id, place, kind, revision, card) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (number, item.accession, item.id, item.place, item.kind, item.revision, _card(item))
            for number, item in numbered
        ],
    )
    connection.exec_driver_sql(
        f"INSERT INTO {_KEYS}{suffix} (rowid, keys) VALUES (?, ?)",
        [(number, " ".join(number_keys(item))) for number, item in numbered],
    )
    connection.exec_driver_sql(
        f"INSERT INTO {_NAMES}{suffix} (number, said) VALUES (?, ?)",
        [(number, written(item)) for number, item in numbered],
    )
    _put_on_sheets(connection, suffix, numbered)


def _delete(connection: Connection, suffix: str, documents: Mapping[str, list[int]]) -> None:
    """Delete documents, told by book."""
    table, names = _table(suffix), _name_table(suffix)
    for accession, gone in documents.items():
        for start in range(0, len(gone), _VARIABLES):
            part = gone[start : start + _VARIABLES]
            connection.execute(sa.delete(table).where(table.c.number.in_(part)))
            connection.execute(sa.delete(names).where(names.c.number.in_(part)))
        _take_out(connection, suffix, accession, gone)


def _known(
    connection: Connection,
    table: sa.Table,
    documents: Sequence[tuple[str, str]],
    older_than: int = _NEWEST,
) -> Mapping[str, list[int]]:
    """Return by book the numbers of those documents (book, id) that are there."""
    found: dict[str, list[int]] = defaultdict(list)
    for start in range(0, len(documents), _VARIABLES):
        part = documents[start : start + _VARIABLES]
        marks = ", ".join(["(?, ?)"] * len(part))
        # A join, since `(accession, id) IN (VALUES ...)` reads the whole index each time.
        rows = connection.exec_driver_sql(
            f"WITH told (accession, id) AS (VALUES {marks}) SELECT accession, number "
            f"FROM told CROSS JOIN {table.name} USING (accession, id) WHERE revision < ?",
            (*(text for pair in part for text in pair), older_than),
        )
        for accession, number in rows:
            found[accession].append(number)
    return found


def _put_on_sheets(
    connection: Connection, suffix: str, numbered: Sequence[tuple[int, Document]]
) -> None:
    table = _sheet_table(suffix).name
    new: dict[tuple[int, str, str, str], list[list[int]]] = defaultdict(list)
    for number, item in numbered:
        line = [number, *row(item)]
        for year in document_years(item) or [0]:
            new[(year, item.accession, item.place, item.kind)].append(line)
    of_sheet = "year = ? AND accession = ? AND place = ? AND kind = ?"
    for key, lines in new.items():
        there = connection.exec_driver_sql(f"SELECT rows FROM {table} WHERE {of_sheet}", key)
        rows = np.array(lines, np.uint64).T
        if blob := there.scalar():
            rows = np.concatenate([_rows(blob), rows], axis=1)
        connection.exec_driver_sql(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?, ?)", (*key, rows.tobytes())
        )
    _touch(connection)


def _take_out(connection: Connection, suffix: str, accession: str, numbers: Sequence[int]) -> None:
    """Take documents of a book off its sheets."""
    table = _sheet_table(suffix)
    for sheet in connection.execute(sa.select(table).where(table.c.accession == accession)).all():
        rows = _rows(sheet.rows)
        left = rows[:, ~np.isin(rows[0], np.array(numbers, np.uint64))]
        if left.shape[1] == rows.shape[1]:
            continue
        here = sa.and_(
            table.c.year == sheet.year,
            table.c.accession == accession,
            table.c.place == sheet.place,
            table.c.kind == sheet.kind,
        )
        if left.shape[1] == 0:
            connection.execute(sa.delete(table).where(here))
        else:
            connection.execute(sa.update(table).where(here).values(rows=left.tobytes()))
    _touch(connection)


def _rows(blob: bytes) -> npt.NDArray[np.uint64]:
    return np.frombuffer(blob, np.uint64).reshape(_COLUMNS, -1)


# Rebuilding


def _note_late(connection: Connection, accessions: Iterable[str]) -> None:
    """Remember, while a rebuild is under way, which books it may have read too early."""
    if sa.inspect(connection).has_table(_LATE):
        rows = [{"accession": accession} for accession in set(accessions)]
        connection.execute(sa.insert(_late).prefix_with("OR IGNORE"), rows)


def _swap(connection: Connection) -> None:
    """Let the new tables take the old ones' place, with the books that were written meanwhile."""
    old, new = _table(""), _table(_NEXT)
    sheets, names = _sheet_table(_NEXT), _name_table(_NEXT)
    for accession in connection.execute(sa.select(_late.c.accession)).scalars().all():
        numbers = sa.select(new.c.number).where(new.c.accession == accession)
        connection.execute(sa.delete(names).where(names.c.number.in_(numbers)))
        connection.execute(sa.delete(new).where(new.c.accession == accession))
        connection.execute(sa.delete(sheets).where(sheets.c.accession == accession))
        rows = connection.execute(sa.select(old).where(old.c.accession == accession))
        for batch in _batches(_document(one) for one in rows):
            _insert(connection, _NEXT, batch)
    for name in _TABLES:
        connection.exec_driver_sql(f"DROP TABLE {name}")
        connection.exec_driver_sql(f"ALTER TABLE {name}{_NEXT} RENAME TO {name}")
    _late.drop(connection)


# Finding by names


def _read_sheets(connection: Connection, stamp: str) -> _Sheets:
    """Read all sheets into memory, by year."""
    told = connection.exec_driver_sql(
        f"SELECT year, accession, place, kind, rows FROM {_SHEETS} ORDER BY year, accession"
    ).all()
    return _bound(stamp, [tuple(one[:4]) for one in told], [_rows(one[4]) for one in told])


def _bound(
    stamp: str, heads: Sequence[tuple[int, str, str, str]], sheets: Sequence[npt.NDArray[np.uint64]]
) -> _Sheets:
    sizes = np.array([sheet.shape[1] for sheet in sheets], np.int64)
    whole = np.empty((_COLUMNS, int(sizes.sum())), np.uint64)
    stop = 0
    for sheet in sheets:
        start, stop = stop, stop + sheet.shape[1]
        whole[:, start:stop] = sheet
    years = np.array([year for year, *_rest in heads], np.int64)
    told = [(place, kind) for _year, _accession, place, kind in heads]
    at = {group: number for number, group in enumerate(dict.fromkeys(told))}
    groups = np.array([at[group] for group in told], np.int64)
    sheet_of = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    return _Sheets(stamp, heads, years, groups, list(at), whole[0], sheet_of, whole[1:])


def _by_names(sheets: _Sheets, query: Query, rights: Rights) -> _Found:
    """Return the documents whose names look like those of the query.

    With a year, the entries of about that year come first; all are looked through only when none
    of those is good.
    """
    allowed = _allowed(sheets, rights)
    worth, best = _worth(sheets, query), most(query)
    for chosen in (allowed & (worth > 0), allowed) if query.years else (allowed,):
        found = _scored(sheets, np.where(chosen, worth, _NOT_HERE), query)
        if len(found.names) and (found.names + found.worth).max() >= _GOOD * best:
            return found
    return _NOBODY


def _allowed(sheets: _Sheets, rights: Rights) -> npt.NDArray[np.bool_]:
    """Return which sheets may be seen."""
    if rights == EVERYTHING:
        return np.ones(len(sheets.heads), np.bool_)
    told = [may_see(rights, "", place, kind) for place, kind in sheets.known_groups]
    allowed = np.array(told, np.bool_)[sheets.groups]
    if rights.closed:
        allowed &= np.array([head[1] not in rights.closed for head in sheets.heads], np.bool_)
    return allowed


def _worth(sheets: _Sheets, query: Query) -> Scores:
    """Return what the year and the place of each sheet say for its entries."""
    known, years = np.unique(sheets.years, return_inverse=True)
    worth = np.array([_year_worth(int(year), query) for year in known], np.float32)[years]
    if query.places:
        asked = [_PLACE * _is_asked(place, query) for place, _kind in sheets.known_groups]
        worth += np.array(asked, np.float32)[sheets.groups]
    return np.asarray(worth, np.float32)


def _year_worth(year: int, query: Query) -> float:
    return max((_likeness(year, wanted) for wanted in query.years), default=0.0)


def _likeness(year: int, wanted: int) -> float:
    if year == wanted:
        return _YEAR
    if not year or abs(year - wanted) <= _NEAR:
        return _NEAR_YEAR
    differ = sum(one != two for one, two in zip(str(year), str(wanted), strict=False))
    return _LIKE_YEAR if differ == 1 else 0.0


def _is_asked(place: str, query: Query) -> bool:
    return any(place_name(wanted, place) for wanted in query.places)


def _scored(sheets: _Sheets, worth: Scores, query: Query) -> _Found:
    """Return the documents that look most like what is asked for.

    Those of the very year or place are looked at syllable by syllable, and of the others those
    that have the most letters of the names; of a great many only such of both.

    Args:
        worth: of each sheet, _NOT_HERE where it is not to be looked at.
    """
    at = _entries_of(sheets, worth > _NOT_HERE)
    like, is_asked = np.zeros(len(at), np.uint16), np.zeros(len(at), np.bool_)
    tells_year = worth.max(initial=0) >= _YEAR
    for start in range(0, len(at), _SLICE):
        part = slice(start, start + _SLICE)
        some = at[part]
        is_run = some[-1] - some[0] == len(some) - 1
        bits = sheets.bits[:, slice(some[0], some[-1] + 1) if is_run else some]
        like[part] = resemblance(bits, query)
        if tells_year:
            is_asked[part] = worth[sheets.sheet_of[some]] >= _YEAR
    asked = _most_alike(like, np.flatnonzero(is_asked), _FINE)
    others = _most_alike(like, np.flatnonzero(~is_asked), max(_FINE - len(asked), _FINE // 2))
    at = at[np.sort(np.concatenate([asked, others]))]
    names = score(sheets.bits[:, at], query)
    return _Found(sheets.numbers[at], names, worth[sheets.sheet_of[at]])


def _most_alike(
    like: npt.NDArray[np.uint16], places: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.int64]:
    """Return those of the places that are the most alike, about so many."""
    if len(places) <= count:
        return places
    alike = like[places]
    sample = np.sort(alike[:: max(1, len(places) // _FINE)])
    least = sample[-max(1, len(sample) * count // len(places))]
    return np.asarray(places[alike >= least], np.int64)


def _entries_of(sheets: _Sheets, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the places of the entries of chosen sheets: those of one sheet stand together."""
    turns = np.flatnonzero(np.diff(chosen, prepend=False, append=False))
    ends = np.searchsorted(sheets.sheet_of, turns.astype(np.int32)).reshape(-1, 2)
    runs = [np.arange(start, end) for start, end in ends]
    return np.concatenate(runs) if runs else np.zeros(0, np.int64)


def _likeliest(found: _Found, limit: int) -> _Found:
    """Return the best of the year asked for and as many of others, the best of all first.

    Short names look like many others of the year; whoever is of another year would be crowded out.
    """
    of_year = found.worth >= _YEAR
    best = [_top(_only(found, group), limit) for group in (of_year, ~of_year)]
    both = [np.concatenate(parts) for parts in zip(*best, strict=True)]
    return _top(_Found(*both), 2 * limit)


def _only(found: _Found, which: npt.NDArray[Any]) -> _Found:
    return _Found(found.numbers[which], found.names[which], found.worth[which])


def _top(found: _Found, limit: int) -> _Found:
    """Return the best, best first, equals by number; a document has a row for each year."""
    scores = found.names + found.worth
    most_rows = 4 * limit  # of one document
    at = np.arange(len(scores))
    if len(scores) > most_rows:
        at = np.argpartition(-scores, most_rows)[:most_rows]
    at = at[np.lexsort((found.numbers[at], -scores[at]))]
    _numbers, first = np.unique(found.numbers[at], return_index=True)
    at = at[np.sort(first)[:limit]]
    return _only(found, at)


def _sifted(connection: Connection, found: _Found, query: Query, limit: int) -> list[int]:
    """Return the numbers of the documents whose names are the nearest, syllable by syllable.

    Letters that are left open fit no syllable: then it goes by looks alone, as it does for a share
    of every answer.
    """
    numbers = [int(number) for number in found.numbers]
    if len(numbers) <= limit or any(is_open(one) for name in query.names for one in name.said):
        return numbers[:limit]
    told = dict.fromkeys(numbers, "\n")
    for start in range(0, len(numbers), _VARIABLES):
        part = numbers[start : start + _VARIABLES]
        marks = ", ".join("?" * len(part))
        told.update(
            connection.exec_driver_sql(
                f"SELECT number, said FROM {_NAMES} WHERE number IN ({marks})", tuple(part)
            ).all()
        )
    nearest = np.argsort(-(sift(list(told.values()), query) + found.worth), kind="stable")
    looks = numbers[: int(limit * _KEPT)]
    return list(dict.fromkeys([*looks, *(numbers[at] for at in nearest)]))[:limit]


# Finding by numbers


def _by_numbers(
    connection: Connection, wanted: Sequence[tuple[str, float]], rights: Rights
) -> list[int]:
    """Return the numbers of documents by the rarity of the keys they share, best first.

    Common keys count only when all else finds nothing.
    """
    found = [(weight, _holders(connection, key, rights)) for key, weight in wanted]
    last = max((numbers[-1] for _weight, numbers in found if numbers), default=0)
    scores = _sum((item for item in found if len(item[1]) <= _COMMON), last) or _sum(found, last)
    return heapq.nsmallest(len(scores), scores, key=lambda number: (-scores[number], number))


def _sum(found: Iterable[tuple[float, Sequence[int]]], last: int) -> dict[int, float]:
    scores: dict[int, float] = {}
    for weight, numbers in found:
        gain = weight * math.log(1 + last / max(1, len(numbers)))
        for number in numbers:
            scores[number] = scores.get(number, 0.0) + gain
    return scores


def _holders(connection: Connection, key: str, rights: Rights) -> list[int]:
    """Return the numbers of documents that hold the key, at most one more than `_COMMON`."""
    match = f'"{key}"'  # keys hold letters, digits, `_` and `/`
    if rights != EVERYTHING:
        table, keys = _table(""), sa.table(_KEYS, sa.column("rowid"))
        seen = (
            sa.select(table.c.number)
            .join_from(keys, table, keys.c.rowid == table.c.number)
            .where(sa.text(f"{_KEYS} MATCH :key").bindparams(key=match), _may_see(table, rights))
            .order_by(table.c.number)
            .limit(_COMMON + 1)
        )
        return list(connection.execute(seen).scalars())
    # In one text, since rows cost much more than numbers.
    told = connection.exec_driver_sql(
        "SELECT group_concat(number, ' ') FROM (SELECT rowid AS number "
        f"FROM {_KEYS} WHERE {_KEYS} MATCH ? ORDER BY rowid LIMIT {_COMMON + 1})",
        (match,),
    ).scalar()
    return [int(number) for number in (told or "").split()]


def _fetch(
    connection: Connection, numbers: Sequence[int], limit: int, rights: Rights
) -> list[Document]:
    """Return the first `limit` documents that are still there and may be seen, in this order."""
    table = _table("")
    documents: list[Document] = []
    step = min(limit, _VARIABLES)
    for start in range(0, len(numbers), step):
        part = numbers[start : start + step]
        seen = sa.select(table).where(table.c.number.in_(part), _may_see(table, rights))
        known = {row[0]: row for row in connection.execute(seen).all()}
        documents += [_document(known[number]) for number in part if number in known]
        if len(documents) >= limit:
            break
    return documents[:limit]


def _may_see(table: sa.Table, rights: Rights) -> sa.ColumnElement[bool]:
    """Return the condition that keeps all else out of every answer and count."""
    told: list[sa.ColumnElement[bool]] = [sa.true()]
    if rights.places is not None:
        told.append(table.c.place.in_(sorted(rights.places)))
    if rights.kinds is not None:
        told.append(table.c.kind.in_(sorted(rights.kinds)))
    if rights.closed:
        told.append(table.c.accession.not_in(sorted(rights.closed)))
    return sa.and_(*told)


def _card(document: Document) -> str:
    parts = (document.form, document.page, document.side, document.names)
    rest = (document.years, document.places, document.numbers)
    return json.dumps((*parts, *rest), ensure_ascii=False, separators=(",", ":"))


def _document(row: Sequence[Any]) -> Document:
    _number, accession, id_, place, kind, revision, card = row
    form, page, side, names, years, places, numbers = json.loads(card)
    return Document(
        id=id_,
        accession=accession,
        place=place,
        form=form,
        kind=kind,
        page=page,
        side=side,
        names=tuple(map(Name._make, names)),
        years=tuple(map(Year._make, years)),
        places=tuple(map(tuple, places)),
        numbers=tuple(map(tuple, numbers)),
        revision=revision,
    )
