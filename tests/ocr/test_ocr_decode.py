"""From log-probabilities to text: held against the sum over all paths on tiny alphabets."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.ocr.decode import LogProbs, align, beam, decode, restrict, telling_steps

CHARACTERS = "ab "


def log_probs(rows: list[list[float]]) -> LogProbs:
    shares = np.asarray(rows, np.float64)
    return np.asarray(np.log(shares / shares.sum(axis=1, keepdims=True)), np.float32)


def random_steps(classes: int) -> st.SearchStrategy[np.ndarray]:
    shape = st.tuples(st.integers(1, 5), st.just(classes))
    numbers = arrays(np.float64, shape, elements=st.floats(0.01, 1.0))
    return numbers.map(lambda rows: rows / rows.sum(axis=1, keepdims=True))


def spelt_by(path: tuple[int, ...]) -> tuple[int, ...]:
    """What a path of classes says: runs become one, blanks vanish."""
    return tuple(
        here for before, here in zip((0, *path), path, strict=False) if here != 0 and here != before
    )


def all_paths(steps: np.ndarray) -> dict[tuple[int, ...], float]:
    sums: dict[tuple[int, ...], float] = {}
    for path in product(range(steps.shape[1]), repeat=len(steps)):
        probability = float(np.prod([steps[i, c] for i, c in enumerate(path)]))
        sums[spelt_by(path)] = sums.get(spelt_by(path), 0.0) + probability
    return sums


@given(random_steps(3))
def test_a_wide_beam_finds_the_probability_of_every_spelling(steps: np.ndarray) -> None:
    found = {s.classes: s.seen for s in beam(steps, width=10_000, min_class=0.0)}
    expected = all_paths(steps)
    assert found == pytest.approx({spelling: expected[spelling] for spelling in found})
    assert sum(found.values()) == pytest.approx(1)


@given(random_steps(4))
def test_the_beam_never_claims_more_than_all_paths_give(steps: np.ndarray) -> None:
    expected = all_paths(steps)
    for spelling, probability, _worth in beam(steps):
        assert probability <= expected[spelling] + 1e-9


@given(random_steps(3))
def test_readings_come_best_first_and_once(steps: np.ndarray) -> None:
    reading = decode(np.asarray(np.log(steps), np.float32), "ab")
    told = [reading.probability, *(other.confidence for other in reading.alternatives)]
    texts = [reading.text, *(other.text for other in reading.alternatives)]
    assert told == sorted(told, reverse=True)
    assert len(texts) == len(set(texts)) <= 6
    assert sum(told) <= 1 + 1e-6


@given(random_steps(4))
def test_letters_spell_the_text_in_order(steps: np.ndarray) -> None:
    reading = decode(np.asarray(np.log(steps), np.float32), CHARACTERS)
    assert "".join(letter.text for letter in reading.letters) == reading.text
    edges = [edge for letter in reading.letters for edge in (letter.left, letter.right)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= 1 for edge in edges)


@given(random_steps(3))
def test_an_alignment_gives_each_letter_a_later_step(steps: np.ndarray) -> None:
    best = beam(steps)[0][0]
    peaks = align(steps, best)
    assert len(peaks) == len(best)
    assert peaks == sorted(set(peaks))


def test_a_doubled_letter_needs_a_blank_between() -> None:
    blank, a = [0.98, 0.01, 0.005, 0.005], [0.01, 0.98, 0.005, 0.005]
    assert decode(log_probs([a, a]), CHARACTERS).text == "a"
    assert decode(log_probs([a, blank, a]), CHARACTERS).text == "aa"


def test_spaces_are_single_and_never_at_the_ends() -> None:
    blank, a, b, space = np.full((4, 4), 0.002) + np.diag([0.99] * 4)
    steps = log_probs([space, a, space, blank, space, b, space])
    reading = decode(steps, CHARACTERS)
    assert reading.text == "a b"
    assert [letter.text for letter in reading.letters] == ["a", " ", "b"]


def test_a_doubtful_letter_gives_another_reading() -> None:
    steps = log_probs([[0.01, 0.6, 0.38, 0.01], [0.97, 0.01, 0.01, 0.01]])
    reading = decode(steps, CHARACTERS)
    assert reading.text == "a"
    assert reading.probability == pytest.approx(0.6, abs=0.02)
    assert reading.alternatives[0].text == "b"
    assert reading.letters[0].confidence == pytest.approx(0.6, abs=0.01)


def test_what_cannot_stand_there_is_ruled_out() -> None:
    steps = log_probs([[0.1, 0.6, 0.2, 0.1]])
    only, sure = restrict(steps, CHARACTERS, "b")
    assert np.exp(only).sum() == pytest.approx(1)
    assert np.exp(sure) == pytest.approx(0.3)
    assert decode(only, CHARACTERS).text == "b"


def test_nothing_seen_is_nothing_read() -> None:
    assert decode(np.zeros((0, 4), np.float32), CHARACTERS).text == ""
    assert decode(log_probs([[0.999, 1e-4, 1e-4, 1e-4]] * 5), CHARACTERS).text == ""


def test_sure_blanks_are_looked_at_once() -> None:
    blank, a = [0.9999, 1e-5, 1e-5, 1e-5], [0.01, 0.97, 0.01, 0.01]
    steps = log_probs([blank, blank, a, blank, blank, blank, a])
    assert telling_steps(steps).tolist() == [0, 2, 3, 6]
    assert decode(steps, CHARACTERS).text == "aa"
