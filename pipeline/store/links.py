"""Suggestions that two records tell of one person, and what people decided about them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.store import chain
from pipeline.store.database import Database, metadata, now
from pipeline.values import Suggestion

Verdict = Literal["same", "different"]
_link = sa.Table(
    "link",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("one", sa.Text, nullable=False),
    sa.Column("two", sa.Text, nullable=False),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("weights", sa.Text, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),
    sa.UniqueConstraint("kind", "one", "two", "roles"),
    sqlite_autoincrement=True,  # a number is never given again: people write it down
)
_decision = sa.Table(
    "link_decision",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("one", sa.Text, nullable=False),
    sa.Column("two", sa.Text, nullable=False),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Index("link_decision_by_pair", "one", "two"),
)
_PAIR = ("kind", "one", "two", "roles")


@dataclass(frozen=True, slots=True)
class Link:
    """A suggestion as it was kept.

    Attributes:
        number: what people call it; it stays the same when links are looked for again.
        verdict: what was decided last; empty when nothing was.
        person, time, note: of that decision.
    """

    number: int
    suggestion: Suggestion
    verdict: str = ""
    person: str = ""
    time: str = ""
    note: str = ""


class Links:
    """All suggestions of an archive; made when it is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make(_link, _decision)

    def next_run(self) -> int:
        """Return the number of a new look for links."""
        with self._database.read() as connection:
            last = connection.execute(sa.select(sa.func.max(_link.c.run))).scalar()
        return (last or 0) + 1

    def keep(self, connection: Connection, run: int, found: Sequence[Suggestion]) -> None:
        """Put suggestions down; one that is there keeps its number."""
        for one in found:
            row = {
                "kind": one.kind,
                "one": one.one,
                "two": one.two,
                "roles": json.dumps(one.roles),
                "score": one.score,
                "weights": json.dumps(one.weights, ensure_ascii=False),
                "run": run,
            }
            known = sa.and_(*(_link.c[name] == row[name] for name in _PAIR))
            if not connection.execute(sa.update(_link).where(known).values(row)).rowcount:
                connection.execute(sa.insert(_link).values(row))

    def end_run(self, run: int) -> None:
        """Drop what earlier looks suggested and this one did not, unless people decided on it."""
        decided = sa.exists().where(*(_decision.c[name] == _link.c[name] for name in _PAIR))
        with self._database.write() as connection:
            connection.execute(sa.delete(_link).where(_link.c.run < run, ~decided))

    def decide(self, number: int, verdict: Verdict, person: str, note: str) -> bool:
        """Append what a person decided; return whether there is such a suggestion."""
        with self._database.write() as connection:
            row = connection.execute(sa.select(_link).where(_link.c.number == number)).first()
            if row is None:
                return False
            decided = {
                **{name: row._mapping[name] for name in _PAIR},
                "verdict": verdict,
                "person": person,
                "time": now(),
                "note": note,
            }
            key = connection.execute(sa.insert(_decision).values(**decided)).inserted_primary_key
            assert key is not None
            subject, content = f"link_decision:{key[0]}", {"sequence": key[0], **decided}
            told = chain.row_sum(content)
            chain.append(connection, now(), person, f"link.{verdict}", subject, told)
        return True

    def contents(self, connection: Connection) -> Iterator[tuple[str, str]]:
        """Return the decisions that the log bears witness to: subjects, and what is there now."""
        for row in connection.execute(sa.select(_decision)).mappings():
            yield f"link_decision:{row['sequence']}", chain.row_sum(row)

    def links(self, kind: str = "", *, decided: bool = False, limit: int = -1) -> list[Link]:
        """Return suggestions, the likeliest first: the open ones, or those that were decided."""
        last = (
            sa.select(*(_decision.c[name] for name in _PAIR), sa.func.max(_decision.c.sequence))
            .group_by(*(_decision.c[name] for name in _PAIR))
            .subquery()
        )
        asked = (
            sa.select(
                _link,
                _decision.c.verdict,
                _decision.c.person,
                _decision.c.time,
                _decision.c.note,
            )
            .outerjoin(last, sa.and_(*(last.c[name] == _link.c[name] for name in _PAIR)))
            .outerjoin(_decision, _decision.c.sequence == last.c[len(_PAIR)])
            .where(_decision.c.verdict.is_not(None) if decided else _decision.c.verdict.is_(None))
            .order_by(_link.c.score.desc(), _link.c.number)
            .limit(limit)
        )
        if kind:
            asked = asked.where(_link.c.kind == kind)
        with self._database.read() as connection:
            return [_made(row) for row in connection.execute(asked)]

    def history(self, number: int) -> list[tuple[str, str, str, str]]:
        """Return all decisions about a suggestion, oldest first: verdict, person, time, note."""
        asked = (
            sa.select(_decision.c.verdict, _decision.c.person, _decision.c.time, _decision.c.note)
            .join(_link, sa.and_(*(_decision.c[name] == _link.c[name] for name in _PAIR)))
            .where(_link.c.number == number)
            .order_by(_decision.c.sequence)
        )
        with self._database.read() as connection:
            return [(row[0], row[1], row[2], row[3]) for row in connection.execute(asked)]


def _made(row: sa.Row[tuple[object, ...]]) -> Link:
    told = row._mapping
    first, second = json.loads(told["roles"])
    weights = {
        feature: (level, weight) for feature, (level, weight) in json.loads(told["weights"]).items()
    }
    found = Suggestion(
        told["kind"], told["one"], told["two"], (first, second), told["score"], weights
    )
    return Link(
        told["number"],
        found,
        told["verdict"] or "",
        told["person"] or "",
        told["time"] or "",
        told["note"] or "",
    )
