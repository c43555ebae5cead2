"""What is said of a place: sentences for the screen, and the same as data."""

from collections.abc import Sequence
from typing import Any

from pipeline.places.history import Chain, Now, Places
from pipeline.places.lookup import Answer, Match
from pipeline.places.units import STILL, Unit, tell_when
from pipeline.words import _

_MOST = 12  # places or forerunners told one by one


def sentences(places: Places, answer: Answer) -> list[str]:
    """Return what a clerk is told of a place that was looked up."""
    told = [_outcome(answer)]
    for match in answer.matches[:_MOST]:
        told += _match(places, match)
    if len(answer.matches) > _MOST:
        more = len(answer.matches) - _MOST
        told.append(_("… và {count} nơi nữa; hãy ghi thêm huyện, tỉnh").format(count=more))
    return told


def as_data(places: Places, answer: Answer) -> dict[str, Any]:
    """Return what `sohoa places find --json` prints."""
    return {
        "outcome": answer.outcome,
        "rest": answer.rest,
        "matches": [
            {
                "then": [[_unit(unit) for unit in chain] for chain in match.then],
                "now": {
                    "state": match.now.state,
                    "by_parts": match.now.by_parts,
                    "targets": [
                        {
                            "within": [_unit(unit) for unit in places.chains(target.unit, None)[0]],
                            "share": target.share,
                            "note": target.note,
                        }
                        for target in match.now.targets
                    ],
                },
                "forerunners": [
                    [_unit(unit) for unit in places.chains(old, None)[0]]
                    for old in _forerunners(places, match)
                ],
                "against": [name for name, holds in match.weakness._asdict().items() if holds],
                "inferred": match.inferred,
                "unchecked": list(match.unchecked),
            }
            for match in answer.matches
        ],
    }


def in_full(chain: Chain) -> str:
    """Return a unit with what it lies in, as an address."""
    return ", ".join(unit.title for unit in chain)


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "level": unit.level,
        "name": unit.name,
        "spellings": list(unit.spellings),
        "codes": list(unit.codes),
        "since": tell_when(unit.since),
        "until": tell_when(unit.until),
        "source": unit.source,
        "checked": unit.checked,
    }


def _outcome(answer: Answer) -> str:
    told = {
        "found": _("tìm thấy"),
        "ambiguous": _("có {count} nơi cùng tên; hãy ghi thêm cấp trên hoặc năm"),
        "doubtful": _("không chắc; hãy xem lý do ở mỗi nơi"),
        "within": _("“{rest}” không có trong bảng; chỉ biết nơi chứa nó"),
        "unknown": _("không có nơi nào như thế trong bảng"),
    }[answer.outcome]
    told = told.format(count=len(answer.matches), rest=answer.rest)
    if answer.rest and answer.outcome != "within":
        told += "; " + _("phần đứng trước: {rest}").format(rest=answer.rest)
    return told


def _match(places: Places, match: Match) -> list[str]:
    told = [f"{in_full(chain)} ({_days(chain[0])})" for chain in match.then]
    head = [f"- {told[0]}", *("  {or_} {one}".format(or_=_("hoặc"), one=one) for one in told[1:])]
    told = [*head, *(f"    {line}" for line in _now(places, match.now))]
    told += [f"    {reason}" for reason in _reasons(match)]
    olds = [in_full(places.chains(old, None)[0]) for old in _forerunners(places, match)]
    if olds:
        more = f"; … ({len(olds) - _MOST})" if len(olds) > _MOST else ""
        told.append("    " + _("trước đây: {olds}").format(olds="; ".join(olds[:_MOST]) + more))
    told += [
        "    " + _("chưa kiểm chứng: {source}").format(source=source) for source in match.unchecked
    ]
    return told


def _days(unit: Unit) -> str:
    since, until = tell_when(unit.since), tell_when(unit.until)
    first = _("từ {day}").format(day=since)
    if not unit.since.first:
        first = _("chưa rõ từ bao giờ")
    if unit.until == STILL:
        return _("{first} đến nay").format(first=first)
    last = _("đến {day}").format(day=until)
    if not unit.until.last:
        last = _("chưa rõ đến bao giờ")
    elif not unit.until.first:
        last = _("đến muộn nhất {day}").format(day=unit.until.last)
    return f"{first}, {last}"


def _now(places: Places, now: Now) -> list[str]:
    if now.state == "unknown":
        return [_("nay: không rõ thuộc về đâu; bảng không ghi nó được nhập, tách hay đổi thành gì")]
    told = []
    for target in now.targets:
        where = in_full(places.chains(target.unit, None)[0])
        codes = _("mã {codes}").format(codes=", ".join(target.unit.codes))
        note = f" — {target.note}" if target.note else ""
        told.append(f"{where} ({codes}){note}" if target.unit.codes else f"{where}{note}")
    if now.state == "whole":
        return [_("nay: {unit}").format(unit=told[0])]
    if now.by_parts:
        head = _("nay không còn một đơn vị như thế; các đơn vị trong nó nay thuộc:")
    else:
        head = _("nay là một trong những nơi sau; thôn, xóm, tổ mới quyết định được:")
    return [head, *(f"  {one}" for one in told)]


def _reasons(match: Match) -> list[str]:
    weak = match.weakness
    told = {
        _("nơi chứa nó ghi khác với bảng"): weak.elsewhere,
        _("một phần địa chỉ không có trong bảng"): weak.partly,
        _("chỉ giống khi bỏ dấu"): weak.unmarked,
        _("năm ấy bảng không có đơn vị này"): weak.other_time,
        _("cấp ghi khác với bảng"): weak.other_level,
        _("nó thuộc nơi đã ghi vào năm khác"): weak.other_parent,
        _("năm ấy chưa có danh mục; suy từ danh mục đầu tiên có nó"): match.inferred,
    }
    return [_("lưu ý: {reason}").format(reason=reason) for reason in told if told[reason]]


def _forerunners(places: Places, match: Match) -> Sequence[Unit]:
    """Return what went into a unit that stands today."""
    olds = [
        old
        for chain in match.then
        if chain[0].until == STILL
        for old in places.forerunners(chain[0])
    ]
    return list(dict.fromkeys(olds))
