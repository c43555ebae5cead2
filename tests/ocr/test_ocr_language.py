"""The shipped models of letters: what they favour, and that they forbid nothing."""

import math

import numpy as np
import pytest
from ocr_steps import seen

from pipeline.ocr.decode import decode
from pipeline.ocr.language import (
    END,
    FLOOR,
    PRIOR,
    START,
    Language,
    count_grams,
    family,
    lean_to,
    leaning,
    load_language,
    weigh,
)
from pipeline.settings import shipped

CHARACTERS = (shipped("ocr_models") / "vie" / "asternet" / "characters.txt").read_text(
    encoding="utf-8"
)[:-1]
NAMES = sorted(file.stem for file in (shipped("ocr_models") / "vie" / "language").glob("*.npz"))


def classes(text: str) -> tuple[int, ...]:
    return tuple(CHARACTERS.index(letter) + 1 for letter in text)


def chance(language: Language, before: str, letter: str) -> float:
    code = CHARACTERS.index(letter) + 1 if letter else END
    return math.exp(language.log_next(language.context(classes(before)))[code])


@pytest.mark.parametrize("name", NAMES)
def test_what_may_come_next_adds_up_to_one_and_no_letter_is_ruled_out(name: str) -> None:
    language = load_language(name, CHARACTERS)
    for before in ("", "N", "Nguyễn ", "12/", "ngày mười", "Ksor H", "zzzzzz"):
        likely = np.exp(language.log_next(language.context(classes(before))))
        # Shares are kept to 3 %, and letters that this reader lacks are missing.
        assert 0.9 < likely.sum() <= 1.03
        assert likely.min() >= 0.99 * FLOOR / (len(CHARACTERS) + 1)


def test_each_model_knows_its_kind() -> None:
    name, date = load_language("name", CHARACTERS), load_language("date", CHARACTERS)
    place, number = load_language("place", CHARACTERS), load_language("number", CHARACTERS)
    assert chance(name, "Nguyễ", "n") > 0.9
    assert chance(name, "Trần Thị", " ") > 0.5
    assert chance(date, "ngày 2 thán", "g") > 0.9
    assert chance(place, "huyệ", "n") > 0.9
    assert chance(number, "12", "5") > chance(name, "12", "5")


def test_a_doubtful_letter_is_settled_by_what_names_are_like() -> None:
    look = seen(CHARACTERS, *({c: 1.0} for c in "Nguy"), {"ê": 0.55, "ễ": 0.45}, {"n": 1.0})
    assert decode(look, CHARACTERS).text == "Nguyên"
    read = decode(look, CHARACTERS, load_language("name", CHARACTERS))
    assert read.text == "Nguyễn"
    assert "Nguyên" in [other.text for other in read.alternatives]


@pytest.mark.parametrize("written", ["Ksor H'Bhang", "Y Bhiăng Niê", "Giàng A Xphơưi", "Wzrkq 7"])
def test_what_is_written_clearly_stays_whatever_the_language(written: str) -> None:
    look = seen(
        CHARACTERS,
        *({c: 0.97, "n": 0.02, "a": 0.01} if c not in "na" else {c: 1.0} for c in written),
    )
    for name in NAMES:
        assert decode(look, CHARACTERS, load_language(name, CHARACTERS)).text == written


def test_readings_keep_the_share_that_the_network_gives_them() -> None:
    look = seen(CHARACTERS, {"N": 1.0}, {"a": 0.5, "ă": 0.5}, {"m": 1.0})
    read = decode(look, CHARACTERS, load_language("any", CHARACTERS))
    total = read.probability + sum(other.confidence for other in read.alternatives)
    assert total == pytest.approx(1.0, abs=0.01)
    assert read.text == "Nam"
    assert read.probability > 0.5


def test_a_kind_without_a_model_of_its_own_has_the_common_one() -> None:
    assert family("person_name") == "name"
    assert family("text") == family("") == "any"
    assert {family(kind) for kind in ("date", "int", "place_text", "enum")} <= set(NAMES)


def test_what_a_book_has_said_is_leant_to_and_forbids_nothing() -> None:
    look = seen(
        CHARACTERS,
        *({c: 1.0} for c in "thôn "),
        {"K": 0.5, "L": 0.5},
        *({c: 1.0} for c in "ỳ Đồng"),
    )
    plain = decode(look, CHARACTERS, leaning("place_text", CHARACTERS))
    for village in ("thôn Kỳ Đồng", "thôn Lỳ Đồng"):
        leant = decode(look, CHARACTERS, leaning("place_text", CHARACTERS, (village,)))
        assert leant.text == village
        assert leant.text in (plain.text, *(other.text for other in plain.alternatives))
    clear = seen(CHARACTERS, *({c: 1.0} for c in "thôn Mỳ Đồng"))
    assert decode(clear, CHARACTERS, leaning("", CHARACTERS, ("thôn Kỳ Đồng",))).text == (
        "thôn Mỳ Đồng"
    )


def test_a_bias_adds_up_to_one_and_passes_over_letters_that_the_reader_lacks() -> None:
    language = leaning("person_name", CHARACTERS, ("Ksor H'Bhang", "漢 An"))
    for before in ("", "Ksor ", "zz"):
        likely = np.exp(language.log_next(language.context(classes(before))))
        assert 0.9 < likely.sum() <= 1.03
        assert likely.min() >= 0.99 * FLOOR / (len(CHARACTERS) + 1) * PRIOR / (PRIOR + 2)


def test_shares_of_counted_letters_are_those_of_witten_and_bell() -> None:
    language = weigh(count_grams([(1, 2), (1, 3), (1, 2)], 2), 5)
    after_one, any_letter = (
        (np.exp(language.log_next(context)) - FLOOR / 5) / (1 - FLOOR) for context in ((1,), ())
    )
    assert after_one[2] == pytest.approx(2 / 5 + 2 / 5 * any_letter[2], abs=1e-6)
    assert after_one[3] == pytest.approx(1 / 5 + 2 / 5 * any_letter[3], abs=1e-6)
    assert after_one.sum() == pytest.approx(1, abs=1e-6)
    assert np.exp(language.log_next((START,)))[1] > 0.7


def test_what_was_said_counts_on_top_of_the_language() -> None:
    language = weigh(count_grams([(1, 2), (1, 3), (1, 2)], 2), 5)
    leant = lean_to(language, [(1, 4), (1, 4)])
    before, after = (np.exp(model.log_next((1,))) for model in (language, leant))
    assert after[4] == pytest.approx((PRIOR * before[4] + 2) / (PRIOR + 2))
    assert after[2] == pytest.approx(PRIOR * before[2] / (PRIOR + 2))
    assert leant.log_next((2,)) is language.log_next((2,))  # nothing said: unchanged
