"""From ink on a flat sheet to the file of a scanner: paper, warps, light, lens, JPEG.

The warp is kept as a function on points too, so that truth polygons go the same way as pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.values import Matrix, Pixels, Polygon, Turn
from synthesis.hands import Colour, Field, smooth_noise

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wear:
    """How a sheet has aged and how it was scanned.

    Attributes:
        paper: colour of the sheet.
        texture, yellowing, bleed, stains: strengths, 0 to 1.
        skew_deg: clockwise turn of the content in the scan.
        curl_mm: how far lines bend at the gutter; 0 for a flat sheet.
        swell: share by which the page, risen beside the gutter, looks larger to a camera above it.
        tilt_deg: how far the camera leans over the sheet's upper (or lower) and right (or left)
            edge.
        torn: how much of corners and edges is gone, 0 to 1.
        fingers: how many hold the sheet down at its edges.
        shadow: darkness of the gutter, 0 to 1.
        bed: grey of the scanner's bed around the sheet, and its width in mm on each side.
        blur_px, noise: of the lens and the sensor, at the scan's resolution.
        gain: by which the scanner multiplies light; what exceeds white is lost.
        cut_mm: of the sheet that lies outside the picture at its left, top, right and bottom.
        jpeg: quality.
        turn_deg: clockwise turn that makes the scan upright.
    """

    paper: Colour = (255, 255, 255)
    texture: float = 0.0
    yellowing: float = 0.0
    bleed: float = 0.0
    stains: float = 0.0
    skew_deg: float = 0.0
    curl_mm: float = 0.0
    swell: float = 0.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    torn: float = 0.0
    fingers: int = 0
    shadow: float = 0.0
    bed: Colour = (255, 255, 255)
    bed_mm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    blur_px: float = 0.0
    noise: float = 0.0
    gain: float = 1.0
    cut_mm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    jpeg: int = 92
    turn_deg: Turn = 0


PAPERS: tuple[Colour, ...] = (
    (243, 236, 216),
    (238, 228, 200),
    (232, 220, 190),
    (244, 241, 230),
    (226, 214, 186),
    (240, 232, 212),
)


def draw_wear(rng: np.random.Generator, degrade: str, *, spread: bool, turn_deg: Turn) -> Wear:
    """Return the wear of one scan: none, light or heavy, bent (a thick book) or photo (a phone)."""
    if degrade == "none":
        return Wear(turn_deg=turn_deg, jpeg=95)
    if degrade in ("bent", "photo"):
        flat = draw_wear(rng, "light", spread=spread, turn_deg=turn_deg)
        return bent(flat, rng) if degrade == "bent" else photographed(flat, rng)
    heavy = degrade == "heavy"
    dark = heavy or rng.random() < 0.35
    shade = int(rng.integers(15, 60)) if dark else int(rng.integers(235, 255))
    bed_mm = tuple(float(v) for v in rng.uniform(0, 14 if dark else 5, 4))
    skew = float(rng.uniform(-3, 3) if heavy else np.clip(rng.normal(0, 0.6), -1.5, 1.5))
    return Wear(
        paper=PAPERS[int(rng.integers(len(PAPERS)))],
        texture=float(rng.uniform(0.5, 1.0) if heavy else rng.uniform(0.2, 0.5)),
        yellowing=float(rng.uniform(0.3, 1.0) if heavy else rng.uniform(0, 0.4)),
        bleed=float(rng.uniform(0.04, 0.16) if heavy else rng.uniform(0, 0.05)),
        stains=float(rng.uniform(0.2, 1.0) if heavy else rng.uniform(0, 0.25)),
        skew_deg=round(skew, 3),
        curl_mm=float(rng.uniform(0.5, 2.5) if heavy else rng.uniform(0, 1.0)) if spread else 0.0,
        shadow=float(rng.uniform(0.3, 0.7) if heavy else rng.uniform(0.1, 0.35)),
        bed=(shade, shade, shade),
        bed_mm=bed_mm,  # type: ignore[arg-type]
        blur_px=float(rng.uniform(0.5, 1.1) if heavy else rng.uniform(0.2, 0.6)),
        noise=float(rng.uniform(2, 6) if heavy else rng.uniform(0.5, 2.5)),
        jpeg=int(rng.integers(60, 78) if heavy else rng.integers(78, 91)),
        turn_deg=turn_deg,
    )


def bent(flat: Wear, rng: np.random.Generator) -> Wear:
    """Return the wear of a thick, torn book on the glass: its lines bend at the gutter."""
    return replace(
        flat,
        curl_mm=float(rng.uniform(1.5, 4.0) * rng.choice([-1, 1])),
        shadow=float(rng.uniform(0.2, 0.5)),
        torn=float(rng.uniform(0, 0.6)),
        bed=(25, 25, 28),
        bed_mm=tuple(float(mm) for mm in rng.uniform(3, 12, 4)),  # type: ignore[arg-type]
    )


def photographed(flat: Wear, rng: np.random.Generator) -> Wear:
    """Return the wear of a sheet on a table, photographed by hand from above it."""
    shade = int(rng.integers(35, 95))
    return replace(
        flat,
        skew_deg=round(float(np.clip(rng.normal(0, 1.2), -3, 3)), 3),
        curl_mm=float(rng.uniform(0, 1.0)),
        swell=float(rng.uniform(0.005, 0.025)),
        tilt_deg=(float(rng.uniform(-8, 8)), float(rng.uniform(-8, 8))),
        torn=float(rng.uniform(0, 0.4)),
        fingers=int(rng.integers(0, 3)),
        bed=(shade, shade - 8, shade - 20),
        bed_mm=tuple(float(mm) for mm in rng.uniform(4, 16, 4)),  # type: ignore[arg-type]
        blur_px=float(rng.uniform(0.4, 0.9)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """Where points of the flat sheet lie on the scan.

    Attributes:
        across: x on the curled sheet for each flat column, px, rising.
        down: how far each flat column is moved down, px.
        zoom: by how much each flat column is stretched up and down from the sheet's half height.
        half: the sheet's half height, px.
        matrix: 3x3, from the curled sheet to the upright scan.
        size: width and height of the upright scan.
        turn_deg: clockwise turn that makes the scan upright.
    """

    across: Points
    down: Points
    zoom: Points
    half: float
    matrix: Matrix
    size: tuple[int, int]
    turn_deg: Turn

    def carry(self, polygon: Polygon) -> Polygon:
        """Map a polygon from the flat sheet to the file."""
        return tuple(self.turned(*self.upright(x, y)) for x, y in polygon)

    def upright(self, x: float, y: float) -> tuple[float, float]:
        """Map a point from the flat sheet to the scan before it was laid in a wrong way."""
        columns = np.arange(len(self.across))
        bent_x = float(np.interp(x, columns, self.across))
        zoom = float(np.interp(x, columns, self.zoom))
        bent_y = y + float(np.interp(x, columns, self.down)) + zoom * (y - self.half)
        u, v, w = self.matrix @ np.array([bent_x, bent_y, 1.0])
        return float(u / w), float(v / w)

    def flattened(self, x: Field, y: Field) -> tuple[Field, Field]:
        """Map points of the scan, before it was laid in a wrong way, to the flat sheet."""
        back = np.linalg.inv(self.matrix)
        depth = back[2, 0] * x + back[2, 1] * y + back[2, 2]
        bent_x = ((back[0, 0] * x + back[0, 1] * y + back[0, 2]) / depth).astype(np.float32)
        bent_y = ((back[1, 0] * x + back[1, 1] * y + back[1, 2]) / depth).astype(np.float32)
        columns = np.arange(len(self.across), dtype=np.float64)
        flat_x = np.interp(bent_x, self.across, columns, left=-10, right=1e6).astype(np.float32)
        moved = bent_y - np.interp(flat_x, columns, self.down)
        zoom = np.interp(flat_x, columns, self.zoom)
        return flat_x, ((moved + zoom * self.half) / (1 + zoom)).astype(np.float32)

    def turned(self, x: float, y: float) -> tuple[float, float]:
        """Map a point of the upright scan to the file; the corners of pixels, not their middles."""
        width, height = self.size
        match self.turn_deg:
            case 90:  # the file was turned counter-clockwise
                return y, width - x
            case 180:
                return width - x, height - y
            case 270:
                return height - y, x
        return x, y


def make_warp(size: tuple[int, int], dpi: float, wear: Wear, *, spread: bool) -> Warp:
    """Return the way from a flat sheet of that size (px) to the scan."""
    width, height = size
    px = dpi / 25.4
    columns = np.arange(width, dtype=np.float64)
    gutter = width / 2 if spread else 0.0
    distance = np.abs(columns - gutter) / px
    fall = np.exp(-distance / 14.0)  # a book rises from the glass over some 3 cm
    down = wear.curl_mm * px * fall
    across = np.cumsum(1 - min(abs(wear.curl_mm) * 0.09, 0.3) * fall)
    across += width / 2 - across[width // 2]
    zoom = wear.swell * np.exp(-(((distance - 35.0) / 40.0) ** 2))
    angle = np.radians(wear.skew_deg)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]]) @ lean((width, height), wear)
    corners = np.array(
        [[x, y, 1.0] for x in (-width / 2, width / 2) for y in (-height / 2, height / 2)]
    )
    seen = corners @ turn.T
    grown = [float(np.abs(seen[:, axis] / seen[:, 2]).max()) for axis in (0, 1)]
    room = (grown[0] - width / 2 - 5 * px, grown[1] - height / 2 - 5 * px)
    left, top, right, bottom = (
        -cut * px if cut else max(mm * px, room[index % 2])
        for index, (mm, cut) in enumerate(zip(wear.bed_mm, wear.cut_mm, strict=True))
    )
    full = (round(width + left + right), round(height + top + bottom))
    here, there = np.eye(3), np.eye(3)
    here[:2, 2] = -width / 2, -height / 2
    there[:2, 2] = left + width / 2, top + height / 2
    return Warp(across, down, zoom, height / 2, there @ turn @ here, full, wear.turn_deg)


def lean(size: tuple[int, int], wear: Wear) -> Matrix:
    """Return what a leaning camera does to a sheet around its middle; 3x3."""
    tilt_x, tilt_y = np.radians(wear.tilt_deg)
    away = 1.5 * max(size)
    return np.array(
        [
            [np.cos(tilt_y), 0, 0],
            [0, np.cos(tilt_x), 0],
            [np.sin(tilt_y) / away, np.sin(tilt_x) / away, 1.0],
        ]
    )


def bend_pixels(pixels: Pixels, warp: Warp, fill: Colour) -> Pixels:
    """Return the upright scan: the sheet's pixels through the warp, the bed around them."""
    width, height = warp.size
    xs = np.arange(width, dtype=np.float32) + 0.5
    out = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, 512):  # in strips: the maps of an A3 spread are large
        ys = np.arange(top, min(top + 512, height), dtype=np.float32)[:, None] + 0.5
        flat_x, flat_y = warp.flattened(xs, ys)
        out[top : top + 512] = cv2.remap(
            pixels,
            flat_x - 0.5,
            flat_y - 0.5,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=fill,
        )
    return out


