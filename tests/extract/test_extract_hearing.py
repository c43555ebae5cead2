"""A slot is read again as what it holds, leaning to what the book has said."""

from dataclasses import replace

from extract_pages import box, line, table

from pipeline.extract.confidence import IDENTITY
from pipeline.extract.form import load_forms
from pipeline.extract.hearing import CLEAR, Hearing, heard_again, said_by
from pipeline.extract.pieces import Piece, polygon_of, text_of, whole
from pipeline.extract.records import extract_records
from pipeline.settings import shipped
from pipeline.values import Line

FORM = load_forms(shipped("schemas"))["birth_table"]
FIELDS = {field.key: field for field in FORM.fields}
PLACE = box(100, 0, 230, 40)
HEAD = [["Số thứ tự", "Ngày đăng ký", "Họ và tên", "Nam, nữ", "Sinh ngày", "Nơi sinh", "Dân tộc"]]


class Ear:
    """An engine that notes how it was asked, and answers from a list."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []

    def __call__(
        self, line: Line, part: tuple[float, float], kind: str, said: tuple[str, ...]
    ) -> Line | None:
        start, end = (round(edge * len(line.text)) for edge in part)
        self.asked.append((line.text[start:end], kind, said))
        answer = self.answers.get(line.text[start:end])
        return None if answer is None else replace(line, text=answer, letters=(), confidence=0.8)


def test_a_part_is_read_again_as_its_kind_and_keeps_its_place() -> None:
    piece = Piece(line("Dân tộc: Kính", PLACE, confidence=0.6), 9, 13)
    ear = Ear({"Kính": "Kinh"})
    (heard,) = heard_again(FIELDS["nksDanToc"], [piece], Hearing(ear))
    assert text_of(heard) == "Kinh"
    assert polygon_of([heard]) == polygon_of([piece])
    ((text, kind, said),) = ear.asked
    assert (text, kind) == ("Kính", FIELDS["nksDanToc"].kind)
    assert {"Kinh", "Ba-na"} <= set(said)  # the list that the field chooses from


def test_what_is_clear_and_what_cannot_be_read_again_stays() -> None:
    field, ear = FIELDS["nksHoTen"], Ear({"An": "Ân"})
    clear = whole(line("An", PLACE, confidence=(1 + CLEAR) / 2))
    assert heard_again(field, [clear], Hearing(ear)) == (clear,)
    assert not ear.asked
    other = whole(line("Bo", PLACE, confidence=0.5))
    assert heard_again(field, [other], Hearing(ear)) == (other,)
    assert heard_again(field, [other], Hearing()) == (other,)


def test_a_number_is_read_again_without_forcing_it_to_be_one() -> None:
    ear = Ear({})
    heard_again(FIELDS["so"], [whole(line("4S", PLACE, confidence=0.5))], Hearing(ear))
    assert [kind for _text, kind, _said in ear.asked] == ["number"]


def rows(*places: tuple[str, float]) -> list[Line]:
    """The lines of a table in which only the birth places differ."""
    body = [
        [str(number), "9/1/1987", "Nguyễn Văn An", "Nam", "2/1/1987", place, "Kinh"]
        for number, (place, _sure) in enumerate(places, 45)
    ]
    sure = dict(places)
    sheet = table(HEAD, body)
    return [replace(one, confidence=sure.get(one.text, one.confidence)) for one in sheet.lines]


def test_what_the_page_said_surely_is_told_when_its_doubtful_fields_are_read_again() -> None:
    places = [("thôn Đông Kỳ", 0.96), ("thôn Đông Ky", 0.5), ("thôn Đông Kỳ", 0.96)]
    sheet = replace(
        table(HEAD, [["45", "9/1/1987", "Lê An", "Nam", "2/1/1987", p, "Kinh"] for p, _ in places]),
        lines=tuple(rows(*places)),
    )
    ear = Ear({"thôn Đông Ky": "thôn Đông Kỳ"})
    hearing = Hearing(ear, {"place_text": ("thôn Bắc",)})
    records = extract_records(FORM, [sheet], "KS1", 3, (1986, 1987), IDENTITY, hearing)
    told = {said for text, kind, said in ear.asked if kind == "place_text" and text.endswith("Ky")}
    assert told == {("thôn Bắc",), ("thôn Bắc", "thôn Đông Kỳ")}
    place = next(field for field in records[1].fields if field.key == "nksNoiSinh")
    assert place.raw == "thôn Đông Kỳ"
    # What was read with the page's help is unsure still: it does not speak for others.
    assert place.confidence < 0.9
    assert said_by(FORM, records)["place_text"] == ("thôn Đông Kỳ",)


def test_only_sure_fields_that_are_written_out_speak() -> None:
    body = [
        ["45", "9/1/1987", "Nguyễn Văn An", "Nam", "2/1/1987", "thôn Đông", "Kinh"],
        ["46", '"', "Lê Thị Bưởi", "Nữ", "3/1/1987", '"', '"'],
    ]
    records = extract_records(FORM, [table(HEAD, body)], "KS1", 3, (1986, 1987), IDENTITY)
    said = said_by(FORM, records, {"person_name": ("Trần Văn Ba",)})
    assert said["person_name"] == ("Trần Văn Ba", "Nguyễn Văn An", "Lê Thị Bưởi")
    assert said["place_text"] == ("thôn Đông",)
    assert set(said) <= {"person_name", "place_text", "text"}
    doubtful = extract_records(
        FORM, [table(HEAD, body, confidence=0.7)], "KS1", 3, (1986, 1987), IDENTITY
    )
    assert not said_by(FORM, doubtful)
