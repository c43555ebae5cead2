"""What stands of the decisions that people made: without those that were taken back."""

from collections.abc import Iterable

from pipeline.values import Decision


def not_undone(decisions: Iterable[Decision]) -> list[Decision]:
    """Return the decisions that nobody took back, oldest first, without the taking back itself."""
    made = list(decisions)
    gone = {decision.base for decision in made if decision.act == "undo"}
    return [one for one in made if one.act != "undo" and one.number not in gone]


def standing(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """Return by record and key the decision that says what the field is.

    A second reading confirms or contradicts the first; it never stands itself. Until a third
    person has decided between the two, the first one stands.
    """
    return {
        (decision.record, decision.key): decision
        for decision in not_undone(decisions)
        if decision.key and decision.act != "reopen" and decision.reader != 2
    }
