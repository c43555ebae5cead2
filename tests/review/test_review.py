"""What is pure of reviewing: measures, samples, suggestions, letters."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.review.letters import is_uncertain, is_well_formed
from pipeline.review.measures import clopper_pearson, forecast, reliability, residual, wilson
from pipeline.review.pictures import cut_of, part_of, places_in, planes_of
from pipeline.review.rules import ReviewRules, field_facts
from pipeline.review.sampling import draw, plan_for, tables
from pipeline.review.state import is_chosen_blind
from pipeline.review.suggestions import completions, named_places, next_syllables


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [  # Clopper and Pearson as R's binom.test prints it
        (0, 100, 0.0, 0.03621669),
        (5, 100, 0.01643187, 0.11283491),
        (50, 100, 0.3983211, 0.6016789),
        (100, 100, 0.9637833, 1.0),
        (1, 20, 0.001265089, 0.2487328),
    ],
)
def test_clopper_pearson_is_what_others_print(
    hits: int, trials: int, low: float, high: float
) -> None:
    found = clopper_pearson(hits, trials)
    assert found == pytest.approx((low, high), abs=1e-6)


def test_wilson_is_what_others_print() -> None:
    assert wilson(5, 100) == pytest.approx((0.0215436, 0.1117501), abs=1e-5)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(0, 400), st.integers(1, 400))
def test_intervals_hold_the_share_and_the_exact_one_is_no_narrower_at_the_ends(
    hits: int, trials: int
) -> None:
    hits = min(hits, trials)
    share = hits / trials
    for low, high in (wilson(hits, trials), clopper_pearson(hits, trials)):
        assert -1e-9 <= low <= share + 1e-9
        assert share - 1e-9 <= high <= 1 + 1e-9


def test_errors_left_are_what_confidences_say_until_people_measured_them() -> None:
    told = residual(1000, 8.0, 7.9, 0, 0)
    assert (told.expected, round(told.low, 1), round(told.high, 1)) == (8.0, 2.5, 13.5)
    worse = residual(1000, 8.0, 7.9, 200, 10)  # five in a hundred were wrong
    assert 30 < worse.expected < 50
    assert worse.low < worse.expected < worse.high
    assert residual(0, 0.0, 0.0, 5, 1).expected == 0


def test_the_interval_holds_the_errors_that_are_there() -> None:
    """Drawn 300 times: fields of a true error share, some read blind; 95 % must hold it."""
    chance = random.Random(7)
    held = 0
    for _draw in range(300):
        fields, share, blind = 2000, 0.02, 300
        wrong = sum(chance.random() < share for _field in range(blind))
        told = residual(fields, fields * 0.01, fields * 0.0099, blind, wrong)
        held += told.low <= share * fields <= told.high
    assert held >= 0.95 * 300


def test_a_reliability_diagram_has_a_point_for_each_bin_with_fields() -> None:
    one, two = reliability([(4.5, 5, 4), (0.0, 0, 0), (9.8, 10, 10)])
    assert (one.told, one.right, one.fields) == (0.9, 0.8, 5)
    assert two.interval.high == pytest.approx(1.0)


def test_a_forecast_needs_someone_to_have_worked() -> None:
    assert forecast(100, 0, 0.0, 0) == (None, None)
    assert forecast(100, 50, 1800.0, 2) == (1.0, 4.0)


# Samples


@pytest.mark.parametrize(
    ("lot", "level", "aql", "plan"),
    [  # ISO 2859-1, tables 1 and 2-A
        (500, "II", "1.0", ("H", 50, 1)),
        (1000, "II", "1.0", ("J", 80, 2)),
        (3200, "II", "1.0", ("K", 125, 3)),
        (1000, "II", "0.65", ("J", 80, 1)),
        (1000, "II", "2.5", ("J", 80, 5)),
        (90, "II", "1.0", ("E", 13, 0)),
        (100, "II", "1.0", ("E", 13, 0)),  # F has an arrow up
        (200, "II", "1.0", ("H", 50, 1)),  # G has an arrow down
        (1000, "I", "1.0", ("H", 50, 1)),  # G has an arrow down
        (8, "II", "6.5", ("A", 2, 0)),
        (600_000, "III", "0.010", ("Q", 1250, 0)),
        (12, "II", "0.10", ("K", 12, 0)),  # all of a lot that is smaller than its sample
    ],
)
def test_plans_are_those_of_the_standard(
    lot: int, level: str, aql: str, plan: tuple[str, int, int]
) -> None:
    assert plan_for(lot, level, aql) == plan


# MIL-STD-105E, level II, single normal: the largest lot, letter, sample, and by limit from 0.65
# to 10 the least wrong ones that reject (Re); as printed at nibs.org/FMOC/DPW_AC/AC-TABLE.ASC.
STANDARD = """
     15 B    3  v  v  v  v  1  ^  v
     25 C    5  v  v  v  1  ^  v  2
     50 D    8  v  v  1  ^  v  2  3
     90 E   13  v  1  ^  v  2  3  4
    150 F   20  1  ^  v  2  3  4  6
    280 G   32  ^  v  2  3  4  6  8
    500 H   50  v  2  3  4  6  8 11
   1200 J   80  2  3  4  6  8 11 15
   3200 K  125  3  4  6  8 11 15 22
  10000 L  200  4  6  8 11 15 22  ^
  35000 M  315  6  8 11 15 22  ^  ^
 150000 N  500  8 11 15 22  ^  ^  ^
 500000 P  800 11 15 22  ^  ^  ^  ^
 600000 Q 1250 15 22  ^  ^  ^  ^  ^
