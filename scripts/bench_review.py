#!/usr/bin/env python3
"""Measure the reviewer's desk on the real screen: keys a field, and the server's time a key action.

    scripts/bench_review.py --records 100000 --reviewed 60 --archive /tmp/review --json out.json

The archive holds invented births, a thousand a book; one field in ten is in doubt, and as often
wrong as its confidence says: misread as our reader misreads (`data/misreadings.json`), the right
reading among the others as often as there. A reviewer who knows the truth sits at a real Chromium
(1366×768): Enter where a field is right; where it is wrong a digit if the right reading is offered,
else the cheapest of replacing what the screen selected, moving the caret with arrows, Home and End,
or typing the field anew. Each stroke counts, a chord as one, a letter as one whatever the input
method needs for it. "Beyond the letters" is strokes less the letters in which the field changes
(Levenshtein). Fields that are read blind are counted apart: all their letters must be typed.

Times are those of whole requests to the app on this machine, one after the other, as the screen's
script sends them; beside them what the app's process worked for one on average (CPU ms).
"""

import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import cv2
import httpx
import numpy as np
import psutil
from playwright.sync_api import Page as Screen
from playwright.sync_api import sync_playwright
from rapidfuzz.distance import Levenshtein

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from bench_search import Misreader, draw  # noqa: E402

from pipeline.desk import accounts  # noqa: E402
from pipeline.desk.archive import open_archive  # noqa: E402
from pipeline.desk.reviewing import refresh_queue  # noqa: E402
from pipeline.flow.book import reindex  # noqa: E402
from pipeline.rights import Grant  # noqa: E402
from pipeline.settings import load_settings  # noqa: E402
from pipeline.store.database import Database  # noqa: E402
from pipeline.values import (  # noqa: E402
    Alternative,
    Book,
    FieldValue,
    Master,
    Page,
    Polygon,
    Quality,
    Record,
)

A_BOOK, A_PAGE = 1000, 20  # records
WIDTH, HEIGHT, ROW, CELL = 3500, 2400, 100, 280
DOUBTFUL = 0.1  # of the fields
PASSWORD = "con mèo ngủ trên mái"
KEYS = (
    "so", "ngayDangKy", "nksHoTen", "nksGioiTinh", "nksNgaySinh", "nksNoiSinh", "nksDanToc",
    "meHoTen", "meNoiCuTru", "chaHoTen", "chaNoiCuTru", "nguoiKy",
)  # fmt: skip
HAMLETS = ("Chùa", "Đồng", "Trại", "Núi Hiểu", "Sen Hồ", "Hùng Lãm", "Ninh Khánh", "Yên Ninh")
COMMUNES = ("Vân Trung", "Nếnh", "Tăng Tiến", "Quang Châu", "Hồng Thái", "Việt Tiến")


# The archive


def person(dice: random.Random, *, female: bool) -> str:
    """Return an invented name."""
    sort = "f" if female else "m"
    parts = (draw(kind, dice)[0] for kind in ("surname", f"middle-{sort}", f"given-{sort}"))
    return " ".join(parts)


def truth_of(number: int, dice: random.Random) -> dict[str, str]:
    """Return what an entry says."""
    place = f"thôn {dice.choice(HAMLETS)}, xã {dice.choice(COMMUNES)}"
    female = dice.random() < 0.5
    born = f"{1930 + number // A_BOOK % 70}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    return {
        "so": str(number % A_BOOK + 1),
        "ngayDangKy": born[:8] + "28",
        "nksHoTen": person(dice, female=female),
        "nksGioiTinh": "2" if female else "1",
        "nksNgaySinh": born,
        "nksNoiSinh": place,
        "nksDanToc": "01",
        "meHoTen": person(dice, female=True),
        "meNoiCuTru": place,
        "chaHoTen": person(dice, female=False),
        "chaNoiCuTru": place,
        "nguoiKy": "Thân Văn Bảy",
    }


def box(column: int, row: int, columns: int = 1) -> Polygon:
    """Return where a cell stands on its page."""
    left, top = 60.0 + CELL * column, 200.0 + ROW * row
    right = left + CELL * columns
    return ((left, top), (right, top), (right, top + ROW), (left, top + ROW))