def grey_cast(shape: tuple[int, int], wear: Wear, rng: np.random.Generator, px: float) -> Field:
    """Return the paper's lightness (about 1): fibres, clouds, yellowed edges."""
    cast = np.ones(shape, np.float32)
    if wear.texture:
        cast += 0.010 * wear.texture * smooth_noise(rng, shape, 1.6 * px)
        cast += 0.016 * wear.texture * smooth_noise(rng, shape, 25 * px)
        cast += 0.008 * wear.texture * smooth_noise(rng, shape, max(0.3 * px, 1.5))
    return cast


def edges(shape: tuple[int, int], px: float) -> Field:
    """Return 1 at the sheet's edges, falling to 0 over 2 cm."""
    rows = np.minimum(np.arange(shape[0]), np.arange(shape[0])[::-1]).astype(np.float32)
    columns = np.minimum(np.arange(shape[1]), np.arange(shape[1])[::-1]).astype(np.float32)
    near: Field = np.maximum(
        np.exp(-rows / (9 * px))[:, None], np.exp(-columns / (9 * px))[None, :]
    )
    return near


def add_stains(sheet: Field, wear: Wear, rng: np.random.Generator, px: float) -> None:
    """Leave water marks and foxing on the paper."""
    height, width = sheet.shape[:2]
    for _ in range(int(rng.poisson(3 * wear.stains))):
        radius = float(rng.uniform(5, 30)) * px
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        x0, x1 = int(max(x - radius, 0)), int(min(x + radius, width))
        y0, y1 = int(max(y - radius, 0)), int(min(y + radius, height))
        if x1 - x0 < 4 or y1 - y0 < 4:
            continue
        ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        rough = smooth_noise(rng, (y1 - y0, x1 - x0), radius / 3)
        reach = np.hypot(xs - x, ys - y) / radius + 0.07 * rough
        inside = np.clip((0.9 - reach) * 8, 0, 1)
        rim = np.exp(-(((reach - 0.85) / 0.05) ** 2))
        dark = (0.05 * inside + 0.10 * rim * inside) * float(rng.uniform(0.5, 1.2))
        sheet[y0:y1, x0:x1] *= 1 - dark[..., None] * np.array([0.5, 0.8, 1.4], np.float32)


