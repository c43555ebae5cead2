"""What people must look at of a book, put down when its records or the rules change."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from pydantic import TypeAdapter
from sqlalchemy.engine import Connection

from pipeline.flow.page import forms
from pipeline.review.order import left, waiting
from pipeline.review.rules import ReviewRules, field_facts
from pipeline.review.state import WHOLE, FieldState, states_of
from pipeline.store.decisions import not_undone
from pipeline.store.review import Review, Standing, Wait, step_of
from pipeline.values import Decision, Record

RULES = TypeAdapter(ReviewRules)


def rules_in(review: Review, connection: Connection) -> ReviewRules:
    """Return what people look at, as the administrator set it."""
    told = review.rules(connection)
    return RULES.validate_json(told) if told else ReviewRules()


def told_rules(rules: ReviewRules) -> str:
    """Return rules as they are kept; the same rules are the same text."""
    return RULES.dump_json(rules).decode("utf-8")


@cache
def kinds_of(form: str) -> Mapping[str, str]:
    """Return the kinds of a form's fields by key; none of a form that is not known."""
    known = forms().get(form)
    return {field.key: field.kind for field in known.fields} if known else {}


@cache
def sensitive_in(form: str) -> frozenset[str]:
    """Return the keys of a form's fields that only some people may see."""
    known = forms().get(form)
    return (
        frozenset(field.key for field in known.fields if field.sensitive) if known else frozenset()
    )


def queue_book(
    review: Review,
    connection: Connection,
    accession: str,
    records: Sequence[Record],
    decisions: Sequence[Decision],
) -> None:
    """Put down what waits of a book, what is left of it and what it says.

    Args:
        review: of the archive.
        connection: a writing transaction.
        accession: of the book.
        records: those that the machine read, in the book's order; imported ones wait for nobody.
        decisions: about them, oldest first.
    """
    rules = rules_in(review, connection)
    since = review.since(connection, accession)
    about: dict[str, list[Decision]] = {}
    for decision in not_undone(decisions):
        about.setdefault(decision.record, []).append(decision)
    standing: list[Standing] = []
    waits: list[Wait] = []
    said: Counter[tuple[str, str]] = Counter()
    sure: Counter[int] = Counter()
    for position, record in enumerate(records):
        states = states_of(record, about.get(record.id, ()), rules, since.get(record.id, 0))
        one, own = desk_rows(record, position, states)
        standing.append(one)
        waits += own
        for state in states:
            if state.read.key == WHOLE:
                continue
            sure[-1 if state.doubts else step_of(state.read.confidence)] += 1
            if state.value and (state.first or state.read.confidence >= rules.sure):
                said[kinds_of(record.form).get(state.read.key, ""), state.value] += 1
    review.begin_book(connection, accession, told_rules(rules))
    review.keep_records(connection, accession, standing, waits)
    review.keep_said(connection, accession, said)
    review.keep_sure(connection, accession, sure)


def desk_rows(
    record: Record, position: int, states: Sequence[FieldState]
) -> tuple[Standing, list[Wait]]:
    """Return what is left of a record, and what it has for each reader."""
    own = [
        Wait(record.id, one.reader, one.is_sensitive, one.worth, one.fields, one.not_for)
        for one in waiting(states, kinds_of(record.form), sensitive_in(record.form), field_facts())
    ]
    rest = left(states)
    return (
        Standing(record.id, position, rest.fields, rest.unseen, rest.wrong, rest.variance),
        own,
    )
