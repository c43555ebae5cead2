"""Find how far the lines of a page fall or rise, and turn the page level."""

import math
from dataclasses import replace
from functools import cache, lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.clean.ink import Ink, page_ink
from pipeline.values import Matrix, PageImage

MAX_SKEW_DEG = 45.0
LEAST_SKEW_DEG = 0.02  # one pixel over the width of A4 at 300 dpi: not worth resampling

_SPECTRUM_PX = 1024
_COARSE_DEG = 0.1
_FIRST_WAVE = 12  # waves over the page: longer ones show the outline of the text, not its lines
# How far the best direction must stand out of the median direction, in amplitude. Measured: blank
# and speckled pages to 1.06, a page number 1.13, a stamp 1.3, one line 1.9, print 1.6 to 3.
_CLEAR = 1.5
_FAINT = 1.25
_RULED = 1.8  # column rules on pages without much else reach 2.6 to 4.2
_AGREE_DEG = 0.5

_STRIPS = 48
_REACH_DEG = 0.24  # the coarse angle was never further off than 0.16
_REACH_STEP_DEG = 0.04
_FIT_DEG = 0.06
_FIT_STEP_DEG = 0.015
_SOFT_PX = 0.5

Curve = npt.NDArray[np.float64]


class Direction(NamedTuple):
    """Where the lines of a page point.

    Attributes:
        deg: angle by which text lines fall to the right.
        of_columns: the column rules tell it, not the text lines.
    """

    deg: float
    of_columns: bool


def find_skew(image: PageImage) -> float:
    """Return the angle in degrees (-45 to 45) by which text lines fall to the right.

    A page without lines gives 0.0.
    """
    coarse = page_direction(image)
    if coarse is None:
        return 0.0
    level = turn_ink(page_ink(image).ink, coarse.deg)
    # Seen along the columns, what falls to the right rises.
    rest_deg = -_sharpest(level.T.copy()) if coarse.of_columns else _sharpest(level)
    return float(np.clip(coarse.deg + rest_deg, -MAX_SKEW_DEG, MAX_SKEW_DEG))


def deskew(image: PageImage) -> PageImage:
    """Return the page turned level, on a canvas large enough for all of it."""
    return level(image, find_skew(image))


def level(image: PageImage, skew_deg: float) -> PageImage:
    """Return the page turned back by an angle; the new corners get the colour of the paper."""
    if abs(skew_deg) < LEAST_SKEW_DEG:
        return image
    height, width = image.pixels.shape
    matrix, size = turn_matrix(width, height, skew_deg)
    pixels = cv2.warpAffine(
        image.pixels,
        matrix[:2],
        size,
        flags=cv2.INTER_CUBIC,
        borderValue=float(page_ink(image).paper),
    )
    return replace(
        image,
        pixels=np.asarray(pixels, np.uint8),
        to_scan=image.to_scan @ np.linalg.inv(matrix),
        skew_deg=image.skew_deg + skew_deg,
    )


def turn_matrix(width: int, height: int, skew_deg: float) -> tuple[Matrix, tuple[int, int]]:
    """Return the matrix that takes a skew out, and the size that holds the whole result."""
    angle = math.radians(skew_deg)
    cos, sin = math.cos(angle), math.sin(angle)
    size = (
        math.ceil(width * cos + height * abs(sin) - 1e-6),
        math.ceil(width * abs(sin) + height * cos - 1e-6),
    )
    turn = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    old = np.array([(width - 1) / 2, (height - 1) / 2])
    new = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
    turn[:2, 2] = new - turn[:2, :2] @ old
    return turn, size


def turn_ink(ink: Ink, skew_deg: float) -> Ink:
    """Return a map of ink with a skew taken out."""
    matrix, size = turn_matrix(ink.shape[1], ink.shape[0], skew_deg)
    return np.asarray(cv2.warpAffine(ink, matrix[:2], size, flags=cv2.INTER_LINEAR), np.float32)


@lru_cache(maxsize=1)
def page_direction(image: PageImage) -> Direction | None:
    """Return the direction of a page's lines, see `find_direction`; the last page's is kept."""
    return find_direction(page_ink(image).ink)


def find_direction(ink: Ink) -> Direction | None:
    """Return the direction of the lines to some 0.15 degrees, or None where there are none.

    Parallel lines gather in the spectrum on the ray across them, however they are spaced, and
    whatever else stands on the page.
    """
    angles = _coarse_angles()
    amplitude = _spectrum(ink)
    lines, columns = _rays(amplitude, 0.0), _rays(amplitude, 90.0)
    line_deg, column_deg = float(angles[lines.argmax()]), float(angles[columns.argmax()])
    line_share, column_share = _prominence(lines), _prominence(columns)
    # Column rules are straighter than writing, but a dirty scanner draws columns of its own: they
    # count where they agree with the lines, or where there are no lines to speak of.
    if column_share > _RULED * line_share and abs(column_deg - line_deg) < _AGREE_DEG:
        return Direction(column_deg, of_columns=True)
    if line_share > _CLEAR:
        return Direction(line_deg, of_columns=False)
    if column_share > _RULED:
        return Direction(column_deg, of_columns=True)
    return Direction(line_deg, of_columns=False) if line_share > _FAINT else None