def age(pixels: Pixels, wear: Wear, rng: np.random.Generator, dpi: float) -> Pixels:
    """Return the ink on its old paper, with the back side shining through."""
    px = dpi / 25.4
    height, width = pixels.shape[:2]
    sheet = np.empty((height, width, 3), np.float32)
    light = grey_cast((height, width), wear, rng, px)
    if wear.bleed:
        back = np.asarray(cv2.GaussianBlur(pixels.min(axis=2)[:, ::-1], (0, 0), 0.35 * px))
        light *= 1 - wear.bleed + wear.bleed / 255 * back.astype(np.float32)
    rim = edges((height, width), px)
    for channel, brown in enumerate((0.10, 0.17, 0.30)):
        colour = light * (1 - brown * wear.yellowing * rim) * (wear.paper[channel] / 255)
        sheet[..., channel] = colour * pixels[..., channel]
    if wear.stains:
        add_stains(sheet, wear, rng, px)
    return np.asarray(cv2.convertScaleAbs(sheet), np.uint8)


def shade_gutter(pixels: Pixels, wear: Wear, dpi: float, *, spread: bool) -> Pixels:
    """Darken the sheet towards its gutter."""
    if not wear.shadow:
        return pixels
    width = pixels.shape[1]
    gutter = width / 2 if spread else 0.0
    distance = np.abs(np.arange(width) - gutter) / (dpi / 25.4)
    reach = 9.0 if spread else 5.0
    strength = wear.shadow * (1.0 if spread else 0.5)
    light = 1 - strength * np.exp(-((distance / reach) ** 1.3))
    if spread:
        light *= 1 - 0.6 * wear.shadow * np.exp(-((distance / 0.8) ** 2))
    return (pixels * light[None, :, None].astype(np.float32)).astype(np.uint8)


