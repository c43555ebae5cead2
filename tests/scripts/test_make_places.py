"""The tables of places can be made again from the lists, byte for byte."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, SHARED

TABLES = ROOT / "schemas" / "places"


@pytest.mark.skipif(not (SHARED / "places").is_dir(), reason=f"NOT RUN: no lists at {SHARED}")
def test_the_same_lists_give_the_same_bytes(tmp_path: Path) -> None:
    shutil.copy(TABLES / "seed.tsv", tmp_path)
    script = [sys.executable, ROOT / "scripts" / "make_places.py"]
    subprocess.run([*script, "--shared", SHARED, "--out", tmp_path], check=True)
    for file in ("units.tsv.gz", "events.tsv.gz"):
        assert (tmp_path / file).read_bytes() == (TABLES / file).read_bytes()
