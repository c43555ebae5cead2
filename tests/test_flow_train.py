"""Improving the reader: what is held back, what is kept, what is refused, what is switched."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.desk.archive import open_archive
from pipeline.desk.models import known_models, switch_model
from pipeline.errors import BusyError, ReadingError, UsageError
from pipeline.flow import train as flow
from pipeline.flow.book import working
from pipeline.flow.lessons import Lesson
from pipeline.flow.train import LEAST_HELD, MOST_WORSE, Figures, held_back, is_better, train
from pipeline.ocr.engines import ctc_onnx
from pipeline.settings import Settings, load_settings
from pipeline.store.models import tuned_models, use_model
from tests.test_cli import sohoa

BEFORE = Figures(0.1, 0.05)


def nothing(*_args: object) -> None:
    """Show no progress."""


def places(count: int) -> list[Lesson]:
    return [Lesson(None, "a", f"b/1/-/{number}/k", "b") for number in range(count)]  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [30, 60, 400])
def test_a_fifth_is_held_back_and_never_less_than_ten(count: int) -> None:
    learn, held = held_back(places(count))
    assert len(learn) + len(held) == count
    assert not {one.place for one in learn} & {one.place for one in held}
    assert len(held) >= LEAST_HELD
    assert len(held) <= max(LEAST_HELD, 0.3 * count)


def test_new_lines_never_let_an_old_judge_become_a_lesson() -> None:
    _learn, held = held_back(places(60))
    learn, _held = held_back(places(300))
    judges = {one.place for one in held}
    assert len(judges) > LEAST_HELD  # so that none was added for want of others
    assert not judges & {one.place for one in learn}


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        (Figures(0.09, 0.05), True),
        (Figures(0.09, 0.05 + MOST_WORSE), True),
        (Figures(0.09, 0.051 + MOST_WORSE), False),
        (Figures(0.1, 0.01), False),
        (Figures(0.11, 0.05), False),
    ],
)
def test_a_model_is_kept_if_it_is_better_here_and_no_worse_elsewhere(
    after: Figures, *, kept: bool
) -> None:
    assert is_better(BEFORE, after) == kept


def test_a_model_that_is_unknown_or_broken_cannot_be_used(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, "thu")
    with pytest.raises(UsageError, match="có thể chọn: asternet, fast, hand"):
        switch_model(settings, "hand-7")
    use_model(tmp_path, "hand-7")  # its folder was lost
    with pytest.raises(ReadingError, match="sohoa model use hand"):
        ctc_onnx.create(load_settings(tmp_path, "thu").ocr)


def test_switching_waits_for_who_works_on_the_archive(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, "thu")
    with working(tmp_path), pytest.raises(BusyError):
        switch_model(settings, "asternet")
    switch_model(settings, "asternet")
    used = [model.name for model in known_models(load_settings(tmp_path, "thu")) if model.in_use]
    assert used == ["asternet"]


def test_without_torch_the_command_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; from pipeline.cli.entry import main; "
        f"main(['train', '--lines', {str(tmp_path)!r}, '--archive', {str(tmp_path / 'kho')!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "SOHOA_LANG": "vi"},
        check=False,
    )
    assert done.returncode == 6, done.stderr
    assert "torch" in done.stderr
    assert "pip install 'sohoa[train]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_models_are_listed_and_switched_by_one_command(tmp_path: Path) -> None:
    (tmp_path / "kho").mkdir()
    open_archive(load_settings(tmp_path / "kho", "thu"), make=True).close()
    here = ["--archive", tmp_path / "kho"]
    listed = json.loads(sohoa("model", *here, "--json").stdout)
    assert [one["name"] for one in listed if one["in_use"]] == ["hand"]
    assert "asternet" in sohoa("model", "use", "asternet", *here).stdout
    listed = json.loads(sohoa("model", "list", *here, "--json").stdout)
    assert [one["name"] for one in listed if one["in_use"]] == ["asternet"]
    assert "có thể chọn" in sohoa("model", "use", "hand-1", *here, code=2).stderr
    assert sohoa("model", "use", *here, code=2).stderr


# With torch


@pytest.fixture
def tiny(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """An archive that reads with a tiny network that knows nothing, or that stays silent."""
    from tests.tuning.tuning_readers import keep_tiny

    keep_tiny(tmp_path, tmp_path, silent=getattr(request, "param", False))
    use_model(tmp_path, "tiny")
    return load_settings(tmp_path, "hoa")


def lessons(count: int = 40) -> list[Lesson]:
    from tests.tuning.tuning_readers import strip

    return [
        Lesson(strip(number), ("abc", "cab a", "bb")[number % 3], f"so-1/{number}/-/1/k", "so-1")
        for number in range(count)
    ]


def check() -> list[tuple[object, str]]:
    return [(one.pixels, one.text) for one in lessons(6)]


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch) -> None:
    """General lines that the tiny network has the letters for."""
    monkeypatch.setattr(flow, "replay_lines", check)


@pytest.mark.parametrize("tiny", [True], indirect=True)
def test_a_better_model_is_kept_with_its_card_and_used_and_one_command_goes_back(
    tiny: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuner, exporter, loader = flow.torch_parts()

    def one_letter(reader: Any, *_args: object) -> None:
        """Say the letter a: of a line's letters that is one more than nothing."""
        reader.trunk.classifier.bias.data[1] += 60

    fake = SimpleNamespace(**{**vars(tuner), "tune": one_letter})
    monkeypatch.setattr(flow, "torch_parts", lambda: (fake, exporter, loader))
    archive = tiny.archive
    (archive / "work" / "tuning").mkdir(parents=True)
    training = train(tiny, lessons(), 1, nothing, check())
    assert training.model == "tiny-1"
    assert training.after.held < training.before.held
    card = next(model for model in tuned_models(archive) if model.name == "tiny-1")
    assert (card.base, card.person, card.books) == ("tiny", "hoa", ("so-1",))
    assert card.learnt + card.held == 40
    assert card.held_cer == (training.before.held, training.after.held)
    assert not (archive / "work" / "tuning").exists()
    engine = flow.CtcEngine(flow.load_model(archive / "models" / "tiny-1"), tiny.ocr)
    assert engine.version == f"tiny-1 {card.sha256}"
    used = load_settings(archive, "hoa")
    assert used.ocr.hand_model == str(archive / "models" / "tiny-1")
    switch_model(used, "hand")
    assert load_settings(archive, "hoa").ocr.hand_model == "hand"


