"""What an index is owed stands in the database until the index has taken it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.store.database import Database, open_database
from pipeline.store.outbox import Outbox, Owed


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "sohoa.db")
    yield opened
    opened.close()


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


def owe(database: Database, outbox: Outbox, *ids: str) -> None:
    with database.write() as connection:
        outbox.owe(connection, [Owed("ks-1987", name, 1, "{}" if name else "") for name in ids])


def waiting(outbox: Outbox, **told: object) -> list[str]:
    return [write.id for batch in outbox.documents(2, **told) for write in batch]  # type: ignore[arg-type]


def settle_all(outbox: Outbox, generation: int) -> None:
    writes = [write for batch in outbox.documents(9) for write in batch]
    outbox.settle([write.sequence for write in writes], generation)


def test_writes_come_in_order_until_they_are_taken(database, outbox):
    owe(database, outbox, "a", "b", "", "c")
    assert outbox.count() == 4
    assert waiting(outbox) == ["a", "b", "c"]
    [removal] = outbox.removals()
    outbox.settle([removal.sequence], outbox.generation())
    settle_all(outbox, outbox.generation())
    assert outbox.count() == 0


def test_what_is_owed_is_kept_with_the_records_or_not_at_all(database, outbox):
    with pytest.raises(InterruptedError), database.write() as connection:
        outbox.owe(connection, [Owed("ks-1987", "a", 1, "{}")])
        raise InterruptedError
    assert outbox.count() == 0


def test_many_writes_are_put_down_at_once(database, outbox):
    with database.write() as connection:
        outbox.owe(connection, (Owed("ks-1987", str(n), 1, "{}") for n in range(2500)))
    assert outbox.count() == 2500


def test_a_new_index_is_owed_what_the_old_one_took_while_it_was_built(database, outbox):
    owe(database, outbox, "early")
    rebuild = outbox.begin_rebuild("new")
    assert outbox.rebuild() == rebuild
    owe(database, outbox, "late")
    settle_all(outbox, outbox.generation())
    assert outbox.count() == 0
    assert waiting(outbox, after=rebuild.since, taken=True) == ["late"]
    outbox.end_rebuild(rebuild)
    assert waiting(outbox) == ["late"]
    assert outbox.rebuild() is None


def test_what_the_old_index_took_last_is_owed_to_the_new_one(database, outbox):
    rebuild = outbox.begin_rebuild("new")
    owe(database, outbox, "late")
    generation = outbox.generation()  # a sender begins, the new index takes over, then it ends
    outbox.end_rebuild(rebuild)
    settle_all(outbox, generation)
    assert waiting(outbox) == ["late"]


def test_a_rebuild_that_comes_to_nothing_leaves_nothing_behind(database, outbox):
    outbox.begin_rebuild("new")
    owe(database, outbox, "taken")
    settle_all(outbox, outbox.generation())
    owe(database, outbox, "owed")
    outbox.give_up_rebuild()
    assert waiting(outbox, taken=True) == ["owed"]
    assert outbox.rebuild() is None
