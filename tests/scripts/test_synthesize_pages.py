"""Invented pages: the truth about them is exact, and measuring never sees what tuning saw."""

import json
import sys
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.extract.form import load_forms
from pipeline.extract.kinds.registry import KINDS
from pipeline.extract.kinds.result import Clues
from pipeline.settings import shipped
from pipeline.values import Pixels, Turn

SCRIPTS = Path(__file__).parent.parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

from fetch_fonts import font_file, load_cards  # noqa: E402
from make_samples import SAMPLES  # noqa: E402
from synthesis.books import Order, draw_book, faces, load_layouts  # noqa: E402
from synthesis.hands import letters_of  # noqa: E402
from synthesis.invent import invent_births, load_areas, load_peoples  # noqa: E402
from synthesis.paper import Wear, make_warp, scan  # noqa: E402
from synthesis.writing import date_in_words, year_in_words  # noqa: E402
from synthesize_pages import FORMS, synthesize, told_damage  # noqa: E402

Json = dict[str, Any]
SMALL = Order(pages=1, seed=4, dpi=100, entries=3, shipped=True)
PARTS = ("tuning", "measuring")


def make(folder: Path, **wanted: Any) -> list[Json]:
    """Return the truth about small pages, made with the committed faces alone."""
    from dataclasses import replace

    return list(synthesize(replace(SMALL, **wanted), folder))


def grey(folder: Path, page: Json) -> Pixels:
    with Image.open(folder / page["file"]) as image:
        return np.asarray(image.convert("L"))


def darkness(pixels: Pixels, polygon: list[list[float]]) -> float:
    """Return how much darker than its surroundings the darkest tenth of the polygon is."""
    xs, ys = (sorted(int(point[axis]) for point in polygon) for axis in (0, 1))
    inside = pixels[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]
    around = pixels[max(ys[0] - 20, 0) : ys[-1] + 20, max(xs[0] - 20, 0) : xs[-1] + 20]
    return float(np.median(around) - np.percentile(inside, 5))


def items(page: Json) -> list[Json]:
    fields = [true for record in page["records"] for true in record["fields"].values()]
    return [*page["lines"], *fields]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_seed_gives_the_same_pages(form: str, tmp_path: Path) -> None:
    one, other = make(tmp_path / "a", form=form), make(tmp_path / "b", form=form)
    assert one == other
    name = one[0]["file"]
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert make(tmp_path / "c", form=form, seed=5) != one


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", PARTS)
def test_every_true_polygon_has_ink_in_it(form: str, part: str, tmp_path: Path) -> None:
    pages = make(
        tmp_path, form=form, fonts_set=part, layout_set=part, degrade="heavy", orientation="mixed",
        dpi=150,
    )  # fmt: skip
    for page in pages:
        pixels = grey(tmp_path, page)
        assert (page["width_px"], page["height_px"]) == pixels.shape[::-1]
        for item in items(page):
            assert darkness(pixels, item["polygon"]) > 15, item


@pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
@pytest.mark.parametrize("spread", [True, False])
def test_points_go_the_same_way_as_pixels(turn_deg: Turn, spread: bool) -> None:  # noqa: FBT001
    wear = Wear(skew_deg=2.3, curl_mm=2.0, bed_mm=(4, 6, 3, 5), turn_deg=turn_deg)
    paper = np.full((600, 800, 3), 255, np.uint8)
    marks = [(120, 90), (370, 300), (430, 310), (700, 520), (30, 560)]
    for x, y in marks:
        paper[y - 4 : y + 4, x - 4 : x + 4] = 0
    pixels, carry = scan(paper, 100, wear, np.random.default_rng(1), spread=spread)
    for x, y in marks:
        ((u, v),) = carry(((x, y),))
        part = 255.0 - pixels[int(v) - 12 : int(v) + 12, int(u) - 12 : int(u) + 12, 0]
        rows, columns = np.mgrid[0:24, 0:24] + 0.5
        centre = ((part * columns).sum() / part.sum(), (part * rows).sum() / part.sum())
        assert centre[0] + int(u) - 12 == pytest.approx(u, abs=0.5)
        assert centre[1] + int(v) - 12 == pytest.approx(v, abs=0.5)


def test_damage_is_told_as_fields_of_the_wear() -> None:
    assert told_damage(["noise=12", "cut_mm=0,0,15,0"]) == {"noise": 12.0, "cut_mm": (0, 0, 15, 0)}


def test_what_lies_outside_the_picture_is_cut_and_points_move_with_it() -> None:
    sheet = np.full((300, 200, 3), 255, np.uint8)
    sheet[95:115, 75:95] = 0
    wear = Wear(cut_mm=(5.0, 0.0, 10.0, 0.0))
    pixels, carry = scan(sheet, 100, wear, np.random.default_rng(1), spread=False)
    assert pixels.shape[1] == 200 - round(15 / 25.4 * 100)
    ((x, y),) = carry(((85.0, 105.0),))
    assert x == pytest.approx(85 - 5 / 25.4 * 100, abs=1)
    assert pixels[round(y), round(x)].max() < 60


