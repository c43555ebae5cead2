"""A line of the search box in, hits out."""

from collections.abc import Callable, Mapping, Sequence

from pipeline.index.backends import Index
from pipeline.index.query import parse
from pipeline.index.rank import Today, nowhere, rank
from pipeline.values import EVERYTHING, Book, Hit, Record, Rights

_CANDIDATES = 200  # measured: more costs time and hardly finds anyone else

Lookup = Callable[[Sequence[str]], Mapping[str, tuple[Record, Book]]]


def search(
    index: Index,
    records: Lookup,
    text: str,
    limit: int,
    today: Today = nowhere,
    rights: Rights = EVERYTHING,
) -> list[Hit]:
    """Return the records that answer a line of the search box, best first.

    Args:
        index: where to look.
        records: gives the records with these ids and their books; those gone are left out.
        text: anything; what cannot be understood finds nothing.
        limit: how many hits at most.
        today: where a place as written lies today.
        rights: of who asks; the rest is not there.
    """
    query = parse(text)
    scored = rank(query, index.candidates(query, _CANDIDATES, rights), today)[:limit]
    known = records([item.document.id for item in scored])
    return [
        Hit(*known[item.document.id], score=item.score, why=item.why, matched=item.matched)
        for item in scored
        if item.document.id in known
    ]
