"""The same person in two records: suggestions, and what people decide of them."""

from dataclasses import dataclass

from pipeline.errors import UsageError
from pipeline.flow.links import SAME_NUMBER
from pipeline.index.links.weights import link_rules
from pipeline.store.database import Database
from pipeline.store.links import Link, Links, Verdict
from pipeline.values import Asker, Book, Record
from pipeline.words import _


@dataclass(frozen=True, slots=True)
class ShownLink:
    """A suggestion with the records that it is about; None for one that is gone."""

    link: Link
    one: tuple[Record, Book] | None
    two: tuple[Record, Book] | None


def list_links(
    database: Database, asker: Asker, kind: str, *, decided: bool, limit: int
) -> list[ShownLink]:
    """Return suggestions, the likeliest first; who looked at which records is logged.

    Raises:
        UsageError: there is no such kind.
    """
    known = (SAME_NUMBER, *link_rules().kinds)
    if kind and kind not in known:
        raise UsageError(
            _("không có loại liên hệ “{kind}”; có thể chọn: {kinds}").format(
                kind=kind, kinds=", ".join(known)
            )
        )
    found = Links(database).links(kind, decided=decided, limit=limit)
    ids = [id_ for link in found for id_ in (link.suggestion.one, link.suggestion.two)]
    records = database.find_records(ids)
    database.log_look(asker.person, "links", sorted(records), asker.purpose)
    return [
        ShownLink(link, records.get(link.suggestion.one), records.get(link.suggestion.two))
        for link in found
    ]


def decide_link(database: Database, asker: Asker, number: int, verdict: Verdict, note: str) -> None:
    """Put down what a person decided about a suggestion; earlier decisions stay beside it.

    Raises:
        UsageError: there is no such suggestion.
    """
    if not Links(database).decide(number, verdict, asker.person, note):
        raise UsageError(_("không có gợi ý số {number}").format(number=number))
