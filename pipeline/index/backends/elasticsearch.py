"""An index on an Elasticsearch server, for a province: the same ready tokens, the same ranking.

Nothing but its core is asked of the server: the keys are split at spaces, no plug-in, no script.
Writes stand in an outbox of the archive's database until the server has taken them. A document
has an id made from the record's, and the revision of its record as its version, so that a write
that comes twice or too late does no harm.

An index is `<prefix>-records-v<layout>-<number>`; searches go through the alias
`<prefix>-records`, writes through `<prefix>-records-write`. A new one takes over by moving both
at once.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex
from typing import NamedTuple, TypeVar

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError
from elasticsearch.helpers import streaming_bulk
from sqlalchemy.engine import Connection

from pipeline.errors import StorageError, UsageError
from pipeline.index.documents import Document
from pipeline.index.elasticsearch_requests import (
    FILLED,
    LAYOUT,
    MAPPING,
    SERVED,
    SETTINGS,
    Json,
    allowed,
    card,
    document_id,
    from_card,
    put_action,
    question,
    removal_action,
)
from pipeline.index.elasticsearch_server import BUSY, check_addresses, client, explained
from pipeline.index.keys import key_rules, query_keys
from pipeline.index.wanted import Query
from pipeline.settings import ElasticsearchSettings, IndexSettings
from pipeline.store.database import Database
from pipeline.store.outbox import Outbox, Owed, Rebuild
from pipeline.values import EVERYTHING, Rights
from pipeline.words import _

_BATCH = 1000  # writes in one request
_BATCH_BYTES = 10_000_000
_WRITE_S = 60.0  # a server that moves its shards about may take that long
_TRIES, _FIRST_WAIT_S, _LONGEST_WAIT_S = 5, 1.0, 60.0
_GONE, _CONFLICT = 404, 409
_ARCHIVE, _STATE = "elasticsearch archive", "elasticsearch index"  # names of facts
_HEARD = "elasticsearch revision"  # likewise: up to which one every change came to this index
_NONE_YET, _MADE = "none yet", "made"  # values of the latter; empty: records were there before it
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")
_Answer = TypeVar("_Answer")


class _Taken(NamedTuple):
    """What became of one write: HTTP status; what kind of error, empty when it is in order."""

    id: str
    status: int
    error: str


class _Live(NamedTuple):
    """The index that searches see, and by which rules it was built."""

    name: str
    rules: str


class ElasticsearchIndex:
    """Documents and their keys on a server; what it is owed stands in the database."""

    enough = 200

    def __init__(self, settings: ElasticsearchSettings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._read = f"{settings.prefix}-records"
        self._write = f"{self._read}-write"
        self._outbox = Outbox(database)
        self._archive = _archive_id(database)

    def put(self, documents: Iterable[Document], connection: Connection | None = None) -> None:
        """Put documents in; one with the same id is replaced, unless its revision is higher."""
        self._owe(map(_owed, documents), connection)

    def remove(self, accession: str, revision: int, connection: Connection | None = None) -> None:
        """Take all documents of a book out that are older than the revision."""
        self._owe([Owed(accession, "", revision, "")], connection)

    def take_out(
        self,
        accession: str,
        ids: Collection[str],
        revision: int,
        connection: Connection | None = None,
    ) -> None:
        """Take documents of a book out that are older than the revision; some may not be there."""
        self._owe([Owed(accession, id_, revision, "") for id_ in ids], connection)

    def candidates(self, query: Query, limit: int, rights: Rights = EVERYTHING) -> list[Document]:
        """Return the documents that share most with the query, the likeliest first."""
        wanted = query_keys(query)
        if not wanted or limit < 1:
            return []
        found = self._ask(
            lambda: self._client.search(
                index=self._read,
                query=question(wanted, rights),
                size=limit,
                source_includes=["card"],
                track_total_hits=False,
                allow_partial_search_results=False,
            )
        )
        hits = found["hits"]["hits"] if found else []
        return [from_card(hit["_source"]["card"]) for hit in hits]

    def count(self, rights: Rights = EVERYTHING) -> int:
        """Return how many documents are in the index, of those that may be seen."""
        found = self._ask(
            lambda: self._client.count(index=self._read, query={"bool": allowed(rights)})
        )
        return int(found["count"]) if found else 0

    def replace_all(self, documents: Iterable[Document]) -> None:
        """Build the index anew from these; searches see the old one until it is complete.

        What others write meanwhile goes to the old one, and to the new one before it takes over.
        """
        with explained(self._settings, self._read):
            self._found()  # refuses when it is another archive's
            name, revision = self._next_name(), self._database.revision()
            rebuild = self._outbox.begin_rebuild(name)
            try:
                self._build(name, documents)
                self._pay(name, rebuild)
            except BaseException:
                self._outbox.give_up_rebuild()
                with suppress(TransportError, ApiError):  # the next one that is built sweeps it
                    self._client.options(ignore_status=404).indices.delete(index=name)
                raise
            self._take_over(rebuild, revision)
            self._sweep(name)
        self.catch_up()

    def behind(self) -> int:
        """Return how many writes searches do not see yet."""
        return self._outbox.count() + self._missed()

    def catch_up(self) -> None:
        """Let searches see all that was put in and taken out before this call.

        Raises:
            StorageError: the server cannot be reached or refuses; what it is owed stays.
        """
        rebuild = self._outbox.rebuild()
        if not self.behind() and not rebuild:
            return
        with explained(self._settings, self._read):
            live = self._live()
            if live is None:
                self._create_first()
            elif rebuild and rebuild.name == live.name:  # its builder was killed at the last step
                self._outbox.end_rebuild(rebuild)
            self._pay(self._write)
        if missed := self._missed():
            raise StorageError(
                _(
                    "{count} thay đổi được ghi khi chỉ mục ở nơi khác; hãy chạy “sohoa reindex” "
                    "một lần"
                ).format(count=missed)
            )

    def rules(self) -> str:
        """Return `keys.key_rules()` of when it was built; empty when it has nothing yet."""
        with explained(self._settings, self._read):
            live = self._live()
            return live.rules if live else ""

    @property
    def _client(self) -> Elasticsearch:
        return client(replace(self._settings, prefix=""))  # one pool for all prefixes

    @property
    def _writer(self) -> Elasticsearch:
        return self._client.options(request_timeout=_WRITE_S)

    def _owe(self, writes: Iterable[Owed], connection: Connection | None) -> None:
        if connection:
            self._outbox.owe(connection, writes)
            self._hear(connection)
        else:
            with self._database.write() as own:
                self._outbox.owe(own, writes)
                self._hear(own)
            self.catch_up()

    def _hear(self, connection: Connection) -> None:
        """Put down that this change came here, unless the one before it did not."""
        revision = self._database.revision(connection)
        if int(self._database.fact(connection, _HEARD) or 0) == revision - 1:
            self._database.keep_fact(connection, _HEARD, str(revision))

    def _missed(self) -> int:
        """Return how many changes were made while another index was in use."""
        with self._database.read() as connection:
            heard = int(self._database.fact(connection, _HEARD) or 0)
        return max(0, self._database.revision() - heard)

    def _ask(self, ask: Callable[[], _Answer]) -> _Answer | None:
        """Return the answer of the index that searches see, None when the archive has none yet."""
        with explained(self._settings, self._read):
            try:
                return ask()
            except NotFoundError:  # none yet; or another took over, and this one was swept
                return ask() if self._live() else None

    # Sending what is owed

    def _pay(self, target: str, rebuild: Rebuild | None = None) -> None:
        """Send what is owed to an index: documents, then removals, whose order does not matter.

        A removal spares what is newer, so a book that is written anew is never missing.

        Args:
            target: name or alias of the index.
            rebuild: that index is not searched yet; what it takes is owed to the searched one
                all the same.
        """
        generation = self._outbox.generation()
        after, is_new = (rebuild.since, True) if rebuild else (0, False)
        refused: list[str] = []
        for writes in self._outbox.documents(_BATCH, after=after, taken=is_new):
            taken = self._send(target, writes, refused)
            if not is_new:
                self._outbox.settle(taken, generation)
        self._writer.indices.refresh(index=target)
        for removal in self._outbox.removals(after=after, taken=is_new):
            self._take_out(target, removal)
            if not is_new:
                self._outbox.settle([removal.sequence], generation)
        _complain(refused)

    def _send(self, target: str, writes: Sequence[Owed], refused: list[str]) -> list[int]:
        """Send documents; return the sequences of those that were taken or are outdated.

        What the server refuses stays owed; why (never what it holds) is added to `refused`.
        """
        latest: dict[str, Owed] = {}
        for write in writes:
            if write.id not in latest or latest[write.id].revision <= write.revision:
                latest[write.id] = write
        ids = {document_id(write.accession, write.id): write.id for write in latest.values()}
        answers = list(self._bulk(target, map(_action, latest.values())))
        if any(answer.status == _CONFLICT for answer in answers):
            self._refuse_restored_database()
        kept = {ids[answer.id] for answer in answers if answer.error}
        refused += [answer.error for answer in answers if answer.error]
        return [write.sequence for write in writes if write.id not in kept]

    def _take_out(self, target: str, removal: Owed) -> None:
        """Remove a book's documents that are older; each goes as of the removal's revision."""
        older = [
            {"term": {"accession": removal.accession}},
            {"range": {"revision": {"lt": removal.revision}}},
        ]
        while True:
            found = self._writer.search(
                index=target,
                query={"bool": {"filter": older}},
                size=_BATCH,
                source=False,
                track_total_hits=False,
                allow_partial_search_results=False,
            )
            ids = [hit["_id"] for hit in found["hits"]["hits"]]
            if not ids:
                return
            actions = (removal_action(name, removal.revision) for name in ids)
            _complain([answer.error for answer in self._bulk(target, actions) if answer.error])
            self._writer.indices.refresh(index=target)

    def _bulk(self, target: str, actions: Iterable[Json]) -> Iterator[_Taken]:
        answers = streaming_bulk(
            self._writer,
            actions,
            chunk_size=_BATCH,
            max_chunk_bytes=_BATCH_BYTES,
            raise_on_error=False,
            max_retries=_TRIES,
            initial_backoff=_FIRST_WAIT_S,
            max_backoff=_LONGEST_WAIT_S,
            retry_on_status=BUSY,
            index=target,
            require_alias=target == self._write,
        )
        for is_done, answer in answers:
            [(what, told)] = answer.items()
            status = int(told["status"])
            if status in BUSY:  # after all tries: the next ones would fare no better
                raise StorageError(
                    _(
                        "Elasticsearch bận hoặc thiếu nút ({reason}); hãy chạy lại “sohoa sync” sau"
                    ).format(reason=told["error"]["type"])
                )
            is_gone = what == "delete" and status == _GONE
            is_fine = is_done or is_gone or status == _CONFLICT
            yield _Taken(told["_id"], status, "" if is_fine else told["error"]["type"])

    def _refuse_restored_database(self) -> None:
        """Find out why the index has newer documents than those that it is sent.

        Raises:
            StorageError: it has seen revisions that the database has not given yet.
        """
        newest = self._client.search(
            index=self._read, sort=[{"revision": "desc"}], size=1, source_includes=["revision"]
        )["hits"]["hits"]
        if newest and newest[0]["_source"]["revision"] > self._database.revision():
            raise StorageError(
                _(
                    "chỉ mục trên Elasticsearch mới hơn cơ sở dữ liệu (đã khôi phục từ bản sao?); "
                    "hãy chạy “sohoa reindex” một lần"
                )
            )

    # Indices and aliases

    def _live(self) -> _Live | None:
        """Return the index that searches see, None when the archive has none yet.

        Raises:
            StorageError: there should be one.
        """
        found = self._found()
        if found is None:
            with self._database.read() as connection:
                state = self._database.fact(connection, _STATE)
            if state != _NONE_YET:
                raise StorageError(
                    _(
                        "chưa có chỉ mục của kho này trên Elasticsearch; hãy chạy “sohoa reindex” "
                        "một lần"
                    )
                )
        return found

    def _found(self) -> _Live | None:
        """Return the index behind the alias for searches, None when there is no alias.

        Raises:
            UsageError: it is another archive's.
        """
        answer = self._client.options(ignore_status=_GONE).indices.get_mapping(index=self._read)
        if answer.meta.status == _GONE:
            return None
        [(name, told)] = answer.items()
        meta = told["mappings"].get("_meta", {})
        if meta.get("archive") != self._archive:
            raise UsageError(
                _(
                    "trên Elasticsearch đã có chỉ mục “{name}” của một kho khác; hãy chọn `prefix` "
                    "khác trong sohoa.toml"
                ).format(name=self._read)
            )
        is_ours = name.startswith(f"{self._read}-v{LAYOUT}-")
        return _Live(name, meta["rules"] if is_ours else name)  # a name is no rules

    def _create_first(self) -> None:
        """Make an empty index behind both aliases; another process may be as fast."""
        name = f"{self._read}-v{LAYOUT}-1"
        aliases = {self._read: {}, self._write: {"is_write_index": True}}
        self._writer.options(ignore_status=400).indices.create(
            index=name, mappings=self._mapping(), settings=SETTINGS | SERVED, aliases=aliases
        )
        if self._live():
            self._set_made()

    def _build(self, name: str, documents: Iterable[Document]) -> None:
        """Fill a new index that nobody searches yet; copies and refreshes come at the end."""
        self._writer.indices.create(
            index=name, mappings=self._mapping(), settings=SETTINGS | FILLED
        )
        answers = self._bulk(name, map(put_action, documents))
        _complain([answer.error for answer in answers if answer.error])
        self._writer.indices.put_settings(index=name, settings=SERVED)

    def _take_over(self, rebuild: Rebuild, revision: int) -> None:
        """Let searches and writes go to a new index, both at once."""
        self._writer.options(ignore_status=408).cluster.health(
            index=rebuild.name, wait_for_status="green", timeout=f"{_WRITE_S - 10:.0f}s"
        )
        told = self._client.options(ignore_status=_GONE).indices.get_alias(
            name=[self._read, self._write]
        )
        actions: list[Json] = [
            {"remove": {"index": index, "alias": alias}}
            for index in (told.body if told.meta.status != _GONE else {})
            for alias in told[index]["aliases"]
        ]
        actions.append({"add": {"index": rebuild.name, "alias": self._read}})
        actions.append(
            {"add": {"index": rebuild.name, "alias": self._write, "is_write_index": True}}
        )
        self._writer.indices.update_aliases(actions=actions)
        self._outbox.end_rebuild(rebuild)
        self._set_made()
        with self._database.write() as connection:
            heard = int(self._database.fact(connection, _HEARD) or 0)
            self._database.keep_fact(connection, _HEARD, str(max(heard, revision)))

    def _next_name(self) -> str:
        numbers = [int(name.rsplit("-", 1)[1]) for name in self._own_indices()]
        return f"{self._read}-v{LAYOUT}-{max(numbers, default=0) + 1}"

    def _sweep(self, kept: str) -> None:
        """Remove the archive's other indices: the old one, and those never finished."""
        others = [name for name in self._own_indices() if name != kept]
        if others:
            self._writer.options(ignore_status=_GONE).indices.delete(index=others)

    def _own_indices(self) -> list[str]:
        told = self._client.indices.get_alias(index=f"{self._read}-v*")
        return [name for name in told.body if re.fullmatch(rf"{self._read}-v\d+-\d+", name)]

    def _mapping(self) -> Json:
        return MAPPING | {"_meta": {"archive": self._archive, "rules": key_rules()}}

    def _set_made(self) -> None:
        with self._database.write() as connection:
            self._database.keep_fact(connection, _STATE, _MADE)


