"""Settings are changed in the file that people write, and nothing else in it changes."""

import tomllib

import pytest

from pipeline.desk.configuring import with_value
from pipeline.errors import UsageError


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[web]\nask = true\n"),
        ("[web]\n", "[web]\nask = true\n"),
        ("# a\n[web] # b\nask = false # c\n", "# a\n[web] # b\nask = true # c\n"),
        ("[web]\nother = 1\n[x]\nask = 3\n", "[web]\nask = true\nother = 1\n[x]\nask = 3\n"),
        ("[x]\nask = '#'\n", "[x]\nask = '#'\n\n[web]\nask = true\n"),
        ('[web]\nask = "a # b" # c\n', "[web]\nask = true # c\n"),
        ("[web.inner]\nask = 1\n", "[web.inner]\nask = 1\n\n[web]\nask = true\n"),
    ],
)
def test_one_value_changes_and_all_else_stays(before: str, after: str) -> None:
    assert with_value(before, "web", "ask", value=True) == after


@pytest.mark.parametrize("value", ["/a b/Sổ \\ “1”", 'x"y', "", 7, False])
def test_any_value_is_read_back(value: str | int) -> None:
    text = with_value("[scanning]\nwatched = 'x'\n", "scanning", "watched", value)
    assert tomllib.loads(text) == {"scanning": {"watched": value}}


@pytest.mark.parametrize(
    "text",
    [
        "web = {ask = false}\n",
        "web.ask = false\n",
        "[web]\nask = [\n  1,\n]\n",
        '[x]\nnote = """\n[web]\n"""\n',
    ],
)
def test_what_is_written_another_way_is_left_to_a_person(text: str) -> None:
    with pytest.raises(UsageError, match="bằng tay"):
        with_value(text, "web", "ask", value=True)
