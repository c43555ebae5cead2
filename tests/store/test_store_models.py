"""The archive's own models."""

from pathlib import Path

import pytest

from pipeline.errors import StorageError, UsageError
from pipeline.settings import load_settings
from pipeline.store import models as store
from pipeline.store.models import TunedModel, keep_model, next_name, tuned_models, use_model


def card(name: str, day: int = 1) -> TunedModel:
    return TunedModel(
        name, f"{name}.onnx", "ab", "light", {"height_px": 32}, "hand", "cd",
        f"2026-01-{day:02}T00:00:00+00:00", "hoa", 48, 12, ("ks-1987",), (0.1, 0.05), (0.07, 0.07),
    )  # fmt: skip


def keep(archive: Path, model: TunedModel) -> None:
    file = archive / "any.onnx"
    file.write_bytes(b"network")
    keep_model(archive, model, file, "abc ")


def test_what_is_kept_is_listed_with_all_that_its_card_says(tmp_path: Path) -> None:
    keep(tmp_path, card("hand-2", 2))
    keep(tmp_path, card("hand-1", 1))
    assert tuned_models(tmp_path) == [card("hand-1", 1), card("hand-2", 2)]
    folder = tmp_path / "models" / "hand-1"
    assert (folder / "hand-1.onnx").read_bytes() == b"network"
    assert (folder / "characters.txt").read_text(encoding="utf-8") == "abc \n"


@pytest.mark.parametrize("base", ["hand", "hand-1"])
def test_the_next_name_is_free_whatever_the_base(tmp_path: Path, base: str) -> None:
    assert next_name(tmp_path, base) == "hand-1"
    keep(tmp_path, card("hand-1"))
    assert next_name(tmp_path, base) == "hand-2"


def test_a_model_that_was_half_kept_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise StorageError("đĩa đầy")

    with monkeypatch.context() as patched, pytest.raises(StorageError):
        patched.setattr(store, "adopt_folder", full)
        keep(tmp_path, card("hand-1"))
    assert tuned_models(tmp_path) == []
    assert not (tmp_path / "models" / "hand-1").exists()
    keep(tmp_path, card("hand-1"))
    assert tuned_models(tmp_path) == [card("hand-1")]


def test_the_model_in_use_is_the_chosen_one_before_the_settings(tmp_path: Path) -> None:
    assert load_settings(tmp_path, "").ocr.hand_model == "hand"
    (tmp_path / "sohoa.toml").write_text('[ocr]\nhand_model = "asternet"\n', encoding="utf-8")
    assert load_settings(tmp_path, "").ocr.hand_model == "asternet"
    keep(tmp_path, card("hand-1"))
    use_model(tmp_path, "hand-1")
    assert load_settings(tmp_path, "").ocr.hand_model == str(tmp_path / "models" / "hand-1")
    use_model(tmp_path, "hand")
    assert load_settings(tmp_path, "").ocr.hand_model == "hand"


@pytest.mark.parametrize("name", ["../../elsewhere", "/etc", "a/b"])
def test_a_name_cannot_lead_out_of_the_archive(tmp_path: Path, name: str) -> None:
    use_model(tmp_path, name)
    with pytest.raises(UsageError, match="không phải tên mô hình"):
        load_settings(tmp_path, "")
