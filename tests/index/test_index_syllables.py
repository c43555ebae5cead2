import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.index.syllables import deletions, skeleton
from pipeline.letters import bare, canon, syllables


@pytest.mark.parametrize(
    "one, other",
    [
        ("hoà", "hòa"),
        ("thuỷ", "thủy"),
        ("quý", "quí"),
        ("Mỹ", "mĩ"),
        ("khoẻ", "khỏe"),
        ("kỳ", "kì"),
    ],
)
def test_two_spellings_of_one_syllable_are_the_same(one, other):
    assert canon(one) == canon(other)


@pytest.mark.parametrize(
    "one, other", [("hoà", "hoá"), ("lan", "lân"), ("đào", "dào"), ("lý", "ly")]
)
def test_marks_still_tell_syllables_apart(one, other):
    assert canon(one) != canon(other)
    assert bare(one) == bare(other)


@pytest.mark.parametrize(
    "written, plain",
    [
        ("Đặng", "dang"),
        ("Thúy", "thuy"),
        ("Quý", "qui"),
        ("Ƀăng", "bang"),
        ("Ayŭn", "ayun"),
        ("Y", "y"),
    ],
)
def test_bare_syllables_have_no_marks(written, plain):
    assert bare(written.lower()) == plain


@pytest.mark.parametrize("name", ["H'Lan Niê", "H’Lan Niê", "Hʼ Lan-Niê"])
def test_apostrophes_and_hyphens_part_syllables(name):
    assert syllables(name) == ("h", "lan", "niê")


def test_letters_that_readers_confuse_have_one_skeleton():
    assert skeleton("lân") == skeleton("tàn")
    assert skeleton("hoan") == skeleton("haan")
    assert skeleton("lan") != skeleton("lang")


@pytest.mark.parametrize("wrong", ["nguyn", "nguyeen", "ngyuen", "nguyxn", "xnguyen"])
def test_one_wrong_letter_leaves_a_form_in_common(wrong):
    assert ({skeleton("nguyễn")} | deletions("nguyễn")) & ({skeleton(wrong)} | deletions(wrong))


@given(st.text(max_size=40))
def test_analysis_is_idempotent_and_knows_no_normal_forms(text):
    for syllable in syllables(text):
        for analyse in (canon, bare, skeleton):
            once = analyse(syllable)
            assert analyse(once) == once
    composed = unicodedata.normalize("NFC", text)
    decomposed = unicodedata.normalize("NFD", text)
    for analyse in (canon, bare, skeleton):
        found = [analyse(one) for one in syllables(composed)]
        assert [analyse(one) for one in syllables(decomposed)] == found
