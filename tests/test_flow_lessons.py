"""Which lines a reader can be tuned on: what people decided, and what a folder holds."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.desk.archive import chosen_books, open_archive
from pipeline.desk.books import intake
from pipeline.desk.demo import samples
from pipeline.errors import UsageError
from pipeline.flow.book import process
from pipeline.flow.lessons import (
    Lessons,
    _outline,
    decided_lessons,
    folder_lessons,
    unusable,
    written,
)
from pipeline.flow.page import forms
from pipeline.ocr.decode import greedy
from pipeline.ocr.engines.ctc_onnx import CtcEngine, Model, load_model, model_folder
from pipeline.settings import IngestSettings, OcrSettings, Settings, WorkSettings, load_settings
from pipeline.store.database import Database, now
from pipeline.tuning.general import STRIP_PX
from pipeline.values import Decision, FieldValue, Line, PageImage, PageReading, Polygon, Record

BOX = ((0.0, 0.0), (400.0, 0.0), (400.0, 40.0), (0.0, 40.0))


def nothing(*_args: object) -> None:
    """Show no progress."""


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(model_folder(OcrSettings()))


# A folder


def picture(file: Path, text: str = "Nguyen") -> None:
    page = np.full((60, 420), 245, np.uint8)
    cv2.putText(page, text, (10, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 30, 2)
    cv2.imwrite(str(file), page)


def read_folder(folder: Path, rows: Sequence[str], model: Model) -> Lessons:
    (folder / "lines.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return folder_lessons(folder, model, IngestSettings(), nothing)


def test_a_folder_gives_its_lines(tmp_path: Path, model: Model) -> None:
    picture(tmp_path / "a.png")
    decomposed = "Ngu\u0079e\u0302\u0303n   Văn"
    told = {"file": "a.png", "text": decomposed, "writer": "một người"}
    lessons = read_folder(tmp_path, [json.dumps(told), ""], model)
    assert lessons.notes == ()
    (line,) = lessons.lines
    assert line.text == "Nguyễn Văn"
    assert line.pixels.shape[0] == STRIP_PX
    assert line.pixels.shape[1] > 100
    assert line.book == ""


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("{", "không phải JSON"),
        ('["a.png", "x"]', "thiếu “file” hoặc “text”"),
        ('{"file": "a.png"}', "thiếu “file” hoặc “text”"),
        ('{"file": "a.png", "text": 7}', "thiếu “file” hoặc “text”"),
        ('{"file": "a\\u0000.png", "text": "x"}', "thiếu “file” hoặc “text”"),
        ('{"file": "\\ud800.png", "text": "x"}', "thiếu “file” hoặc “text”"),
        ("[" * 200_000, "không phải JSON"),
        ('{"file": "a.png", "text": "\\ud800"}', "có ký tự mà mô hình không biết"),
        ('{"file": "../a.png", "text": "x"}', "ảnh nằm ngoài thư mục"),
        ('{"file": "/etc/passwd", "text": "x"}', "ảnh nằm ngoài thư mục"),
        ('{"file": "gone.png", "text": "x"}', "gone.png không đọc được"),
        ('{"file": "bad.png", "text": "x"}', "bad.png không đọc được"),
        ('{"file": "white.png", "text": "x"}', "ảnh không có nét chữ"),
        ('{"file": "a.png", "text": " "}', "không có chữ"),
        ('{"file": "a.png", "text": "☃"}', "có ký tự mà mô hình không biết"),
        (json.dumps({"file": "a.png", "text": "x" * 200}), "không khớp nhau"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_the_others_are_read(
    tmp_path: Path, model: Model, row: str, sentence: str
) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "white.png"), np.full((40, 200), 255, np.uint8))
    lessons = read_folder(tmp_path, [row, '{"file": "a.png", "text": "Nguyen"}'], model)
    assert [line.text for line in lessons.lines] == ["Nguyen"]
    (note,) = lessons.notes
    assert note.startswith("lines.jsonl, dòng 1: ")
    assert sentence in note


def test_a_folder_without_its_list_is_refused(tmp_path: Path, model: Model) -> None:
    with pytest.raises(UsageError, match=r"lines\.jsonl"):
        folder_lessons(tmp_path, model, IngestSettings(), nothing)


def test_a_line_that_the_network_cannot_take_whole_is_not_learnt(model: Model) -> None:
    long = np.full((STRIP_PX, 4 * model.max_width_px), 255, np.uint8)
    assert unusable(long, "a", model) == "dòng quá dài"
    assert unusable(long[:, : model.max_width_px], "a", model) == ""


# Decisions


def field(**told: object) -> FieldValue:
    return replace(FieldValue("nksHoTen", "Nguyễn Văn A", "Nguyễn Văn A", 0.5, 1, BOX), **told)  # type: ignore[arg-type]


def decided(value: str, raw: str = "", key: str = "nksHoTen") -> Decision:
    return Decision("r/1/-/1", key, value, "hoa", now(), raw=raw)


@pytest.mark.parametrize(
    ("decision", "known", "text"),
    [
        (decided("Nguyễn Văn An"), field(), "Nguyễn Văn An"),
        (decided("Nguyễn Văn A"), field(raw="Ng. V. A"), "Ng. V. A"),  # confirmed as it was read
        (decided("Nguyễn Văn An"), field(raw="Ng. V. A"), ""),  # how it is shortened is not told
        (decided("Nguyễn Văn An", "Ng. V. An"), field(raw="Ng. V. A"), "Ng. V. An"),
        (
            decided("1987-03-08", key="nksNgaySinh"),
            field(key="nksNgaySinh", raw="8/3/87", value="1987-03-08"),
            "8/3/87",
        ),
        (
            decided("1987-03-09", key="nksNgaySinh"),
            field(key="nksNgaySinh", raw="8/3/87", value="1987-03-08"),
            "",
        ),
    ],
)
def test_what_is_written_is_known_by_a_persons_word_only(
    decision: Decision, known: FieldValue, text: str
) -> None:
    assert written(decision, known, forms()["birth_table"]) == text


def sheet(*polygons: Polygon) -> PageReading:
    lines = tuple(Line(polygon, text="x") for polygon in polygons)
    return PageReading(None, 0, 0.0, "", 1.0, BOX, lines=lines)


def moved(x: float, y: float, width: float = 400.0) -> Polygon:
    return ((x, y), (x + width, y), (x + width, y + 40), (x, y + 40))


def test_the_one_line_of_a_field_is_cut_and_a_part_of_a_line_by_the_field() -> None:
    side = {None: PageImage(np.full((300, 900), 255, np.uint8), 200.0, np.eye(3))}
    line, part = moved(10, 100), moved(200, 100, 210)
    cell = ((0.0, 80.0), (450.0, 80.0), (450.0, 160.0), (0.0, 160.0))

    def outline(place: Polygon, *lines: Polygon) -> Polygon | None:
        return _outline(field(polygon=place), side, {None: sheet(*lines)})

    assert outline(cell, line, moved(10, 200), moved(500, 100)) == line
    assert outline(part, line) == part
    assert outline(cell, line, moved(10, 121)) is None
    assert outline(cell) is None


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An archive with one page of a table, read."""
    folder = tmp_path_factory.mktemp("archive")
    settings = replace(load_settings(folder, "thu"), work=WorkSettings(executor="serial"))
    one = next(sample for sample in samples() if sample.book.form == "birth_table")
    database = open_archive(settings, make=True)
    intake(database, settings, one.book, one.scans[:1], nothing)
    process(database, settings, chosen_books(database, ()), nothing)
    database.close()
    return settings


