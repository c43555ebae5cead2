"""What every back end promises."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.index.backends import Index
from pipeline.index.documents import Document, document
from pipeline.index.keys import key_rules
from pipeline.index.query import parse
from pipeline.index.rank import rank
from pipeline.letters import bare
from pipeline.store.database import Database
from pipeline.values import Rights
from tests.index.index_books import BACKENDS, BIRTHS, NAMES, PARCELS, birth, entry, open_index

LETTERS = "abcdeghiklmnopqrstuvxy"
Opened = tuple[Index, Database]


@pytest.fixture(params=BACKENDS)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    index, database = open_index(tmp_path, request.param)
    yield index, database
    database.close()


@pytest.fixture
def index(opened: Opened) -> Index:
    return opened[0]


def births(count: int) -> list[Document]:
    dice = random.Random(5)
    surnames, middle = ("Nguyễn", "Trần", "Lê", "Phạm"), ("Thị", "Văn", "Đức", "Thu")
    given_names = ("Lan", "Hoà", "Hương", "Tuấn", "Khuê", "Xuân", "Mỹ", "Ánh", "Dũng", "Thuỷ")
    return [
        document(
            birth(
                row,
                " ".join(map(dice.choice, (surnames, middle, given_names))),
                f"{dice.randrange(1980, 1990)}-01",
                meHoTen=" ".join(map(dice.choice, (surnames, middle, given_names))),
                so=str(row),
            ),
            BIRTHS,
        )
        for row in range(1, count + 1)
    ]


def found(index: Index, text: str) -> list[str]:
    query = parse(text)
    return [item.document.id for item in rank([query], index.candidates(query, 200))]


def test_a_new_index_is_empty(index):
    assert index.count() == 0
    assert found(index, "nguyen thi lan 1987") == []


def test_what_is_put_in_comes_back_as_it_was(index):
    here = births(30)
    index.put(here)
    assert index.count() == 30
    by_id = {item.id: item for item in here}
    for item in index.candidates(parse("nguyen thi lan"), 200):
        assert item == by_id[item.id]


def test_putting_again_replaces(index):
    index.put([document(birth(1, "Nguyễn Thị Lan"), BIRTHS)])
    index.put([document(birth(1, "Phạm Văn Đức"), BIRTHS)])
    index.put([document(birth(1, "Phạm Văn Đức"), BIRTHS)])
    assert index.count() == 1
    assert found(index, "nguyen thi lan") == []
    assert found(index, "pham van duc") == ["ks-1987/3/-/1"]


def test_of_two_with_one_id_the_later_stays(index):
    index.put([document(birth(1, name), BIRTHS) for name in ("Nguyễn Thị Lan", "Phạm Văn Đức")])
    assert index.count() == 1
    assert found(index, "pham van duc") == ["ks-1987/3/-/1"]


def test_a_book_is_removed_whole_and_alone(index):
    index.put(births(5))
    index.put([document(entry(PARCELS, 1, ten_nguoi_su_dung="Nguyễn Thị Lan"), PARCELS)])
    index.remove(BIRTHS.accession, 1)
    assert index.count() == 1
    assert found(index, "nguyen thi lan") == ["mk-07/3/-/1"]


def test_the_limit_holds(index):
    index.put(births(50))
    assert len(index.candidates(parse("nguyen thi lan 1987"), 7)) == 7
    assert index.candidates(parse("nguyen thi lan 1987"), 0) == []


@pytest.mark.parametrize(
    "text",
    [
        "nguyen thi khue 1987",
        "Nguyễn Thị Khuê 1987",
        "NGUYỄN THỊ KHUÊ",
        "khue nguyen thi",
        "khuê 1987",
        "nguyen thi khu 1987",
        "nguyen thi khue 1986",
        "nguyen thi khue me tran thi hoa",
        "khue me tran thi hòa",
        "mẹ Trần Thị Hoà 1987",
        "quyển 2 số 45",
        "so 45/1987",
        "trang 3 quyen 02/1987",
        "khai sinh khue xã Vân Trung",
    ],
)
def test_one_entry_is_found_in_many_ways(index, text):
    wanted = birth(45, "Nguyễn Thị Khuê", meHoTen="Trần Thị Hoà", so="45")
    others = [item for item in births(44) if "Khuê" not in item.names[0].text]
    index.put([*others, document(wanted, BIRTHS)])
    assert wanted.id in found(index, text)[:10]


@pytest.mark.parametrize(
    ("rights", "seen"),
    [
        (Rights(), {"ks-1987", "mk-07"}),
        (Rights(places=frozenset({PARCELS.place})), {"mk-07"}),
        (Rights(kinds=frozenset({"birth"})), {"ks-1987"}),
        (Rights(closed=frozenset({"ks-1987"})), {"mk-07"}),
        (Rights(places=frozenset({PARCELS.place}), kinds=frozenset({"birth"})), set()),
        (Rights(places=frozenset()), set()),
        (Rights(kinds=frozenset()), set()),
    ],
)
def test_what_may_not_be_seen_shows_in_no_answer_and_no_count(index, rights, seen):
    index.put(births(30))
    parcels = [entry(PARCELS, row, ten_nguoi_su_dung="Nguyễn Thị Lan") for row in range(1, 4)]
    index.put(document(parcel, PARCELS) for parcel in parcels)
    query = parse("nguyen thi lan")
    answered = {item.accession for item in index.candidates(query, 200, rights)}
    assert answered == seen
    assert index.count(rights) == 30 * ("ks-1987" in seen) + 3 * ("mk-07" in seen)
    assert len(index.candidates(query, 1, rights)) == min(1, len(seen))


def test_a_book_is_removed_as_far_as_it_is_older(index):
    index.put(replace(item, revision=4) for item in births(3))
    index.put([replace(births(1)[0], revision=5)])
    index.remove(BIRTHS.accession, 5)
    assert index.count() == 1


def test_single_documents_of_a_book_are_taken_out_and_may_come_back(opened):
    index, database = opened
    one, two, three = (replace(item, revision=4) for item in births(3))
    index.put([one, two, three])
    with database.write() as connection:
        for _change in range(5):
            revision = database.next_revision(connection)
            index.take_out(BIRTHS.accession, [one.id, "ks-1987/9/-/9"], revision, connection)
        index.take_out(BIRTHS.accession, [two.id], revision, connection)
    index.catch_up()
    assert index.count() == 1
    index.take_out(BIRTHS.accession, [three.id], 4)  # it is as new as that
    index.take_out("ks-1999", [three.id], 9)
    assert index.count() == 1
    index.put([replace(two, revision=7)])
    assert index.count() == 2
    assert index.behind() == 0


def test_an_index_remembers_the_rules_it_was_built_by(index):
    index.replace_all(births(2))
    assert index.rules() == key_rules()


def test_what_was_put_in_is_seen_once_the_index_has_caught_up(index):
    index.put(births(2))
    index.catch_up()
    assert (index.behind(), index.count()) == (0, 2)


@pytest.mark.parametrize("text", ["đặng", "dang", "Đặng Đức", "dang duc", "Dang Đuc"])
def test_d_with_and_without_its_bar(index, text):
    index.put([document(birth(1, "Đặng Đức"), BIRTHS)])
    assert found(index, text) == ["ks-1987/3/-/1"]


def test_another_reading_of_the_ink_is_found(index):
    record = entry(BIRTHS, 1, {"nksHoTen": ("Nguyễn Thị Bích",)}, nksHoTen="Nguyễn Thị Lịch")
    index.put([document(record, BIRTHS)])
    assert found(index, "nguyen thi bich") == [record.id]


HOSTILE = ["'", '"', '" OR "', "*", "NEAR(a b)", "a AND b", "-a", "k:a", "{", "%", "\0", "١٩٨٧"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_query_reaches_the_back_ends_own_syntax(index, text):
    index.put(births(5))
    for said in (text, f"nguyen {text} 1987", f"số {text}", f"quyển 2{text} số 4"):
        found(index, said)
    assert index.count() == 5


@pytest.mark.parametrize("backend", BACKENDS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), names=st.lists(NAMES, min_size=1, max_size=6))
def test_a_stored_name_is_found_by_what_people_make_of_it(tmp_path_factory, backend, data, names):
    index, database = open_index(tmp_path_factory.mktemp("index"), backend)
    index.put([document(birth(row, name), BIRTHS) for row, name in enumerate(names, start=1)])
    row = data.draw(st.integers(1, len(names)))
    words = names[row - 1].split()
    plain = [bare(word) for word in words]
    at = data.draw(st.integers(0, len(words) - 1))
    letter = data.draw(st.integers(0, len(plain[at]) - 1))
    wrong = plain[at][:letter] + data.draw(st.sampled_from(LETTERS)) + plain[at][letter + 1 :]
    mistyped = [*plain[:at], wrong, *plain[at + 1 :]]
    half_marked = [*plain[:at], words[at], *plain[at + 1 :]]
    for said in (words, plain, half_marked, [*plain[1:], plain[0]], mistyped):
        assert f"ks-1987/3/-/{row}" in found(index, f"{' '.join(said)} 1987"), said
    database.close()


def test_a_rebuild_is_the_same_as_growing(index):
    here = births(300)
    for start in range(0, 300, 7):
        index.put(here[start : start + 7])
    index.put(reversed(here[::3]))
    texts = ["nguyen thi lan 1987", "tran van tuan", "me pham thu huong 1983", "số 45"]
    grown = [found(index, text) for text in texts]
    index.replace_all(iter(here))
    assert [found(index, text) for text in texts] == grown
    assert index.count() == 300
    assert all(grown)


def test_a_rebuild_forgets_what_is_gone(index):
    index.put(births(20))
    index.replace_all(births(5))
    assert index.count() == 5
    index.replace_all([])
    assert index.count() == 0


def test_during_a_rebuild_searches_see_the_old_index_and_nothing_written_is_lost(index):
    old = births(30)
    index.put(old)
    late = document(entry(PARCELS, 1, ten_nguoi_su_dung="Giàng A Páo"), PARCELS)

    def watched() -> Iterator[Document]:
        yield from old
        assert index.count() == 30
        index.put([late])
        index.put([replace(late, id="mk-07/3/-/2")])
        index.remove(BIRTHS.accession, 1)
        assert found(index, "giang a pao") == ["mk-07/3/-/1", "mk-07/3/-/2"]

    index.replace_all(watched())
    assert found(index, "giang a pao") == ["mk-07/3/-/1", "mk-07/3/-/2"]
    assert index.count() == 2


def test_a_rebuild_that_breaks_off_leaves_the_old_index(index):
    index.put(births(10))

    def broken() -> Iterator[Document]:
        yield from births(2)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        index.replace_all(broken())
    assert index.count() == 10
    index.put([document(birth(99, "Giàng A Páo"), BIRTHS)])
    index.replace_all(births(3))
    assert index.count() == 3
