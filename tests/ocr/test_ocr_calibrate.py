"""From an engine's opinion to a probability."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ocr.calibrate import (
    Curve,
    calibrate,
    calibration_error,
    fit,
    likely,
    load_curves,
)
from pipeline.values import Alternative, Line

FRAME = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))
SHARES = st.floats(0, 1)
JUDGED = st.lists(st.tuples(SHARES, st.booleans()), min_size=1, max_size=200)


def boastful(count: int) -> tuple[list[float], list[bool]]:
    """Lines of an engine that is right half as often as it says."""
    rng = np.random.default_rng(3)
    raw = rng.uniform(0, 1, count)
    return raw.tolist(), (rng.uniform(0, 1, count) < raw / 2).tolist()


def test_a_boastful_engine_is_put_right() -> None:
    curve = fit(*boastful(4000))
    raw, right = boastful(3999)
    told = [likely(opinion, curve) for opinion in raw]
    assert calibration_error(raw, right) == pytest.approx(0.25, abs=0.03)
    assert calibration_error(told, right) < 0.03


@given(JUDGED)
def test_a_curve_rises_and_stays_within_what_is_possible(judged: list[tuple[float, bool]]) -> None:
    raw, right = zip(*judged, strict=True)
    curve = fit(raw, right)
    assert (np.diff(curve.right) >= 0).all()
    assert ((curve.right > 0) & (curve.right < 1)).all()


@given(SHARES, SHARES)
def test_the_order_of_lines_stays(first: float, second: float) -> None:
    curve = fit(*boastful(500))
    low, high = sorted((first, second))
    assert likely(low, curve) <= likely(high, curve)


@given(JUDGED, SHARES, st.lists(SHARES, max_size=5), st.sampled_from(sorted(load_curves())))
def test_the_text_and_its_alternatives_share_one(
    judged: list[tuple[float, bool]], sure: float, others: list[float], key: tuple[str, str]
) -> None:
    total = max(1.0, sure + sum(others))
    line = Line(
        FRAME,
        text="An",
        confidence=sure / total,
        alternatives=tuple(Alternative(f"A{i}", p / total) for i, p in enumerate(others)),
        script=key[1],  # type: ignore[arg-type]
    )
    told = calibrate(line, key[0])
    shares = [told.confidence, *(other.confidence for other in told.alternatives)]
    assert all(0 <= share <= 1 for share in shares)
    if line.confidence > 0:
        assert sum(shares) <= 1 + 1e-9


def test_an_engine_without_a_curve_is_left_as_it_is() -> None:
    line = Line(FRAME, text="An", confidence=0.4, engine="another")
    assert calibrate(line, "another") is line


def test_a_line_without_text_is_left_as_it_is() -> None:
    line = Line(FRAME, confidence=1.0, engine="ctc_onnx")
    assert calibrate(line, "hand") is line


def test_the_error_of_a_perfect_judge_is_nothing() -> None:
    assert calibration_error([1.0, 1.0, 0.0], [True, True, False]) == 0
    assert calibration_error([], []) == 0


def test_likely_follows_the_curve_between_its_knots() -> None:
    curve = Curve(np.array([0.2, 0.6]), np.array([0.1, 0.5]))
    assert likely(0.4, curve) == pytest.approx(0.3)
    assert likely(0.0, curve) == pytest.approx(0.1)
    assert likely(1.0, curve) == pytest.approx(0.5)


@pytest.mark.parametrize("key", sorted(load_curves()), ids=" ".join)
def test_every_shipped_curve_rises(key: tuple[str, str]) -> None:
    curve = load_curves()[key]
    assert len(curve.raw) == len(curve.right) >= 2
    assert (np.diff(curve.raw) >= 0).all()
    assert (np.diff(curve.right) >= 0).all()