def read_as(
    key: str, true: str, reader: Misreader, dice: random.Random, place: tuple[int, Polygon]
) -> FieldValue:
    """Return a field as the machine may have read it: wrong as often as it is unsure."""
    page, polygon = place
    if dice.random() >= DOUBTFUL:
        return FieldValue(key, true, true, 0.96 + 0.039 * dice.random(), page, polygon)
    sure = 0.3 + 0.64 * dice.random()
    first, others = true, []
    while dice.random() > sure and first == true:
        first = misread(true, reader, dice)
    if first != true and dice.random() < reader.among:
        others.append(true)
    others += [misread(true, reader, dice) for _other in range(3)]
    others = [text for text in dict.fromkeys(others) if text != first]
    found = tuple(Alternative(text, (1 - sure) / 4) for text in others)
    return FieldValue(key, first, first, sure, page, polygon, alternatives=found)


def misread(text: str, reader: Misreader, dice: random.Random) -> str:
    """Return a text as it may be misread: a name; of a place one word; of a number one digit."""
    if any(letter.isdecimal() for letter in text):
        at = dice.choice([place for place, letter in enumerate(text) if letter.isdecimal()][-1:])
        return text[:at] + str(dice.randint(1, 8)) + text[at + 1 :]
    said = text.split()
    if text.islower() or said[0].islower():
        at = dice.choice([place for place, word in enumerate(said) if not word.islower()])
        said[at] = reader.read(said[at], dice)
        return " ".join(said)
    return reader.read(text, dice)


def picture() -> bytes:
    """Return a page with ruled rows, a PNG."""
    pixels = np.full((HEIGHT, WIDTH), 236, np.uint8)
    for row in range(A_PAGE):
        for column in range(len(KEYS)):
            (left, top), _right, (right, bottom), _left = box(column, row)
            corners = (int(left), int(top)), (int(right), int(bottom))
            cv2.rectangle(pixels, *corners, 130, 2)
            cv2.putText(pixels, f"{row}.{column}", (int(left) + 40, int(top) + 66), 0, 1.6, 40, 3)
    _done, coded = cv2.imencode(".png", pixels)
    return bytes(coded.tobytes())


