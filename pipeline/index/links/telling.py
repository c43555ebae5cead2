"""Why two records may tell of one person, in the words of the screen."""

from collections.abc import Mapping

from pipeline.index.links.weights import link_rules
from pipeline.values import Suggestion
from pipeline.words import _


def kind_title(kind: str) -> str:
    """Return what a kind of link is called."""
    if kind == "same_number":
        return _("cùng số, cùng quyển")
    known = link_rules().kinds.get(kind)
    return known.title if known else kind


def reasons(suggestion: Suggestion) -> list[str]:
    """Return a sentence for each feature, what speaks most for or against it first."""
    if suggestion.kind == "same_number":
        return [_("cùng nơi, cùng quyển, cùng số, cùng năm")]
    ranked = sorted(suggestion.weights.items(), key=lambda one: -abs(one[1][1]))
    return [
        _("{feature}: {level} ({bits:+.1f})").format(
            feature=_features().get(feature, feature), level=_level(feature, level), bits=bits
        )
        for feature, (level, bits) in ranked
    ]


def _features() -> Mapping[str, str]:
    return {
        "name": _("họ tên"),
        "birth": _("năm sinh"),
        "sex": _("giới tính"),
        "paper": _("số giấy tờ"),
        "place": _("nơi"),
        "others": _("người khác trong bản ghi"),
    }


def _level(feature: str, level: str) -> str:
    if feature == "name":
        likeness, _comma, rarity = level.partition(", ")
        told = {
            "same": _("giống hệt"),
            "folded": _("khác dấu"),
            "misread": _("khác chữ dễ đọc lẫn"),
            "near": _("khác một hai chữ cái"),
            "part": _("cùng họ và tên, khác chữ đệm"),
            "other": _("khác"),
        }[likeness]
        rare = {"rare": _("tên hiếm"), "some": _("tên có người trùng"), "common": _("tên phổ biến")}
        return f"{told}, {rare[rarity]}" if rarity in rare else told
    words = {
        "birth": {
            "day": _("đúng ngày"),
            "year, another day": _("cùng năm, khác ngày"),
            "year": _("cùng năm"),
            "age": _("hợp với tuổi"),
            "one year off": _("lệch một năm"),
            "a few years off": _("lệch vài năm"),
            "other": _("khác xa"),
        },
        "place": {
            "hamlet": _("cùng thôn"),
            "commune": _("cùng xã"),
            "commune today": _("nay cùng xã, phường"),
            "other": _("khác xã"),
        },
        "others": {
            "none": _("không ai trùng tên"),
            "one": _("một người trùng tên"),
            "two": _("hai người trùng tên"),
        },
    }
    same = {"same": _("giống nhau"), "other": _("khác nhau")}
    return words.get(feature, same).get(level, level)
