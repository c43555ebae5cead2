"""What the worker is at, and which books it could not finish: written by it, read on a screen."""

import time
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.store.database import Database, metadata

_job = sa.Table(
    "job",  # one row at most
    metadata,
    sa.Column("one", sa.Integer, primary_key=True),
    sa.Column("accession", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("of", sa.Integer, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
)
_trouble = sa.Table(
    "job_trouble",
    metadata,
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("sentence", sa.Text, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)


class Job(NamedTuple):
    """What is done with a book.

    Attributes:
        what: a sentence.
        done, of: steps of it: pages, while pages are read.
        time: of the last step, seconds since 1970.
    """

    accession: str
    what: str
    done: int
    of: int
    time: float


class Trouble(NamedTuple):
    """Why a book could not be finished; it is tried again after `until`, seconds since 1970."""

    error: str
    sentence: str
    until: float


class Jobs:
    """The tables of an archive; made when they are not there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make(_job, _trouble)

    def at(self) -> Job | None:
        """Return what the worker is at; None when nothing is under way."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(_job)).first()
        return Job(row.accession, row.what, row.done, row.of, row.time) if row else None

    def begin(self, accession: str, what: str, done: int = 0, of: int = 0) -> None:
        """Put down what the worker is at."""
        row = Job(accession, what, done, of, time.time())
        with self._database.write() as connection:
            connection.execute(
                sa.insert(_job).prefix_with("OR REPLACE").values(one=1, **row._asdict())
            )

    def end(self) -> None:
        """Put down that nothing is under way."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_job))

    def troubles(self) -> dict[str, Trouble]:
        """Return the books that could not be finished, by accession."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(_trouble)).all()
        return {row.accession: Trouble(row.error, row.sentence, row.until) for row in rows}

    def block(self, accession: str, trouble: Trouble) -> None:
        """Put down that a book could not be finished."""
        with self._database.write() as connection:
            connection.execute(
                sa.insert(_trouble)
                .prefix_with("OR REPLACE")
                .values(accession=accession, **trouble._asdict())
            )

    def free(self, connection: Connection, accession: str) -> bool:
        """Put down that nothing holds a book up; return whether anything did."""
        gone = sa.delete(_trouble).where(_trouble.c.accession == accession)
        return connection.execute(gone).rowcount > 0