"""


@pytest.mark.parametrize("row", STANDARD.strip().splitlines())
def test_the_plans_of_level_two_are_those_of_mil_std_105e(row: str) -> None:
    lot, letter, size, *rejects = row.split()
    known = tables()
    plan = next(one for one in known.plans if one[0] == letter)
    least = [one + 1 if isinstance(one, int) else one for one in plan[2]]
    assert (plan[1], [str(one) for one in least[known.limits.index("0.65") :]]) == (
        int(size),
        rejects,
    )
    for aql, reject in zip(known.limits[-len(rejects) :], rejects, strict=True):
        if reject.isdecimal():
            sample = min(int(size), int(lot))
            assert plan_for(int(lot), "II", aql) == (letter, sample, int(reject) - 1)


@pytest.mark.parametrize(
    ("lot", "letters"),  # from S-1 to III, likewise of table I
    [(25, "AABBBCD"), (150, "BBCDDFG"), (500, "BCDEFHJ"), (3200, "CDEGHKL"), (500000, "DEGJMPQ")],
)
def test_the_letters_of_all_levels_are_those_of_mil_std_105e(lot: int, letters: str) -> None:
    assert dict(tables().lots)[lot] == letters


def test_every_lot_has_a_plan_at_every_level_and_limit() -> None:
    known = tables()
    for most, _letters in known.lots:
        for level in known.levels:
            for aql in known.limits:
                lot = most or 1_000_000
                assert 1 <= plan_for(lot, level, aql).size <= lot


def test_the_same_seed_draws_the_same_sample_whatever_the_order() -> None:
    ids = [f"a/{number}" for number in range(200)]
    assert draw(ids, 20, "x") == draw(ids[::-1], 20, "x")
    assert draw(ids, 20, "x") != draw(ids, 20, "y")
    assert draw(ids, 3, "sohoa 2026") == ["a/114", "a/44", "a/76"]  # for good


def test_blind_fields_are_about_as_many_as_asked_and_the_same_each_time() -> None:
    rules = ReviewRules(blind_share=0.1)
    chosen = [is_chosen_blind(rules, f"b/1/-/{row}", "so") for row in range(4000)]
    assert 300 < sum(chosen) < 500
    assert chosen == [is_chosen_blind(rules, f"b/1/-/{row}", "so") for row in range(4000)]
    assert not any(is_chosen_blind(ReviewRules(blind_share=0), f"b/{n}", "so") for n in range(99))
    assert all(is_chosen_blind(ReviewRules(blind_share=1), f"b/{n}", "so") for n in range(99))


# Suggestions and letters


def test_what_begins_as_typed_is_offered_the_books_own_first() -> None:
    book, others = ["Trần Thị Hoa", "Trần Thị Hòa"], ["Trần Văn Hoàn", "Trần Thị Hoan"]
    assert completions("tran thi h", book, others) == [*book, "Trần Thị Hoan"]
    assert completions("Trần Thị Hò", book, others) == ["Trần Thị Hòa", "Trần Thị Hoa",
                                                        "Trần Thị Hoan"]  # fmt: skip
    assert completions("Trần Thị Hoa", book, ()) == ["Trần Thị Hòa"]
    assert completions(" ", book, others) == []


@given(st.text(max_size=20))
def test_only_what_begins_as_typed_is_ever_offered(text: str) -> None:
    names = field_facts().names
    for offered in next_syllables(text, names):
        assert len(offered) >= len(text.strip()) // 2
        assert offered not in (text, text.strip())


def test_names_of_two_words_are_offered_whole() -> None:
    assert next_syllables("Rơ C", field_facts().names)[0] == "Rơ Châm"
    assert next_syllables("Nguyễn Th", field_facts().names)[0].startswith("Nguyễn Th")


def test_places_complete_the_last_part_of_an_address() -> None:
    places = sorted([("tang tien", "xã Tăng Tiến"), ("tan an", "xã Tân An")])
    assert named_places("thôn Chùa, tăng t", places) == ["thôn Chùa, xã Tăng Tiến"]
    assert named_places("t", places) == []


@pytest.mark.parametrize(
    ("text", "well_formed", "uncertain"),
    [
        ("Nguyễn V_n", True, True),
        ("[AE]n", True, True),
        ("[A]n", False, True),
        ("]A[", False, True),
        ("[A[BC]]", False, True),
        ("Hoa", True, False),
    ],
)
def test_letters_that_cannot_be_read(text: str, *, well_formed: bool, uncertain: bool) -> None:
    assert (is_well_formed(text), is_uncertain(text)) == (well_formed, uncertain)


# Pictures


def test_a_leaning_part_is_cut_upright_and_what_lies_in_it_is_told() -> None:
    page = np.full((400, 400), 255, np.uint8)
    for at in range(60, 300):
        page[at // 2 + 40 : at // 2 + 60, at] = 0
    outline = ((40.0, 40.0), (320.0, 180.0), (302.0, 216.0), (22.0, 76.0))
    cut = cut_of(outline, 0.0)
    seen = part_of(planes_of(page), cut)
    dark = seen.mean(axis=1)
    assert dark.argmin() > 5
    assert (seen[:, 60:-60] < 128).any(axis=0).mean() > 0.9  # the leaning bar runs through it
    [(left, top, width, height)] = places_in(cut, [outline])
    assert (left, top) == pytest.approx((0, 0), abs=0.02)
    assert (width, height) == pytest.approx((1, 1), abs=0.02)


def test_a_part_in_colour_is_the_page_in_its_colours() -> None:
    page = np.full((301, 401, 3), (210, 225, 240), np.uint8)  # odd sides: half of them is not even
    page[100:160, 120:240] = (40, 30, 200)
    cut = cut_of(((100.0, 90.0), (300.0, 90.0), (300.0, 200.0), (100.0, 200.0)), 0.0)
    seen = part_of(planes_of(page), cut).astype(int)
    assert np.abs(seen[5, 5] - (210, 225, 240)).max() < 4
    assert np.abs(seen[40, 80] - (40, 30, 200)).max() < 6
    # The seal's edge stands where it stood, to a px or two of the halved colours.
    columns = np.flatnonzero(seen[40, :, 2] - seen[40, :, 1] > 90)
    assert abs(columns[0] - 20) <= 2 and abs(columns[-1] - 139) <= 2
