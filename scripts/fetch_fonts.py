"""Fetch the free fonts of scripts/fonts/fonts.toml and merge each into one TTF in build/fonts.

The fonts come from npm's @fontsource packages, which split a face by alphabet; the Latin, Latin
Extended and Vietnamese parts are put together again. What is already there is left alone.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

import click
from fontTools.merge import Merger, Options
from fontTools.subset import Options as SubsetOptions
from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont

FOLDER = Path(__file__).parent / "fonts"
FETCHED = Path(__file__).parent.parent / "build" / "fonts"
PARTS = ("latin", "latin-ext", "vietnamese")
# Latin with all its Vietnamese and upland letters, combining marks, and the signs of registers.
LETTERS = [
    *range(0x20, 0x250),
    *range(0x300, 0x370),
    *range(0x1E00, 0x1F00),
    *range(0x2010, 0x2040),
]
LETTERS += [0xA0, 0x20AB, 0x2116, 0x2212, 0x25A1, 0x2713]


@dataclass(frozen=True, slots=True)
class FontCard:
    """One face of fonts.toml.

    Attributes:
        role: hand, serif, serif-bold, sans or typewriter.
        part: tuning, fitting or measuring; no face is in two of them.
        sha256: of the npm package's tarball.
        size: factor on the font size that gives this face the x-height of the others.
        shipped: its file is committed in scripts/fonts, so nothing is fetched.
        marks: id of the face whose Vietnamese marks are struck over this one's bare letters.
    """

    id: str
    family: str
    package: str
    version: str
    weight: int
    role: str
    part: str
    licence: str
    sha256: str
    size: float = 1.0
    shipped: bool = False
    marks: str = ""


def load_cards(file: Path = FOLDER / "fonts.toml") -> list[FontCard]:
    """Return all faces that the data file lists."""
    with file.open("rb") as stream:
        return [FontCard(**card) for card in tomllib.load(stream)["font"]]


def font_file(card: FontCard) -> Path | None:
    """Return the face's file, shipped or fetched; None when it is not on this machine."""
    for folder in (FOLDER, FETCHED):
        if (folder / f"{card.id}.ttf").exists():
            return folder / f"{card.id}.ttf"
    return None


def pack(card: FontCard, folder: Path) -> Path:
    """Download the package's tarball with npm and check its sum."""
    name = f"{card.package}@{card.version}"
    command = ["npm", "pack", name, "--silent", "--pack-destination", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if answer.returncode:
        raise click.ClickException(f"npm pack {name} failed: {answer.stderr.strip()[-300:]}")
    tarball = folder / answer.stdout.split()[-1]
    found = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if found != card.sha256:
        raise click.ClickException(f"{name} has sha256 {found}, fonts.toml says {card.sha256}")
    return tarball


def merge(tarball: Path, card: FontCard, file: Path) -> None:
    """Write one TTF with the Latin and Vietnamese letters of the package."""
    stem = card.package.partition("/")[2]
    with tempfile.TemporaryDirectory() as folder, tarfile.open(tarball) as archive:
        parts = []
        for part in PARTS:
            name = f"package/files/{stem}-{part}-{card.weight}-normal.woff2"
            if name in archive.getnames():
                member = archive.extractfile(name)
                assert member is not None  # a listed regular file
                font = TTFont(io.BytesIO(member.read()))
                font.flavor = None
                parts.append(f"{folder}/{part}.ttf")
                font.save(parts[-1])
        dropped = ["DSIG", "STAT", "gasp", "meta"]
        whole = Merger(Options(drop_tables=dropped)).merge(parts) if parts[1:] else TTFont(parts[0])
        subsetter = Subsetter(
            SubsetOptions(layout_features=["*"], hinting=False, notdef_outline=True)
        )
        subsetter.populate(unicodes=LETTERS)
        subsetter.subset(whole)
        whole.recalcTimestamp = False  # the same package gives the same file
        whole.save(f"{folder}/whole.ttf")
        shutil.copyfile(f"{folder}/whole.ttf", file.with_suffix(".part"))
    file.with_suffix(".part").replace(file)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=FETCHED, show_default=True)
@click.option("--shipped/--not-shipped", default=False, help="Also the faces committed here.")
@click.argument("ids", nargs=-1)
def main(out: Path, shipped: bool, ids: tuple[str, ...]) -> None:  # noqa: FBT001 - click's way
    """Fetch the fonts (all that are missing, or the IDS named)."""
    cards = [card for card in load_cards() if (card.id in ids if ids else True)]
    wanted = [card for card in cards if shipped or not card.shipped]
    missing = [card for card in wanted if not (out / f"{card.id}.ttf").exists()]
    if missing and not shutil.which("npm"):
        raise click.ClickException(
            f"npm is missing, {len(missing)} fonts cannot be fetched; "
            "install it (apt install npm), or work with the fonts in scripts/fonts"
        )
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for card in missing:
            merge(pack(card, Path(folder)), card, out / f"{card.id}.ttf")
            print(f"{card.id}: {card.family} {card.version} ({card.licence})", file=sys.stderr)
    print(f"{len(wanted)} fonts in {os.path.relpath(out)}, {len(missing)} of them new")


if __name__ == "__main__":
    main()