@pytest.fixture
def database(settings: Settings) -> Database:
    return open_archive(settings)


def confirm(database: Database, record: Record, key: str) -> str:
    """Let a person confirm a field; return what stands there."""
    known = next(one for one in record.fields if one.key == key)
    database.add_decision(Decision(record.id, key, known.value, "hoa", now()))
    return known.raw


def test_the_provenance_says_which_model_read_a_page(
    settings: Settings, database: Database, model: Model
) -> None:
    (book,) = database.books()
    told = [json.loads(s.settings) for s in database.steps(book.accession) if s.stage == "ocr"]
    assert told
    for one in told:
        assert one["hand_model"] == "hand"
        assert one["engines"] == {"ctc_onnx": f"hand {model.sha256}"}


@pytest.mark.slow
def test_decided_fields_are_cut_from_their_scans_as_the_flow_reads_them(
    settings: Settings, database: Database, model: Model
) -> None:
    (book,) = database.books()
    records = database.records(book.accession)
    key = "nksHoTen"
    texts = [confirm(database, record, key) for record in records]
    database.add_decision(Decision("gone/1/-/1", key, "An", "hoa", now()))  # of another book
    database.add_decision(Decision(f"{book.accession}/9/-/1", key, "An", "hoa", now()))
    found = decided_lessons(database, settings, [book.accession], model, nothing)
    assert len(found.lines) >= 0.7 * len(texts)
    assert set(line.text for line in found.lines) <= set(texts)
    assert {line.book for line in found.lines} == {book.accession}
    assert any("không còn trong bản ghi" in note for note in found.notes)
    engine = CtcEngine(model, settings.ocr)
    small = [
        cv2.resize(
            line.pixels,
            (line.pixels.shape[1] * model.height_px // STRIP_PX, model.height_px),
            interpolation=cv2.INTER_AREA,
        )
        for line in found.lines
    ]
    read = [greedy(steps, model.characters) for steps in engine.strip_logits(small)]
    same = sum(one == line.text for one, line in zip(read, found.lines, strict=True))
    assert same > 0.6 * len(read)
