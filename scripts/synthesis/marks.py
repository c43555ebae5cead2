"""What lies over the writing: stamps, signatures, stains."""

import cv2
import numpy as np
from PIL import Image, ImageDraw

from pipeline.values import Point
from synthesis.hands import Colour, Hand, font_at, smooth_noise
from synthesis.sheets import Sheet

RED: Colour = (205, 45, 55)


def ring_text(image: Image.Image, hand: Hand, text: str, radius: float, *, upper: bool) -> None:
    """Set text around the middle of the image, along the upper or the lower half."""
    centre = image.width / 2
    size = max(round(radius * 0.24), 5)
    font = font_at(hand.face.file, size)
    step = font.getlength(text) / radius / max(len(text), 1)
    for index, letter in enumerate(text):
        angle = (index - (len(text) - 1) / 2) * step * (1.12 if upper else -1.12)
        turn = angle if upper else angle + np.pi
        tile = Image.new("L", (2 * size, 2 * size), 0)
        ImageDraw.Draw(tile).text((size, size), letter, font=font, fill=255, anchor="mm")
        tile = tile.rotate(-np.degrees(angle), Image.Resampling.BICUBIC)
        x, y = centre + radius * np.sin(turn), centre - radius * np.cos(turn)
        image.paste(255, (round(x) - size, round(y) - size), tile)


def star(image: Image.Image, radius: float) -> None:
    """Put the five-pointed star into the middle."""
    centre = image.width / 2
    points = []
    for index in range(10):
        reach = radius if index % 2 == 0 else radius * 0.4
        angle = np.pi * index / 5
        points.append((centre + reach * np.sin(angle), centre - reach * np.cos(angle)))
    ImageDraw.Draw(image).polygon(points, fill=235)


def stamp(
    sheet: Sheet, hand: Hand, office: str, parent: str, centre: Point, mm: float = 34
) -> None:
    """Press a round red seal, its centre at mm, unevenly inked and a little turned."""
    rng = sheet.rng
    side = round(sheet.px(mm))
    image = Image.new("L", (side + 8, side + 8), 0)
    pen = ImageDraw.Draw(image)
    for share, width in ((0.98, 0.022), (0.60, 0.012)):
        radius = side / 2 * share
        box = [
            side / 2 + 4 - radius,
            side / 2 + 4 - radius,
            side / 2 + 4 + radius,
            side / 2 + 4 + radius,
        ]
        pen.ellipse(box, outline=255, width=max(round(side * width), 1))
    ring_text(image, hand, office.upper(), side * 0.39, upper=True)
    ring_text(image, hand, parent.upper(), side * 0.39, upper=False)
    star(image, side * 0.17)
    image = image.rotate(float(rng.normal(0, 9)), Image.Resampling.BICUBIC)
    alpha = np.asarray(image, np.float32)
    patchy = 0.68 + 0.22 * smooth_noise(rng, alpha.shape, side / 4)
    grain = 1 - 0.25 * np.abs(smooth_noise(rng, alpha.shape, max(side / 120, 1.5)))
    pressed = alpha * np.clip(patchy * grain, 0.08, 0.95)
    soft = np.asarray(cv2.GaussianBlur(pressed, (0, 0), max(side / 500, 0.4)))
    corner = (
        round(sheet.px(centre[0]) - image.width / 2),
        round(sheet.px(centre[1]) - image.width / 2),
    )
    sheet.blend(np.clip(soft, 0, 255).astype(np.uint8), corner, RED)


def signature(sheet: Sheet, centre: Point, size_mm: tuple[float, float], colour: Colour) -> None:
    """Scribble someone's sign: letters that lean into loops, and a tail back under them."""
    rng = sheet.rng
    width, height = (round(sheet.px(mm)) for mm in size_mm)
    turns = float(rng.uniform(2.5, 5.5))
    ts = np.linspace(0, 1, 300)
    swing = 2 * np.pi * turns * (ts ** float(rng.uniform(0.7, 1.2)))
    fade = (1 - ts) ** float(rng.uniform(0.2, 0.9))
    x = 0.12 + 0.68 * ts + 0.10 * fade * np.sin(swing + rng.uniform(0, 3))
    y = 0.5 - fade * float(rng.uniform(0.25, 0.42)) * np.cos(
        swing * float(rng.choice([1.0, 1.0, 0.5]))
    )
    y += 0.06 * np.sin(2 * np.pi * ts * 1.3 + rng.uniform(0, 6))
    if rng.random() < 0.6:  # the tail
        back = np.linspace(0, 1, 80)
        x = np.concatenate([x, x[-1] + (float(rng.uniform(0.02, 0.25)) - x[-1]) * back])
        y = np.concatenate([y, y[-1] + 0.28 * np.sin(np.pi * 0.6 * back)])
    x = x + float(rng.uniform(-0.3, -0.1)) * (y - 0.5)
    alpha = np.zeros((height + 8, width + 8), np.uint8)
    points = np.stack([np.clip(x, 0, 1) * width + 4, np.clip(y, 0, 1) * height + 4], axis=1)
    thick = max(round(sheet.px(float(rng.uniform(0.2, 0.4)))), 1)
    path = [np.round(points * 16).astype(np.int32)]
    cv2.polylines(
        alpha, path, isClosed=False, color=225, thickness=thick, lineType=cv2.LINE_AA, shift=4
    )
    corner = (round(sheet.px(centre[0]) - width / 2), round(sheet.px(centre[1]) - height / 2))
    sheet.blend(alpha, corner, colour)