def tear(sheet: Pixels, wear: Wear, rng: np.random.Generator, dpi: float) -> None:
    """Take ragged bits off the sheet's corners and edges: the bed shows there."""
    px = dpi / 25.4
    height, width = sheet.shape[:2]
    for corner_x, corner_y in ((0, 0), (width, 0), (width, height), (0, height)):
        if rng.random() > wear.torn:
            continue
        reach = rng.uniform(3, 16, 2) * px
        inwards = np.array([1 if corner_x == 0 else -1, 1 if corner_y == 0 else -1])
        steps = np.linspace(0, 1, 14)
        ragged = rng.normal(0, 0.5 * px, (14, 2))
        edge = np.stack([(1 - steps) * reach[0], steps * reach[1]], axis=1) + ragged
        edge[0, 1] = edge[-1, 0] = -2 * px
        points = np.array([corner_x, corner_y]) + inwards * np.vstack([edge, [[-px, -px]]])
        cv2.fillPoly(sheet, [points.astype(np.int32)], wear.bed)
    for x in rng.uniform(0.1, 0.9, int(rng.poisson(2 * wear.torn))) * width:
        notch = np.array([[-2.0, -1], [0.3, 1], [2.5, -1]]) * rng.uniform(1, 4) * px
        if rng.random() < 0.5:
            notch = notch * [1, -1] + [0, height]
        cv2.fillPoly(sheet, [(notch + np.array([x, 0])).astype(np.int32)], wear.bed)