def test_gain_burns_light_out() -> None:
    sheet = np.full((50, 50, 3), 230, np.uint8)
    pixels, _carry = scan(sheet, 100, Wear(gain=1.2), np.random.default_rng(1), spread=False)
    assert pixels.min() == 255


def test_a_clockwise_skew_lets_lines_fall_to_the_right() -> None:
    warp = make_warp((800, 600), 100, Wear(skew_deg=2.0), spread=False)
    (x0, y0), (x1, y1) = warp.carry(((100, 300), (700, 300)))
    assert np.degrees(np.arctan2(y1 - y0, x1 - x0)) == pytest.approx(2.0)


def overlap(one: Json, other: Json) -> float:
    boxes = []
    for cell in (one, other):
        xs, ys = zip(*cell["polygon"], strict=True)
        boxes.append((min(xs), min(ys), max(xs), max(ys)))
    (l0, t0, r0, b0), (l1, t1, r1, b1) = boxes
    return max(min(r0, r1) - max(l0, l1), 0) * max(min(b0, b1) - max(t0, t1), 0)


@pytest.mark.parametrize("layout", [x for x in load_layouts() if x.pages], ids=lambda x: x.id)
def test_cells_of_a_page_do_not_overlap(layout: Any, tmp_path: Path) -> None:
    pages = make(
        tmp_path, form=layout.form, layout=layout.id, layout_set=layout.part, degrade="none",
        entries=1, dpi=100,
    )  # fmt: skip
    for page in pages:
        places = [(cell["row"], cell["column"]) for cell in page["cells"]]
        assert len(set(places)) == len(places)
        body = [cell for cell in page["cells"] if not cell["is_header"]][:40]
        head = [cell for cell in page["cells"] if cell["is_header"]]
        assert head
        assert all(overlap(one, other) < 30 for one, other in combinations([*head, *body], 2))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", PARTS)
def test_true_values_are_what_the_kinds_make_of_the_writing(
    form: str, part: str, tmp_path: Path
) -> None:
    forms = load_forms(shipped("schemas"))
    known = {field.key: field for field in forms[form].fields}
    ticks = {(tick.key, tick.label) for look in load_layouts() for tick in look.ticks}
    pages = make(tmp_path, form=form, fonts_set=part, layout_set=part, degrade="none", entries=9,
                 pages=2, per_book=1, dpi=100, area="")  # fmt: skip
    checked = 0
    for page in pages:
        for record in page["records"]:
            year = registered(record)
            for key, true in record["fields"].items():
                if not true["value"] and (key, true["raw"]) in ticks:
                    continue  # its words leave the code open
                field = known[key]
                read = KINDS[field.kind](true["raw"], Clues((year, year), field.codes))
                assert read.value == true["value"], (key, true)
                checked += 1
    # a cover tells four things of its book, any entry more
    assert checked > (7 if forms[form].about_book else 12)


def registered(record: Json) -> int:
    return int(record["fields"].get("ngayDangKy", {"value": "2016"})["value"][:4])


@pytest.mark.parametrize("form", FORMS)
def test_all_that_a_form_requires_is_written(form: str, tmp_path: Path) -> None:
    required = load_forms(shipped("schemas"))[form].required
    for page in make(tmp_path, form=form, degrade="none"):
        for record in page["records"]:
            assert set(required) <= set(record["fields"])


def test_a_spread_keeps_its_records_on_the_left_page(tmp_path: Path) -> None:
    left, right = make(tmp_path, layout="ks-table-a3-a", degrade="none")
    assert (left["side"], right["side"]) == ("left", "right")
    assert len(left["records"]) == 3
    assert not right["records"]
    assert right["lines"]
    assert {"nksHoTen", "meHoTen"} <= set(left["records"][0]["fields"])


@pytest.mark.parametrize("part", PARTS)
def test_every_hand_has_the_ditto_mark_of_its_book(part: str) -> None:
    order = Order(fonts_set=part, layout_set=part, shipped=True, years=(1980, 1980))
    books = [draw_book(Random(seed), order) for seed in range(40)]
    assert {book.habits.ditto for book in books} >= {'"', ",,", "-nt-"}
    assert all(hand.face.can_write(b.habits.ditto) for b in books for hand in b.hands)