def create(settings: IndexSettings, database: Database) -> ElasticsearchIndex:
    """Return the index on the server that the settings name; the server is not asked yet.

    Raises:
        UsageError: an address or the prefix cannot be one.
    """
    told = settings.elasticsearch
    if not _PREFIX.fullmatch(told.prefix):
        raise UsageError(
            _("`prefix` “{prefix}” sai: chỉ dùng chữ thường không dấu, số, - và _").format(
                prefix=told.prefix
            )
        )
    check_addresses(told)
    return ElasticsearchIndex(told, database)


def _archive_id(database: Database) -> str:
    """Return what tells this archive's indices from another's; made at the first use."""
    with database.read() as connection:
        known = database.fact(connection, _ARCHIVE)
    if known:
        return known
    with database.write() as connection:
        known = database.fact(connection, _ARCHIVE) or token_hex(8)
        database.keep_fact(connection, _ARCHIVE, known)
        database.keep_fact(connection, _STATE, "" if database.has_records() else _NONE_YET)
        database.keep_fact(connection, _HEARD, str(database.revision()))
    return known


def _owed(document: Document) -> Owed:
    return Owed(document.accession, document.id, document.revision, card(document))


def _action(write: Owed) -> Json:
    if write.card:
        return put_action(from_card(write.card))
    return removal_action(document_id(write.accession, write.id), write.revision)


def _complain(refused: Sequence[str]) -> None:
    """Say what the server did not take.

    Raises:
        StorageError: it refused some.
    """
    if refused:
        raise StorageError(
            _(
                "Elasticsearch từ chối {count} bản ghi ({reasons}); chúng vẫn an toàn trong kho"
            ).format(count=len(refused), reasons=", ".join(sorted(set(refused))))
        )
