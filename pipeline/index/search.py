"""What the search box asks in, hits out."""

import gc
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from pipeline.index.backends import Index
from pipeline.index.documents import Document
from pipeline.index.rank import rank
from pipeline.index.wanted import Query
from pipeline.values import EVERYTHING, Book, Hit, Record, Rights

Lookup = Callable[[Sequence[str]], Mapping[str, tuple[Record, Book]]]


def search(
    index: Index,
    records: Lookup,
    queries: Sequence[Query],
    limit: int,
    rights: Rights = EVERYTHING,
) -> list[Hit]:
    """Return the records that answer a query, best first.

    Args:
        index: where to look.
        records: gives the records with these ids and their books; those gone are left out.
        queries: readings of what is asked for, the likeliest first.
        limit: how many hits at most.
        rights: of who asks; the rest is not there.
    """
    scored = rank(queries, gathered(index, queries, limit, rights), limit)
    known = records([item.document.id for item in scored])
    return [
        Hit(
            *known[item.document.id],
            score=item.score,
            closeness=item.closeness,
            why=item.why,
            marks=item.marks,
        )
        for item in scored
        if item.document.id in known
    ]


def gathered(
    index: Index, queries: Sequence[Query], limit: int, rights: Rights = EVERYTHING
) -> list[Document]:
    """Return what may answer a query, to be ranked; likeliest first, by reading."""
    enough = max(index.enough, limit)
    found = {item.id: item for query in queries for item in index.candidates(query, enough, rights)}
    _settle()
    return list(found.values())


@cache
def _settle() -> None:
    """Let the collector of garbage leave alone what the first search has loaded, for it stays.

    Measured: going through modules and tables took it 0.2 to 0.4 s, at every tenth search.
    """
    gc.collect()
    gc.freeze()
