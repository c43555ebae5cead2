from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from pipeline.archive.alto import NAMESPACE, alto
from pipeline.values import Line, Page, PageReading
from tests.archive.conftest import box

RESOURCES = Path(__file__).parent.parent / "resources" / "alto"
Spread = tuple[PageReading, PageReading]


class _Local(etree.Resolver):
    """The schema imports another from a server: take ours."""

    def resolve(self, url: str, pubid: str, context: object) -> object:
        if not url.endswith("xlink.xsd"):
            return None
        return self.resolve_filename(str(RESOURCES / "xlink.xsd"), context)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    parser = etree.XMLParser()
    parser.resolvers.add(_Local())
    return etree.XMLSchema(etree.parse(str(RESOURCES / "alto-4-4.xsd"), parser))


def written(page: Page, spread: tuple[PageReading, ...]) -> etree._Element:
    return etree.fromstring(alto(page, spread, "../masters/0007.jpg"))


def found(root: etree._Element, path: str) -> list[etree._Element]:
    return root.findall(path, {"a": NAMESPACE})


def test_a_spread_is_valid_alto(page: Page, spread: Spread, schema: etree.XMLSchema) -> None:
    schema.assertValid(written(page, spread))


def test_a_page_that_could_not_be_read_is_valid_alto(page: Page, schema: etree.XMLSchema) -> None:
    schema.assertValid(written(page, ()))


def test_a_single_page_on_its_side_is_valid_alto(
    page: Page, spread: Spread, schema: etree.XMLSchema
) -> None:
    root = written(page, (replace(spread[0], side=None, turn_deg=90),))
    schema.assertValid(root)
    assert not found(root, ".//a:ComposedBlock")
    assert found(root, ".//a:Page")[0].get("ROTATION") == "90"


def test_a_bent_line_and_strange_letters_are_valid_alto(
    page: Page, spread: Spread, schema: etree.XMLSchema
) -> None:
    bent = ((0, 9), (50, 0), (99, 8), (99, 40), (50, 31), (0, 41))
    lines = (Line(bent, text="a\x0b\x00b \ufffe c\ud7ff", confidence=1.5),)
    root = written(page, (replace(spread[1], lines=lines),))
    schema.assertValid(root)
    assert [one.get("BASELINE") for one in found(root, ".//a:TextLine")] == ["0,41 50,31 99,40"]


def test_words_carry_text_place_and_confidence(page: Page, spread: Spread) -> None:
    strings = {one.get("CONTENT"): one for one in found(written(page, spread), ".//a:String")}
    assert {"Lê", "Na", "Họ", "và", "tên", "<&>", "ở"} <= set(strings)
    # The letters say where: "Lê" takes the first two tenths of 280 px, "Na" the fourth and fifth.
    assert [strings["Lê"].get(name) for name in ("HPOS", "WIDTH", "WC")] == ["110", "56", "0.800"]
    assert [strings["Na"].get(name) for name in ("HPOS", "WIDTH", "WC")] == ["194", "56", "0.500"]
    # Without letters the line is split evenly: nine characters in 200 px.
    assert [strings["tên"].get(name) for name in ("HPOS", "WIDTH")] == ["243.3", "66.7"]


def test_cells_are_blocks_with_their_outline(page: Page, spread: Spread) -> None:
    root = written(page, spread)
    left, right = found(root, ".//a:ComposedBlock")
    assert (left.get("ID"), right.get("ID")) == ("left", "right")
    names = [str(block.get("ID")).split("-")[0] for block in found(left, "a:TextBlock")]
    assert names == ["r1c2", "r2c2", "lines", "r2c3"]
    outline = found(left, "a:TextBlock/a:Shape/a:Polygon")[0]
    assert outline.get("POINTS") == "100,100 400,100 400,200 100,200"
    assert found(left, ".//a:TextLine")[1].get("TAGREFS") == "handwriting"


def test_the_words_of_a_line_in_reading_order_make_its_text(page: Page, spread: Spread) -> None:
    text = "Trần  Thị ƠỞ ŏ ŭ ƀ ơ̆"
    root = written(page, (replace(spread[1], lines=(Line(box(0, 0, 500, 30), text=text),)),))
    assert " ".join(str(one.get("CONTENT")) for one in found(root, ".//a:String")) == (
        "Trần Thị ƠỞ ŏ ŭ ƀ ơ̆"
    )
