"""Days that are known between two, and what follows from them."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.places.history import Draft
from pipeline.places.units import STILL, Event, Unit, When, both, moved, read_when, tell_when

DAYS = st.dates(datetime.date(1000, 1, 1), datetime.date(2999, 12, 31)).map(datetime.date.isoformat)


@pytest.mark.parametrize(
    "text, when",
    [
        ("", When()),
        ("1997", When("1997-01-01", "1997-12-31")),
        ("1996-02", When("1996-02-01", "1996-02-29")),
        ("1997-01-01", When("1997-01-01", "1997-01-01")),
        ("1/7/2025", When("2025-07-01", "2025-07-01")),
        ("7/2025", When("2025-07-01", "2025-07-31")),
        ("1962..1963", When("1962-01-01", "1963-12-31")),
        ("..2020-02-25", When("", "2020-02-25")),
        ("2020-02-25..", When("2020-02-25", "")),
        ("nay", STILL),
    ],
)
def test_a_day_is_as_precise_as_it_is_written(text: str, when: When) -> None:
    assert read_when(text) == when


@pytest.mark.parametrize("text", ["1997-13", "31/2/1997", "0997", "hôm qua", "1963..1962", "97"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_when(text)


@given(st.tuples(DAYS | st.just(""), DAYS | st.just("")))
def test_a_told_day_is_read_as_the_same(days: tuple[str, str]) -> None:
    when = When(*days) if not all(days) else When(min(days), max(days))
    assert read_when(tell_when(when)) == when


@given(st.tuples(DAYS, DAYS), st.tuples(DAYS, DAYS))
def test_two_that_are_right_leave_what_is_in_both(
    one: tuple[str, str], two: tuple[str, str]
) -> None:
    first, second = (When(min(days), max(days)) for days in (one, two))
    found = both(first, second)
    assert found == both(second, first)
    if found is None:
        assert first.last < second.first or second.last < first.first
    else:
        assert max(first.first, second.first) == found.first <= found.last


def test_a_moved_day_knows_no_more_than_before() -> None:
    assert moved(When("", "2025-07-01"), -1) == When("", "2025-06-30")
    assert moved(STILL, 1) == STILL


def unit(name: str, since: str, until: str, parent: int = -1) -> Unit:
    return Unit(0, "xã", name, parent, read_when(since), read_when(until))


def test_an_event_settles_its_units_and_what_lies_in_them() -> None:
    draft = Draft()
    old = draft.put_unit(unit("Cũ", "..2020", "2021..2024"))
    new = draft.put_unit(unit("Mới", "2021..2024", "2025"))
    part = draft.put_unit(unit("Con", "2021..2025", "2025", new.id))
    assert draft.put_event(Event("rename", read_when("2023-05-01"), old.id, new.id))
    assert tell_when(draft.units[old.id].until) == "2023-04-30"
    assert tell_when(draft.units[new.id].since) == "2023-05-01"
    assert tell_when(draft.units[part.id].since) == "2023-05-01..2025"


def test_an_event_against_the_days_of_its_units_is_not_taken() -> None:
    draft = Draft()
    old = draft.put_unit(unit("Cũ", "..2020", "2021"))
    new = draft.put_unit(unit("Mới", "2022", "nay"))
    assert not draft.put_event(Event("merge", read_when("2010"), old.id, new.id))
    assert not draft.events
    assert not draft.after(old)


def test_units_that_became_each_other_do_not_turn_in_circles() -> None:
    draft = Draft()
    one = draft.put_unit(unit("Một", "", ""))
    two = draft.put_unit(unit("Hai", "", ""))
    assert draft.put_event(Event("merge", read_when("1990"), one.id, two.id, "part"))
    assert draft.put_event(Event("merge", read_when("1990"), two.id, one.id, "part"))
    assert draft.now(one).state == "unknown"
    assert draft.forerunners(one) == [two]
    assert {found.id for found in draft.standing(two, 1980)} == {one.id, two.id}