@pytest.mark.usefixtures("replay")
@pytest.mark.parametrize("tiny", [True], indirect=True)
def test_a_model_that_is_no_better_is_refused_and_nothing_is_kept(tiny: Settings) -> None:
    training = train(tiny, lessons(), 0.02, nothing, check())
    assert training.before.held == training.after.held == 1.0
    assert training.model == ""
    assert [model.name for model in tuned_models(tiny.archive)] == ["tiny"]
    assert load_settings(tiny.archive, "hoa").ocr.hand_model == tiny.ocr.hand_model
    assert not (tiny.archive / "work" / "tuning").exists()


@pytest.mark.parametrize(("worse_from", "share"), [(1.1, 1.0), (0.6, 0.5), (0.0, 0.25)])
def test_a_reader_goes_back_until_general_lines_are_read_no_worse(
    tiny: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    worse_from: float,
    share: float,
) -> None:
    tuner, _exporter, loader = flow.torch_parts()
    base = flow.load_model(flow.model_folder(tiny.ocr))
    reader = loader.load_reader(base.file, base.network, len(base.characters) + 1)
    began = tuner.weights_of(reader)
    bias = reader.trunk.classifier.bias
    first = float(bias.detach()[1])
    bias.data[1] += 8.0

    def error(engine: flow.CtcEngine, _lines: object) -> float:
        way = (float(bias.detach()[1]) - first) / 8.0
        return 0.1 if engine.model.sha256 == base.sha256 or way < worse_from else 0.2

    monkeypatch.setattr(flow, "cer", error)
    _old, new = flow.settle(reader, began, base, tmp_path / "new.onnx", [])
    assert float(bias.detach()[1]) - first == pytest.approx(8.0 * share)
    assert new.model.file == tmp_path / "new.onnx"


@pytest.mark.usefixtures("replay")
def test_a_killed_training_goes_on_where_it_was(
    tiny: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    seen: list[int] = []
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(flow, "figures", killed)
        train(tiny, lessons(), 0.05, lambda _what, done, _of: seen.append(done), check())
    assert (tiny.archive / "work" / "tuning" / "state.pt").exists()
    again: list[int] = []

    def stop(_what: str, done: int, _of: int) -> None:
        again.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny, lessons(), 5, stop, check())
    assert 0 < seen[-1] < again[0]


def test_too_few_lines_or_a_model_of_others_are_refused_in_words(
    tiny: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="cần ít nhất 30 dòng"):
        train(tiny, lessons(29), 1, nothing)
    others = replace(tiny, ocr=replace(tiny.ocr, hand_model="asternet"))
    with pytest.raises(UsageError, match="asternet không luyện thêm được"):
        train(others, lessons(), 1, nothing)


def test_two_trainings_on_one_archive_are_kept_apart(tiny: Settings) -> None:
    with working(tiny.archive, "tuning-lock"), pytest.raises(BusyError):
        train(tiny, lessons(), 0.01, nothing, check())  # type: ignore[arg-type]
