#!/usr/bin/env python3
"""Draw on a scan what `sohoa read --json` found: cells, fields and their values.

    scripts/sohoa read page.jpg --json > answer.json
    scripts/draw_reading.py page.jpg answer.json picture.png [--width 1400] [--crop X Y W H]

A field is green where the machine is sure (0.95 and more), amber from 0.6, red below; its value
stands above it.
"""

import json
from pathlib import Path

import click
from PIL import Image, ImageDraw, ImageFont, ImageOps

FACE = Path(__file__).parent / "fonts" / "be-vietnam-pro.ttf"
COLOURS = ((0.95, (20, 130, 60)), (0.6, (190, 120, 0)), (0.0, (200, 30, 30)))


def colour(confidence: float) -> tuple[int, int, int]:
    """Return the colour for a confidence."""
    return next(shade for least, shade in COLOURS if confidence >= least)


def box(polygon: list[list[float]], scale: float) -> list[tuple[float, float]]:
    """Return the polygon's corners on the picture, closed."""
    points = [(x * scale, y * scale) for x, y in polygon]
    return [*points, points[0]]


@click.command()
@click.argument("scan", type=click.Path(exists=True, path_type=Path))
@click.argument("answer", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--width", default=1400, show_default=True, help="Of the picture, px.")
@click.option("--crop", nargs=4, type=int, help="Left, top, width, height on the scan, px.")
def main(scan: Path, answer: Path, target: Path, width: int, crop: tuple[int, ...] | None) -> None:
    """Draw the answer for one scan."""
    told = json.loads(answer.read_text(encoding="utf-8"))
    picture = ImageOps.exif_transpose(Image.open(scan)).convert("RGB")
    left, top, across, down = crop or (0, 0, *picture.size)
    scale = width / across
    picture = picture.crop((left, top, left + across, top + down)).resize(
        (width, round(down * scale))
    )
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(FACE, max(11, width // 110))

    def place(polygon: list[list[float]]) -> list[tuple[float, float]]:
        return box([[x - left, y - top] for x, y in polygon], scale)

    for page in told["pages"]:
        for cell in page["cells"]:
            draw.line(place(cell["polygon"]), fill=(90, 140, 220), width=1)
        for record in page["records"]:
            for field in record["fields"].values():
                shade = colour(field["confidence"])
                corners = place(field["polygon"])
                draw.line(corners, fill=shade, width=2)
                text = field["value"] or "?"
                x, y = corners[0]
                spot = draw.textbbox((x, y), text, font=font, anchor="lb")
                draw.rectangle(spot, fill=(255, 255, 255))
                draw.text((x, y), text, fill=shade, font=font, anchor="lb")
    picture.save(target, optimize=True)


if __name__ == "__main__":
    main()
