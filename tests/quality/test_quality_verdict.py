"""Measures and findings against a profile: what a clerk is asked to do, and in which words."""

import re
from dataclasses import replace

import pytest

from pipeline.errors import UsageError
from pipeline.quality.profiles import Limit, load_rules, profile_called
from pipeline.quality.sentences import grade_words, sentence
from pipeline.quality.verdict import Finding, Lie, judged
from pipeline.values import Page, Quality

GOOD = Quality(blur=3.0, noise=1.0)
PAGE = Page("ks", 1, "0" * 64, 1, 2480, 3508, 300.0, GOOD)
BOOKS = profile_called("civil-status")


def names(page: Page, **more: object) -> list[tuple[str, str]]:
    verdict = judged(page, BOOKS, **more).verdict  # type: ignore[arg-type]
    return [(reason.name, reason.grade) for reason in verdict.reasons]


def test_a_good_scan_has_no_reasons() -> None:
    verdict = judged(PAGE, BOOKS, Lie(0.4, 0)).verdict
    assert (verdict.grade, verdict.reasons, verdict.profile) == ("good", (), "civil-status")


@pytest.mark.parametrize("profile", list(load_rules().profiles))
@pytest.mark.parametrize("name", ["low_dpi", "few_colours", "blurred", "noisy", "burnt", "cut"])
def test_a_measure_at_its_limit_is_good_and_past_it_is_not(profile: str, name: str) -> None:
    chosen = profile_called(profile)
    limit = chosen.limits[name]
    less_is_worse = name in ("low_dpi", "few_colours")
    for grade, number in (("look", limit.look), ("rescan", limit.rescan)):
        if number is None:
            continue
        past = number * 0.98 - 1 if less_is_worse else number + 1
        reasons = {
            measure: {
                one.name: one.grade
                for one in judged(measured(name, measure), chosen).verdict.reasons
            }
            for measure in (number, past)
        }
        assert reasons[number].get(name) != grade
        assert reasons[past].get(name) == grade


def measured(name: str, value: float) -> Page:
    whole = int(value)
    told = {
        "few_colours": {"bits": whole},
        "blurred": {"blur": value},
        "noisy": {"noise": value},
        "burnt": {"clipped_white": value},
        "cut": {"cut": (0, 0, whole, 0)},
    }
    if name == "low_dpi":
        return replace(PAGE, dpi=value)
    return replace(PAGE, quality=replace(GOOD, **told[name]))


def test_dpi_that_png_rounds_is_enough() -> None:
    assert names(replace(PAGE, dpi=199.9996)) == []


def test_the_worst_reason_is_the_verdict_and_stands_first() -> None:
    page = replace(PAGE, dpi=100.0, quality=replace(GOOD, is_blank=True))
    assert names(page) == [("low_dpi", "rescan"), ("blank", "look")]
    assert judged(page, BOOKS).verdict.grade == "rescan"


def test_levels_are_not_judged_where_there_are_only_black_and_white() -> None:
    two = replace(GOOD, bits=1, noise=50.0, clipped_white=1.0)
    assert names(replace(PAGE, quality=two)) == [("few_colours", "rescan")]


def test_how_the_page_lay_is_judged_once_it_is_known() -> None:
    assert names(PAGE, lie=Lie(-7.0, 180)) == [("skewed", "look"), ("turned", "look")]
    assert names(PAGE, lie=Lie(25.0, 0)) == [("skewed", "rescan")]


def test_a_profile_judges_only_what_it_names() -> None:
    quiet = replace(BOOKS, limits={"low_dpi": Limit("", rescan=200.0)}, findings={})
    worst = Quality(30.0, 90.0, 1.0, 1.0, (9, 9, 9, 9), 1, is_blank=True, dpi_assumed=True)
    page = replace(PAGE, quality=worst)
    assert judged(page, quiet, Lie(30.0, 90), [Finding("wrong_form")]).verdict.reasons == ()


def test_an_unknown_profile_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="cadastral-map"):
        profile_called("none such")


def test_every_limit_names_its_source_and_asks_for_something() -> None:
    for profile in load_rules().profiles.values():
        for name, limit in profile.limits.items():
            assert limit.source, name
            assert (limit.look, limit.rescan) != (None, None)


def test_every_reason_of_every_profile_has_a_whole_sentence() -> None:
    worst = Quality(30.0, 90.0, 1.0, 1.0, (9, 0, 0, 4), 8, is_blank=True, dpi_assumed=True)
    worst = replace(worst, double_of=7)
    wrong = [Finding(f"wrong_{what}", "đây", "kia") for what in ("form", "volume", "year", "place")]
    wrong.append(Finding("pasted_slip"))
    asked = {
        name
        for profile in load_rules().profiles.values()
        for name in (*profile.limits, *profile.findings)
    }
    told = set()
    for profile in load_rules().profiles.values():
        page = judged(replace(PAGE, dpi=90.0, quality=worst), profile, Lie(40.0, 90), wrong)
        for reason in page.verdict.reasons:
            told.add(reason.name)
            assert not re.search(r"[{}]|: ;|\(\)", sentence(reason)), sentence(reason)
            assert sentence(reason)
        assert grade_words(page.verdict.grade)
    assert told == asked


def test_the_cut_sides_are_named() -> None:
    page = judged(replace(PAGE, quality=replace(GOOD, cut=(9, 0, 0, 4))), BOOKS)
    (reason,) = page.verdict.reasons
    assert "trái: 9 nét, dưới: 4 nét" in sentence(reason)
