#!/usr/bin/env python3
"""Fit the curves that make field confidence honest, on invented pages kept for that.

    scripts/fit_field_calibration.py build/pages/fitting-*

Each folder is one of scripts/synthesize_pages.py, in faces that no reader was trained on. Its pages
are read without curves, for these are fitted to the engine's own confidence, and without a look at
their other entries, which asks for probabilities. Never fit on pages that are used for measuring.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.extract import records  # noqa: E402
from pipeline.extract.confidence import ANY, IDENTITY, Curve, fitted  # noqa: E402
from pipeline.extract.form import load_forms  # noqa: E402
from pipeline.flow import loose  # noqa: E402
from pipeline.measure.pairing import check_records, pair_scans  # noqa: E402
from pipeline.settings import Settings, WorkSettings, shipped  # noqa: E402

MIN_SAMPLES = 200  # fewer say too little about the top of a curve
Samples = dict[tuple[str, str], list[tuple[float, bool]]]


def kinds_of_fields() -> dict[str, str]:
    """Return the kind of each field by its key."""
    forms = load_forms(shipped("schemas")).values()
    return {field.key: field.kind for form in forms for field in form.fields}


def read_plainly(folder: Path) -> list[dict[str, Any]]:
    """Return what is read on a folder's pages, in the engine's own opinion."""
    records.shipped_calibration = lambda: IDENTITY  # type: ignore[assignment]
    loose.with_book_records = tuple  # type: ignore[assignment]
    settings = Settings(folder, work=WorkSettings(executor="serial"))
    files = [str(file) for file in sorted(folder.glob("*.jpg"))]
    told, _codes = loose.read_files(files, "", settings, lambda *_progress: None)
    pages: list[dict[str, Any]] = told["pages"]
    return pages


def collect(true: Sequence[Mapping[str, Any]], read: Sequence[Mapping[str, Any]]) -> Samples:
    """Return by kind and script how sure each field was, and whether it was right."""
    kinds = kinds_of_fields()
    samples: Samples = defaultdict(list)
    for scan in pair_scans(true, read):
        for field in check_records(scan).fields:
            if field.confidence is None or not field.read_value:
                continue
            sample = (field.confidence, field.read_value == field.value)
            kind, script = kinds.get(field.key, ANY), field.script or ANY
            for key in ((kind, script), (ANY, script), (kind, ANY), (ANY, ANY)):
                samples[key].append(sample)
    return samples


def curves(samples: Samples) -> dict[str, dict[str, Curve]]:
    """Return a curve for each kind and script with samples enough."""
    kinds: dict[str, dict[str, Curve]] = {}
    for (kind, script), pairs in sorted(samples.items()):
        if len(pairs) >= MIN_SAMPLES:
            kinds.setdefault(kind, {})[script] = fitted(pairs)
    return kinds


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out", default=ROOT / "ocr_models/vie/field_calibration.json", type=click.Path(path_type=Path)
)
def main(folders: tuple[Path, ...], out: Path) -> None:
    """Read the pages, fit the curves and write them as JSON."""
    samples: Samples = defaultdict(list)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for folder, read in zip(folders, pool.map(read_plainly, folders), strict=True):
            true = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["pages"]
            for key, found in collect(true, read).items():
                samples[key] += found
            print(f"{folder.name}: {len(samples[ANY, ANY])} fields so far", flush=True)
    kinds, count = curves(samples), len(samples[ANY, ANY])
    told = {"version": 1, "fields": count, "kinds": kinds}
    out.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{count} fields, curves for {len(kinds)} kinds in {out}")


if __name__ == "__main__":
    main()