def _spectrum(ink: Ink) -> Ink:
    """Return the amplitudes of a page's waves, wave zero in the middle."""
    scale = min(1.0, _SPECTRUM_PX / max(ink.shape))
    small = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = small[:_SPECTRUM_PX, :_SPECTRUM_PX]
    square = np.zeros((_SPECTRUM_PX, _SPECTRUM_PX), np.float32)
    square[: small.shape[0], : small.shape[1]] = small
    waves = cv2.dft(square, flags=cv2.DFT_COMPLEX_OUTPUT)
    # The root keeps a single heavy rule from outweighing a page of writing.
    return np.asarray(np.fft.fftshift(cv2.sqrt(cv2.magnitude(*cv2.split(waves)))), np.float32)


def _coarse_angles() -> Curve:
    return np.arange(-MAX_SKEW_DEG, MAX_SKEW_DEG + 1e-9, _COARSE_DEG)


def _rays(amplitude: Ink, aside_deg: float) -> Curve:
    """Return the mean amplitude along the ray across lines of each angle, turned aside."""
    return np.asarray(
        cv2.remap(amplitude, *_ray_places(aside_deg), cv2.INTER_LINEAR).mean(1), np.float64
    )


@cache
def _ray_places(aside_deg: float) -> tuple[Ink, Ink]:
    """Return x and y of the points along every ray; the same for all pages."""
    middle = _SPECTRUM_PX // 2
    wave = np.arange(_FIRST_WAVE, middle - 2)
    radians = np.deg2rad(_coarse_angles() + aside_deg)[:, None]
    x = (middle - np.sin(radians) * wave).astype(np.float32)
    y = (middle + np.cos(radians) * wave).astype(np.float32)
    return x, y


def _prominence(curve: Curve) -> float:
    usual = float(np.median(curve))
    return float(curve.max()) / usual if usual > 0 else 0.0


def _sharpest(level: Ink) -> float:
    """Return the small angle at which the profile of the lines is sharpest."""
    strips = _strip_waves(level)
    reach = np.arange(-_REACH_DEG, _REACH_DEG + 1e-9, _REACH_STEP_DEG)
    best = float(reach[_sharpness(*strips, reach).argmax()])
    near = best + np.arange(-_FIT_DEG, _FIT_DEG + 1e-9, _FIT_STEP_DEG)
    return _summit(near, _sharpness(*strips, near))


def _strip_waves(level: Ink) -> tuple[npt.NDArray[np.complex64], Curve, Curve]:
    """Cut a page into upright strips; return the waves of their profiles, and wave times place.

    Shifting a profile is a turn of its waves, exact for any part of a pixel. Interpolating the
    profiles instead draws the answer towards the angle that needs no interpolation.
    """
    height, width = level.shape
    profiles = cv2.resize(level, (_STRIPS, height), interpolation=cv2.INTER_AREA)
    length = cv2.getOptimalDFTSize(height + height // 16)
    waves = np.fft.rfft(profiles, length, axis=0)[_FIRST_WAVE:]
    frequency = np.arange(_FIRST_WAVE, _FIRST_WAVE + len(waves)) * (2 * np.pi / length)
    # The root of the frequency keeps pictures and paragraphs from outweighing lines and rules.
    waves = waves * (np.sqrt(frequency) * np.exp(-0.5 * (frequency * _SOFT_PX) ** 2))[:, None]
    place = (np.arange(_STRIPS) + 0.5) * (width / _STRIPS) - width / 2
    return waves.astype(np.complex64), frequency.astype(np.float64), place


def _sharpness(
    waves: npt.NDArray[np.complex64], frequency: Curve, place: Curve, angles: Curve
) -> Curve:
    """Return the energy of the page's profile after a shear by each of evenly spaced angles."""
    slope = np.tan(np.deg2rad(angles))
    phase = frequency[:, None] * place
    sheared = waves * np.exp(1j * phase * slope[0]).astype(np.complex64)
    step = np.exp(1j * phase * (slope[1] - slope[0])).astype(np.complex64)
    energy = []
    for _ in angles:
        energy.append(float((np.abs(sheared.sum(1)) ** 2).sum()))
        sheared = sheared * step
    return np.array(energy)


def _summit(x: Curve, y: Curve) -> float:
    """Return where the parabola through the points has its summit, within the points."""
    middle = float(x.mean())
    bend, slope, _ = np.polyfit(x - middle, y / max(float(y.max()), 1e-12), 2)
    if bend >= 0:
        return float(x[y.argmax()])
    return middle + float(np.clip(-slope / (2 * bend), x[0] - middle, x[-1] - middle))
