"""The commands as a person calls them, in their own processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"


def sohoa(*args: object, language: str = "vi", code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "SOHOA_LANG": language},
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def page_of(form: str) -> Path:
    folder = next(
        card.parent
        for card in sorted(SAMPLES.glob("*/book.toml"))
        if f'form = "{form}"' in card.read_text(encoding="utf-8")
    )
    return sorted(folder.glob("*.jpg"))[0]


@pytest.mark.parametrize("form", ["birth_form", "birth_table", "parcel_table"])
def test_an_unarchived_page_is_read_to_the_contract_and_its_form_is_guessed(form: str) -> None:
    page = page_of(form)
    told = json.loads(sohoa("read", page, "--json").stdout)
    schema = json.loads((ROOT / "docs" / "read-answer.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(told)
    assert told["errors"] == []
    assert {one["file"] for one in told["pages"]} == {str(page)}
    assert {one["form"] for one in told["pages"]} == {form}
    assert sum(len(one["records"]) for one in told["pages"]) >= 1


def test_a_file_that_cannot_be_read_is_an_entry_and_the_others_are_read(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"not a picture")
    page = page_of("birth_form")
    done = sohoa("read", bad, tmp_path / "gone.png", page, "--json", code=3)
    told = json.loads(done.stdout)
    schema = json.loads((ROOT / "docs" / "read-answer.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(told)
    assert [one["file"] for one in told["errors"]] == [str(bad), str(tmp_path / "gone.png")]
    assert {one["error"] for one in told["errors"]} == {"UnreadableFileError"}
    assert {one["file"] for one in told["pages"]} == {str(page)}
    assert "bad.jpg" in done.stderr


def test_help_speaks_vietnamese_and_english() -> None:
    assert "quét, nắn, đọc" in sohoa("--help").stdout
    assert "scan, deskew, read" in sohoa("--help", language="en").stdout


def test_an_error_is_one_line_and_a_code(tmp_path: Path) -> None:
    done = sohoa("search", "lan", "--archive", tmp_path / "none", code=2)
    assert done.stderr.startswith("sohoa: chưa có kho")
    assert done.stdout == ""
    done = sohoa("search", "lan", "--archive", tmp_path / "none", code=2, language="en")
    assert done.stderr.startswith("sohoa: there is no archive")


def test_a_wrong_year_or_form_is_refused_in_words(tmp_path: Path) -> None:
    card = ["--place", "Xã Thử", "--volume", "1", "--archive", tmp_path / "kho"]
    assert "19x7" in sohoa("ingest", SAMPLES, *card, "--year", "19x7", code=2).stderr
    unknown = sohoa("ingest", SAMPLES, *card, "--year", "1987", "--form", "zzz", code=2)
    assert "birth_form" in unknown.stderr
    assert not (tmp_path / "kho").exists()


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "sohoa.toml").write_text("[ocr]\nhnad = 'x'\n", encoding="utf-8")
    assert "hnad" in sohoa("doctor", "--archive", tmp_path, code=2).stderr


def test_the_doctor_finds_this_machine_fit(tmp_path: Path) -> None:
    checks = json.loads(sohoa("doctor", "--json", "--archive", tmp_path).stdout)
    assert all(check["found"] for check in checks if check["required"])


def test_the_demonstration_ends_with_the_hit_and_its_places(tmp_path: Path) -> None:
    done = sohoa("demo", "--folder", tmp_path / "demo")
    assert "Nguyễn Thị Lan" in done.stdout
    for ending in ("book.pdf", "records.jsonl", ".jpg"):
        line = next(line for line in done.stdout.splitlines() if line.endswith(ending))
        assert Path(line.split(": ", 1)[1]).is_file()


def test_the_demonstration_never_removes_something_else(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("keep", encoding="utf-8")
    sohoa("demo", "--folder", tmp_path, code=2)
    assert (tmp_path / "letter.txt").exists()


def test_scans_are_judged_without_an_archive_and_a_bad_one_is_told(tmp_path: Path) -> None:
    page = page_of("birth_form")
    small = tmp_path / "nho.png"
    with Image.open(page) as whole:
        whole.resize((whole.width // 2, whole.height // 2)).save(small, dpi=(100, 100))
    none = ["--archive", tmp_path / "none"]
    told = json.loads(sohoa("quality", page, small, "--json", *none, code=3).stdout)
    assert [one["file"] for one in told["pages"]] == [str(page), str(small)]
    assert [one["quality"]["verdict"] for one in told["pages"]] == ["good", "rescan"]
    done = sohoa("quality", page, small, *none, code=3)
    assert str(page) not in done.stdout
    assert "hãy quét lại ở 200 dpi trở lên" in done.stdout
    assert "2 trang: 1 tốt, 0 xem lại, 1 quét lại" in done.stdout
    strict = sohoa("quality", page, "--profile", "cadastral-map", *none, code=3)
    assert "hãy quét lại ở 300 dpi trở lên" in strict.stdout
    assert "fadgi-2-star" in sohoa("quality", page, "--profile", "x", *none, code=2).stderr
