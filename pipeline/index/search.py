"""What the search box asks in, hits out."""

from collections.abc import Callable, Mapping, Sequence

from pipeline.index.backends import Index
from pipeline.index.rank import rank
from pipeline.index.wanted import Query
from pipeline.values import EVERYTHING, Book, Hit, Record, Rights

CANDIDATES = 200  # measured: more costs time and hardly finds anyone else

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
    found = {
        item.id: item for query in queries for item in index.candidates(query, CANDIDATES, rights)
    }
    scored = rank(queries, list(found.values()), limit)
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