def test_a_ditto_mark_is_written_and_its_raw_text_is_that_above(tmp_path: Path) -> None:
    pages = make(tmp_path, entries=10, pages=2, per_book=1, degrade="none", dpi=70)
    dittos = [
        (record["fields"], above["fields"], key)
        for page in pages
        for above, record in zip(page["records"], page["records"][1:], strict=False)
        for key, true in record["fields"].items()
        if true["doubts"] == ["ditto"]
    ]
    assert dittos
    assert all(own[key]["raw"] == above[key]["raw"] for own, above, key in dittos)


def test_faces_layouts_and_places_of_tuning_are_not_measured_on() -> None:
    cards = load_cards()
    families = {part: {card.family for card in cards if card.part == part} for part in PARTS}
    layouts = {part: {x.id for x in load_layouts() if x.part == part} for part in PARTS}
    communes = {part: {x.commune for x in load_areas() if x.part == part} for part in PARTS}
    for group in (families, layouts, communes):
        assert group["tuning"]
        assert group["measuring"]
        assert not group["tuning"] & group["measuring"]
    fitting = {card.family for card in cards if card.part == "fitting"}
    assert fitting
    assert not fitting & (families["tuning"] | families["measuring"])
    assert {card.part for card in cards} == {*PARTS, "fitting"}
    part = {card.id: card.part for card in cards}
    assert all(part[card.marks] == card.part for card in cards if card.marks)


def test_committed_faces_are_free_small_and_named_in_their_card() -> None:
    readme = (SCRIPTS / "fonts" / "README.md").read_text(encoding="utf-8")
    for card in load_cards():
        assert card.licence in ("OFL-1.1", "Apache-2.0")
        if card.shipped:
            file = font_file(card)
            assert file is not None
            assert file.parent.name == "fonts"
            assert file.stat().st_size < 250_000
            assert file.name in readme


@pytest.mark.parametrize("part", PARTS)
def test_printed_labels_can_be_printed_with_every_face(part: str) -> None:
    labels = {
        text
        for look in load_layouts()
        if look.part == part
        for text in (
            *look.title,
            *(c.label + c.block for page in look.pages for c in page),
            *(part.label for line in (look.head, *look.lines, look.signs) for part in line),
            *(tick.label for tick in look.ticks),
        )
    }
    for role in ("serif", "sans"):
        for face in faces(part, role):
            assert all(face.can_write(label) for label in labels), face.id


def test_upland_letters_are_written_only_by_hands_that_have_them() -> None:
    (area,) = [area for area in load_areas() if area.id == "ea-tul"]
    (hand,) = [face for face in faces("measuring", "hand", shipped=True) if face.id == "charm"]
    births = invent_births(Random(1), area, (1990, 1990), 30, hand.can_write)
    names = {birth.child.name for birth in births}
    assert any(name.startswith(("Y ", "H'")) for name in names)
    assert all(
        ord(letter) in letters_of(hand.file) for name in names for letter in name if letter != " "
    )
    assert "Ayŭn" in load_peoples()["Ê-đê"]["clans"]


def test_invented_families_are_possible() -> None:
    for area in load_areas():
        births = invent_births(Random(2), area, (1990, 1991), 60, lambda text: True)
        assert [int(birth.serial) for birth in births] == list(range(1, 61))
        assert [b.registered for b in births] == sorted(b.registered for b in births)
        for birth in births:
            assert birth.child.born < birth.registered
            assert 16 <= birth.child.born.year - birth.mother.born.year <= 45
            assert birth.declarant in (birth.mother, birth.father)


@pytest.mark.parametrize(
    ("year", "words"),
    [(1987, "một nghìn chín trăm tám mươi bảy"), (2016, "hai nghìn không trăm mười sáu"),
     (2005, "hai nghìn không trăm linh năm"), (1921, "một nghìn chín trăm hai mươi mốt"),
     (1954, "một nghìn chín trăm năm mươi tư"), (1915, "một nghìn chín trăm mười lăm")],
)  # fmt: skip
def test_years_are_written_as_clerks_write_them(year: int, words: str) -> None:
    assert year_in_words(year) == words


def test_a_date_in_words_names_day_month_and_year() -> None:
    from datetime import date

    words = date_in_words(date(2016, 4, 15))
    assert words == "Ngày mười lăm, tháng tư, năm hai nghìn không trăm mười sáu"


def test_a_book_keeps_its_clerks_and_layout() -> None:
    one, other = (draw_book(Random(7), SMALL) for _ in range(2))
    assert one == other


def test_the_samples_hold_whom_the_demonstration_looks_for() -> None:
    folder = SAMPLES / "ks-van-trung-1987"
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    found = [
        record["fields"]
        for page in truth["pages"]
        for record in page["records"]
        if record["fields"]["nksHoTen"]["value"] == "Nguyễn Thị Lan"
    ]
    assert [fields["nksNgaySinh"]["value"] for fields in found] == ["1987-03-08"]
    assert found[0]["meHoTen"]["value"] == "Trần Thị Hoa"
