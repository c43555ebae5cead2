import json

import pytest

from pipeline.index.evidence import likeness, weights
from pipeline.settings import shipped


@pytest.mark.parametrize(
    ("wanted", "written", "how"),
    [
        ("hoà", "hòa", "same"),
        ("lan", "Lân", "same"),
        ("lân", "lan", "unmarked"),
        ("hoàng", "huỳnh", "variant"),
        ("nguyen", "ng", "variant"),
        ("sương", "xương", "spoken"),
        ("lan", "nan", "spoken"),
        ("hiền", "hiem", "misread"),
        ("trang", "tranf", "letter"),
        ("hein", "hien", "letter"),
        ("thanh", "khang", "alike"),
        ("lan", "phúc", "other"),
        ("l_n", "lân", "same"),
        ("l_n", "liên", "other"),
        ("[ln]an", "nan", "same"),
        ("*anh", "khanh", "same"),
    ],
)
def test_syllables_are_alike_in_the_first_way_that_fits(wanted, written, how):
    is_marked = any(letter in wanted for letter in "âàềươỳ")
    assert likeness(wanted, written.lower(), is_marked) == how


def test_full_agreement_weighs_most():
    for what, ways in weights().items():
        if "same" in ways:
            assert max(ways.values()) == ways["same"], what
            assert ways["same"] > 0, what
        if "other" in ways:
            assert ways["other"] < 0, what


def test_the_data_say_where_they_are_from():
    evidence = json.loads((shipped("schemas") / "evidence.json").read_text(encoding="utf-8"))
    assert "fit_evidence.py" in evidence["made_by"]
    confusions = json.loads((shipped("schemas") / "confusions.json").read_text(encoding="utf-8"))
    assert "make_confusions.py" in confusions["title"]
    assert set(confusions["sets"]) == {"real", "names"}
    letters = "".join(confusions["classes"])
    assert len(set(letters)) == len(letters)
