#!/usr/bin/env python3
"""Fit the curves that make field confidence honest, from truth and a reading of tuning pages.

    scripts/fit_field_calibration.py --set TRUTH.json PRED.json [--set …] --out FILE

PRED is what `sohoa read --json` says about the pages of TRUTH, read WITHOUT a calibration file
(move ocr_models/vie/field_calibration.json away first): curves are fitted to the engine's own
confidence. Never fit on pages that are used for measuring.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.extract.confidence import ANY, Curve, fitted  # noqa: E402
from pipeline.extract.form import load_forms  # noqa: E402
from pipeline.measure.pairing import check_records, pair_scans  # noqa: E402
from pipeline.settings import shipped  # noqa: E402

MIN_SAMPLES = 200  # fewer say too little about the top of a curve
Samples = dict[tuple[str, str], list[tuple[float, bool]]]


def kinds_of_fields() -> dict[str, str]:
    forms = load_forms(shipped("schemas")).values()
    return {field.key: field.kind for form in forms for field in form.fields}


def collect(sets: tuple[tuple[Path, Path], ...]) -> Samples:
    kinds = kinds_of_fields()
    samples: Samples = defaultdict(list)
    for truth, pred in sets:
        true_pages = json.loads(truth.read_text(encoding="utf-8"))["pages"]
        read_pages = json.loads(pred.read_text(encoding="utf-8"))["pages"]
        for scan in pair_scans(true_pages, read_pages):
            for field in check_records(scan).fields:
                if field.confidence is None or not field.read_value:
                    continue
                sample = (field.confidence, field.read_value == field.value)
                kind, script = kinds.get(field.key, ANY), field.script or ANY
                for key in ((kind, script), (ANY, script), (kind, ANY), (ANY, ANY)):
                    samples[key].append(sample)
    return samples


def curves(samples: Samples) -> dict[str, dict[str, Curve]]:
    kinds: dict[str, dict[str, Curve]] = {}
    for (kind, script), pairs in sorted(samples.items()):
        if len(pairs) >= MIN_SAMPLES:
            kinds.setdefault(kind, {})[script] = fitted(pairs)
    return kinds


@click.command()
@click.option(
    "--set",
    "sets",
    multiple=True,
    required=True,
    nargs=2,
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--out", default=ROOT / "ocr_models/vie/field_calibration.json", type=click.Path(path_type=Path)
)
def main(sets: tuple[tuple[Path, Path], ...], out: Path) -> None:
    """Fit the curves and write them as JSON."""
    samples = collect(sets)
    kinds, count = curves(samples), len(samples[ANY, ANY])
    told = {"version": 1, "fields": count, "kinds": kinds}
    out.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{count} fields, curves for {len(kinds)} kinds in {out}")


if __name__ == "__main__":
    main()