def make_archive(folder: Path, records: int) -> None:
    """Make an archive of invented births, with one reviewer."""
    settings = load_settings(folder, "bench")
    database = open_archive(settings, make=True)
    dice, reader = random.Random(20261126), Misreader()
    coded = picture()
    for number in range(0, records, A_BOOK):
        book = Book(
            f"ks-{number // A_BOOK:04}", "birth_table", f"xã {COMMUNES[number // A_BOOK % 6]}",
            (1930 + number // A_BOOK % 70,) * 2, str(number // A_BOOK),
        )  # fmt: skip
        add_book(database, folder, book, coded)
        made = [
            entry(book, one, truth_of(one, dice), reader, dice)
            for one in range(number, min(number + A_BOOK, records))
        ]
        with database.write() as connection:
            database.keep_records(connection, book.accession, made)
    reindex(database, settings)
    accounts.add_first(database, "quan", "Quân", PASSWORD)
    admin = accounts.Person("quan", "", (Grant("administrator"),))
    grant = Grant("reviewer", None, sensitive=True)
    accounts.add_account(database, admin, "thu", "Thu", PASSWORD, [grant])
    began = time.process_time()
    refresh_queue(database)
    print(f"queue of {records} records: {time.process_time() - began:.1f} CPU s")
    database.close()


def add_book(database: Database, folder: Path, book: Book, coded: bytes) -> None:
    """Put a book down with its pages; all show the same paper."""
    database.add_book(book)
    file = folder / "books" / book.accession / "data" / "masters" / "0001.png"
    file.parent.mkdir(parents=True)
    file.write_bytes(coded)
    for number in range(1, A_BOOK // A_PAGE + 1):
        name = f"{book.accession}/{number}"
        master = Master(
            name, number, "data/masters/0001.png", "0001.png", "image/png", len(coded), 1
        )
        page = Page(
            book.accession, number, name, 1, WIDTH, HEIGHT, 300.0, Quality(3.0, dpi_assumed=True)
        )
        database.add_master(book.accession, master, [page])


def entry(
    book: Book, number: int, truth: dict[str, str], reader: Misreader, dice: random.Random
) -> Record:
    """Return an entry as read; what it truly says is kept in the raw text of its last field."""
    page, row = number % A_BOOK // A_PAGE + 1, number % A_PAGE
    fields = [
        read_as(key, truth[key], reader, dice, (page, box(column, row)))
        for column, key in enumerate(KEYS)
    ]
    fields[-1] = replace(fields[-1], raw=json.dumps(truth, ensure_ascii=False))
    return Record(
        f"{book.accession}/{page}/-/{row + 1}", book.form, page, None, row + 1,
        box(0, row, len(KEYS)), tuple(fields),
    )  # fmt: skip


@contextmanager
def served(archive: Path) -> Iterator[tuple[str, int]]:
    """Serve an archive; yield the address and the process's number."""
    command = [sys.executable, "-m", "pipeline", "start", "--no-browser", "--port", "0"]
    with subprocess.Popen(
        [*command, "--archive", str(archive)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        try:
            assert server.stdout
            found = re.search(r"http://[^/\s]+", server.stdout.readline())
            assert found, "the app did not start"
            yield found[0], server.pid
        finally:
            server.terminate()


# At the keyboard


@dataclass(slots=True)
class Hands:
    """Presses keys and counts them."""

    screen: Screen
    pressed: int = 0

    def press(self, *keys: str) -> None:
        """Press keys; a chord is one."""
        for key in keys:
            self.pressed += 1
            if len(key) == 1 and not key.isascii():
                self.screen.keyboard.insert_text(key)  # as the input method commits it
            else:
                self.screen.keyboard.press("Space" if key == " " else key)


Moves = list[str]


def ways(shown: str, true: str, selection: tuple[int, int]) -> list[Moves]:
    """Return the strokes of each way to make a text of what is shown, without Enter."""
    start, end = selection
    found: list[Moves] = [["Control+a", *true]]
    if shown[:start] == true[:start] and true.endswith(shown[end:]):
        inside = true[start : len(true) - len(shown) + end]
        if start + len(inside) + len(shown) - end == len(true):
            found.append([*inside] or ["Delete"])
    first = 0
    while first < min(len(shown), len(true)) and shown[first] == true[first]:
        first += 1
    last = 0
    while last < min(len(shown), len(true)) - first and shown[-1 - last] == true[-1 - last]:
        last += 1
    stop = len(shown) - last
    new = [*true[first : len(true) - last]]
    for at, kill, count in ((stop, "Backspace", stop - first), (first, "Delete", stop - first)):
        for place, key in (
            (0, "Home"),
            (len(shown), "End"),
            (start, "ArrowLeft"),
            (end, "ArrowRight"),
        ):
            steps = ["ArrowRight" if at > place else "ArrowLeft"] * abs(at - place)
            found.append([key, *steps, *[kill] * count, *new])
    return found


@dataclass(slots=True)
class Counts:
    """Strokes by what became of a field."""

    right: list[int]
    wrong: list[int]
    changed: list[int]
    blind: list[int]
    letters: list[int]
    by_digit: int = 0


def review(screen: Screen, truths: Callable[[str], dict[str, str]], records: int) -> Counts:
    """Review records with Enter, field by field; return what it took."""
    counts = Counts([], [], [], [], [])
    done: set[str] = set()
    seen = ""
    while len(done) < records:
        screen.wait_for_function("() => document.activeElement?.dataset?.key")
        told = screen.evaluate(
            """() => { const box = document.activeElement;
            return {record: document.querySelector("#desk").dataset.record,
                    key: box.dataset.key, text: box.value,
                    asked: box.dataset.asked || "", blind: box.dataset.blind || "",
                    kind: box.dataset.kind, others: JSON.parse(box.dataset.others),
                    selection: [box.selectionStart, box.selectionEnd]}; }"""
        )
        place = f"{told['record']} {told['key']}"
        if not told["asked"] or place == seen:
            time.sleep(0.02)  # the next record is on its way
            continue
        seen = place
        done.add(told["record"])
        answer(screen, told, as_shown(told["key"], truths(told["record"])[told["key"]]), counts)
    return counts


def as_shown(key: str, true: str) -> str:
    """Return a true value as the screen shows it."""
    if "Ngay" in key or key == "ngayDangKy":
        return "/".join(reversed(true.split("-")))
    return {"nksGioiTinh": {"1": "Nam", "2": "Nữ"}, "nksDanToc": {"01": "Kinh"}}.get(key, {}).get(
        true, true
    )


def answer(screen: Screen, told: dict[str, Any], true: str, counts: Counts) -> None:
    """Answer one field as one who knows the truth."""
    hands = Hands(screen)
    shown = told["text"]
    if told["blind"]:
        hands.press(*true)
        counts.blind.append(hands.pressed + 1 - len(true))
    elif shown != true:
        offered = told["others"].index(true) + 1 if true in told["others"][:5] else 0
        if offered:
            is_text = told["kind"] in ("person_name", "place_text", "text", "enum")
            hands.press(str(offered) if is_text else f"Alt+{offered}")
            counts.by_digit += 1
        else:
            hands.press(*min(ways(shown, true, tuple(told["selection"])), key=len))
        now = screen.evaluate("() => document.activeElement.value")
        assert now == true, (shown, true, now)
        counts.wrong.append(hands.pressed + 1)
        counts.changed.append(Levenshtein.distance(shown, true))
    else:
        counts.right.append(1)
    hands.press("Enter")
    assert told["blind"] or shown != true or hands.pressed == 1


# The server's time


def signed_in(address: str, name: str) -> httpx.Client:
    """Return a browser without scripts in which somebody is signed in."""
    client = httpx.Client(base_url=address, headers={"sec-fetch-site": "same-origin"}, timeout=60)
    client.post("/sign-in", data={"name": name, "password": PASSWORD})
    return client


def times(
    address: str, server: psutil.Process, rounds: int
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return by key action the milliseconds of each request, and of the server's CPU on average."""
    found: dict[str, list[float]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)
    reviewer, admin = signed_in(address, "thu"), signed_in(address, "quan")
    token = re.search(r'name="csrf" content="(\w*)"', reviewer.get("/").text)
    assert token
    script = {"x-csrf-token": token[1], "accept": "application/json"}

    def timed(action: str, method: str, path: str, **more: Any) -> httpx.Response:
        client = more.pop("client", reviewer)
        cpu, began = sum(server.cpu_times()[:2]), time.perf_counter()
        reply = client.request(method, path, headers={**script, **more.pop("headers", {})}, **more)
        found[action].append(1000 * (time.perf_counter() - began))
        spent[action] += 1000 * (sum(server.cpu_times()[:2]) - cpu)
        assert reply.status_code == 200, (action, reply.status_code)
        return reply

    record = ""
    for number in range(rounds):
        record = timed("next record", "GET", "/review/next", params={"after": record}).json()[
            "record"
        ]
        page = timed(
            "open record", "GET", f"/review/record/{record}", headers={"x-part": "desk"}
        ).text
        boxes = re.findall(r'<input id="field-(\w+)"[^>]*? value="([^"]*)"[^>]*?>', page)
        bases = dict(re.findall(r'name="base:(\w+)" value="(\d+)"', page))
        key, text = boxes[number % len(boxes)]
        timed("picture, first", "GET", f"/entries/{record}/picture")
        timed("picture", "GET", f"/entries/{record}/picture")
        timed("enlarged field", "GET", f"/review/crop/{key}/{record}")
        for sort, name, said in (
            ("name", "nksHoTen", "nguyen th"),
            ("place", "nksNoiSinh", "thôn Chùa, Tăng"),
        ):
            path = f"/review/suggestions/{name}/{record}"
            timed(f"suggestions, {sort}", "GET", path, params={"text": said})
        body = {
            "record": record,
            "key": key,
            "text": text,
            "base": int(bases[key]),
            "token": f"{number}",
        }
        answered = timed("accept a field (Enter)", "POST", "/review/answer", json=body).json()
        timed("hold", "POST", "/review/hold", json={"record": record})
        timed("undo (Ctrl+Z)", "POST", "/review/undo")
        bases = {one["key"]: one["base"] for one in answered["fields"]}
        answers = [
            {"record": record, "key": one["key"], "text": one["text"], "base": 0}
            for one in answered["fields"] if one["asked"] and not one["is_blind"]
        ]  # fmt: skip
        timed(
            "accept the record (Ctrl+Enter)", "POST", "/review/accept",
            json={"record": record, "answers": answers},
        )  # fmt: skip
    for _round in range(10):
        timed("list of books", "GET", "/review")
        timed("oversight", "GET", "/oversight", client=admin)
        timed("thresholds", "GET", "/oversight/rules", client=admin)
    return found, {action: spent[action] / len(found[action]) for action in found}


def p(values: list[float], share: float) -> float:
    """Return a percentile."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


@click.command()
@click.option("--records", default=100_000, show_default=True)
@click.option("--reviewed", default=60, show_default=True, help="Records at the keyboard.")
@click.option("--rounds", default=100, show_default=True, help="Records for the server's times.")
@click.option("--archive", type=click.Path(path_type=Path), help="Made when it is not there.")
@click.option("--json", "out", type=click.Path(path_type=Path))
def main(records: int, reviewed: int, rounds: int, archive: Path | None, out: Path | None) -> None:
    """Make an archive, review at a real screen, time the server."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = archive or Path(scratch) / "archive"
        if not (folder / "sohoa.db").exists():
            make_archive(folder, records)
        database = open_archive(load_settings(folder, "bench"))

        def truths(record: str) -> dict[str, str]:
            told: dict[str, str] = json.loads(
                database.find_records([record])[record][0].fields[-1].raw
            )
            return told

        with served(folder) as (address, pid):
            started = psutil.Process(pid).memory_info().rss / 2**20
            counts = at_the_screen(address, truths, reviewed)
            server = psutil.Process(pid)
            told, spent = times(address, server, rounds)
            memory = started, server.memory_info().rss / 2**20
        database.close()
    report(counts, told, spent, memory, out)


def at_the_screen(address: str, truths: Callable[[str], dict[str, str]], reviewed: int) -> Counts:
    """Review records in a real browser."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        screen = browser.new_page(viewport={"width": 1366, "height": 768})
        screen.goto(f"{address}/sign-in")
        screen.get_by_label("Tên tài khoản").fill("thu")
        screen.get_by_label("Mật khẩu").fill(PASSWORD)
        screen.keyboard.press("Enter")
        screen.wait_for_url(f"{address}/")
        screen.goto(f"{address}/review/next")
        counts = review(screen, truths, reviewed)
        browser.close()
    return counts


def report(
    counts: Counts,
    told: dict[str, list[float]],
    spent: dict[str, float],
    memory: tuple[float, float],
    out: Path | None,
) -> None:
    """Print what was measured."""
    beyond = [keys - letters for keys, letters in zip(counts.wrong, counts.changed, strict=True)]
    keys = {
        "fields right": len(counts.right),
        "keys per right field": statistics.fmean(counts.right) if counts.right else None,
        "fields corrected": len(counts.wrong),
        "of these by a digit": counts.by_digit,
        "keys per corrected field": statistics.fmean(counts.wrong) if counts.wrong else None,
        "keys beyond the letters changed": statistics.fmean(beyond) if beyond else None,
        "share of corrected fields within 2": statistics.fmean(one <= 2 for one in beyond),
        "fields read blind": len(counts.blind),
        "app's memory when it starts, MB": memory[0],
        "app's memory after this, MB": memory[1],
    }
    for name, value in keys.items():
        print(f"{name:<36} {value if not isinstance(value, float) else round(value, 2)}")
    print(f"{'beyond the letters':<36} {sorted(Counter(beyond).items())}")
    print(f"\n{'ms':<32} {'p50':>7} {'p95':>7} {'max':>7} {'CPU':>7}")
    for action, values in told.items():
        mid, high, cpu = p(values, 0.5), p(values, 0.95), spent[action]
        print(f"{action:<32} {mid:7.1f} {high:7.1f} {max(values):7.1f} {cpu:7.1f}")
    if out:
        out.write_text(json.dumps({"keys": keys, "ms": told, "cpu_ms": spent}, ensure_ascii=False))


if __name__ == "__main__":
    main()
