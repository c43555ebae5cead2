"""Lines for training: what they may say, how they are drawn, who is kept from them."""

import sys
import unicodedata
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest

from tests.conftest import SHARED

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

from line_pictures import bare, part_of, real_lines
from make_language import MIXES, count, pack
from synthesis.books import faces
from training.strips import HEIGHT_PX, invented_lines, read_shard, write_shard
from training.texts import CHARACTERS, KINDS, Lists, draw_text, load_lists

from pipeline.ocr.language import family, read_language, weigh


@pytest.fixture(scope="module")
def lists() -> Lists:
    """The word lists; tests that use them carry the mark `corpus`, for they lie beside it."""
    return load_lists(SHARED)


@pytest.mark.corpus
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_says_something_that_a_reader_can_write(kind: str, lists: Lists) -> None:
    rng = Random(kind)
    texts = [draw_text(rng, lists, {kind: 1.0}) for _ in range(200)]
    assert all(text == unicodedata.normalize("NFC", text).strip() for text in texts)
    assert all(set(text) <= set(CHARACTERS) and 0 < len(text) <= 70 for text in texts)
    assert len(set(texts)) > 10


@pytest.mark.corpus
def test_all_letters_of_vietnamese_and_of_the_uplands_are_drawn(lists: Lists) -> None:
    rng = Random(3)
    seen = Counter("".join(draw_text(rng, lists) for _ in range(20_000)))
    assert set("ẵẫễỗỡữẴẶŏŭčñ'’²0123456789") - {"’"} <= set(seen)


@pytest.mark.corpus
@pytest.mark.parametrize("script", ["handwriting", "print", "typewriter"])
def test_a_shard_gives_back_what_was_written(script: str, lists: Lists, tmp_path: Path) -> None:
    drawn = list(invented_lines(lists, 5, 12, "tuning", script))  # type: ignore[arg-type]
    assert all(line.script == script and line.pixels.dtype == np.uint8 for line in drawn)
    assert all(line.pixels.min() < line.pixels.max() - 50 for line in drawn)
    count_written = write_shard(tmp_path / "some", drawn)
    shard = read_shard(tmp_path / "some")
    assert count_written == len(shard.texts) >= 11
    assert set(shard.texts) <= {line.text for line in drawn}
    assert shard.pixels.shape == (HEIGHT_PX, sum(shard.widths))


@pytest.mark.corpus
def test_the_same_seed_writes_the_same_lines(lists: Lists) -> None:
    one, other = (list(invented_lines(lists, 9, 6)) for _ in range(2))
    assert [line.text for line in one] == [line.text for line in other]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, other, strict=True))


@pytest.mark.corpus
def test_a_word_crossed_out_stands_in_the_picture_and_not_in_the_text(lists: Lists) -> None:
    plain, crossed = (
        list(invented_lines(lists, 9, 12, script="handwriting", crossed=value))
        for value in (False, True)
    )
    assert plain[0].text == crossed[0].text
    assert sum(line.pixels.shape[1] for line in crossed) > 1.1 * sum(
        line.pixels.shape[1] for line in plain
    )
    assert all(0 < line.pixels.min() < 200 for line in crossed)


def test_no_face_is_both_learnt_from_and_measured_with() -> None:
    for role in ("hand", "serif", "serif-bold", "sans", "typewriter"):
        tuning, measuring = ({face.id for face in faces(p, role)} for p in ("tuning", "measuring"))
        assert not tuning & measuring


@pytest.mark.corpus
def test_no_writer_is_both_learnt_from_and_measured_with() -> None:
    parts = {
        part: {line.group for line in real_lines(SHARED / "corpus", part)}
        for part in ("train", "dev", "held")
    }
    assert not parts["train"] & (parts["dev"] | parts["held"])
    assert not parts["dev"] & parts["held"]
    assert len([group for group in parts["held"] if "/" not in group]) >= 10
    unknown = {part: sum("/" in group for group in groups) for part, groups in parts.items()}
    assert 0.08 < unknown["held"] / sum(unknown.values()) < 0.13
    assert part_of("k10") == part_of("k10")


@pytest.mark.corpus
def test_a_model_of_letters_is_what_was_counted(lists: Lists, tmp_path: Path) -> None:
    seen = count(lists, {"date": 1.0}, 400, seed=1)
    np.savez_compressed(tmp_path / "date.npz", **pack(weigh(seen, len(CHARACTERS) + 1)))
    model = read_language(tmp_path / "date.npz", CHARACTERS)
    after_19 = np.exp(model.log_next(model.context(tuple(CHARACTERS.index(c) + 1 for c in "/19"))))
    digits = [CHARACTERS.index(c) + 1 for c in "0123456789"]
    assert after_19[digits].sum() > 0.7
    assert set(MIXES) >= {family(kind) for kind in ("date", "person_name", "int", "place_text", "")}


def test_labels_of_real_lines_are_compared_without_what_they_leave_open() -> None:
    assert bare("Hoà Bình, TP. Thuỷ") == bare("hòa bình tp thủy")
    assert bare("12/5") == "12/5"
    assert bare("Hòa") != bare("Hóa")