def hold(scan: Pixels, warp: Warp, wear: Wear, rng: np.random.Generator, dpi: float) -> None:
    """Lay fingers over the sheet's left, right or lower edge; they hide margin, not writing."""
    px = dpi / 25.4
    flat_w, flat_h = len(warp.across), 2 * warp.half
    for _ in range(wear.fingers):
        side, along = int(rng.integers(3)), float(rng.uniform(0.3, 0.9))
        inside = float(rng.uniform(4, 9)) * px
        tip = ((inside, along * flat_h), (flat_w - inside, along * flat_h),
               (along * flat_w, flat_h - inside))[side]  # fmt: skip
        away = np.array(((-1.0, 0.25), (1.0, 0.25), (0.2, 1.0))[side])
        start = np.array(warp.upright(*tip)) + away * 7 * px
        end = start + away * 60 * px
        skin = tuple(int(v) for v in np.array((208, 160, 135)) * rng.uniform(0.6, 1.05))
        cv2.line(scan, start.astype(int).tolist(), end.astype(int).tolist(), skin, round(14 * px))


def sense(pixels: Pixels, wear: Wear, rng: np.random.Generator) -> Pixels:
    """Look at it through the scanner's lens and sensor."""
    if wear.blur_px:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), wear.blur_px), np.uint8)
    if wear.noise:
        grain = rng.standard_normal(pixels.shape[:2], dtype=np.float32) * wear.noise
        spread = np.repeat(np.round(grain).astype(np.int16)[..., None], 3, axis=2)
        pixels = np.asarray(cv2.add(pixels, spread, dtype=cv2.CV_8U), np.uint8)
    if wear.gain != 1.0:
        pixels = np.asarray(cv2.convertScaleAbs(pixels, alpha=wear.gain), np.uint8)
    return pixels


def scan(
    pixels: Pixels, dpi: float, wear: Wear, rng: np.random.Generator, *, spread: bool
) -> tuple[Pixels, Callable[[Polygon], Polygon]]:
    """Return the scan's pixels (RGB), and the map of polygons from the flat sheet to it."""
    warp = make_warp((pixels.shape[1], pixels.shape[0]), dpi, wear, spread=spread)
    sheet = age(pixels, wear, rng, dpi) if wear.texture or wear.paper != (255, 255, 255) else pixels
    shaded = shade_gutter(sheet, wear, dpi, spread=spread)
    if wear.torn:
        shaded = shaded.copy()
        tear(shaded, wear, rng, dpi)
    upright = bend_pixels(shaded, warp, wear.bed)
    hold(upright, warp, wear, rng, dpi)
    turns = {0: 0, 90: 1, 180: 2, 270: 3}[wear.turn_deg]
    return sense(np.ascontiguousarray(np.rot90(upright, turns)), wear, rng), warp.carry
