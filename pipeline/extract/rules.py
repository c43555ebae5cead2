"""What must hold between the fields of one record. A broken rule is a doubt, never a choice."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from jsonschema import Draft202012Validator

from pipeline.extract import reasons
from pipeline.extract.form import Form, Rule
from pipeline.letters import nfc
from pipeline.values import Alternative, Doubt, FieldValue

Fields = Mapping[str, FieldValue]
CONFLICT = 0.5  # of two fields that contradict each other one is wrong
AGE_SUFFIX = " tuổi"
MALE, FEMALE = "1", "2"
MALE_WORD, FEMALE_WORD = "văn", "thị"  # marks kept: Vân is a woman's name


def broken_rules(form: Form, fields: Fields) -> list[Doubt]:
    """Return the doubts that the form's rules and its JSON Schema raise about a record."""
    return [*_schema_doubts(form, fields), *rule_doubts(form, fields)]


def rule_doubts(form: Form, fields: Fields) -> list[Doubt]:
    """Return the doubts that the form's rules alone raise."""
    return [
        doubt
        for rule in form.rules
        if rule.name in _CHECKS
        for doubt in _CHECKS[rule.name](rule, fields)
    ]


def compared(form: Form, fields: Fields) -> dict[str, FieldValue]:
    """Let two fields that say the same date strengthen or weaken each other's confidence.

    The values stay as they are; each gets the other's value as an alternative.
    """
    changed = dict(fields)
    for rule in form.rules:
        first, second = fields.get(rule.key), fields.get(rule.other)
        if rule.name == "same_date" and first and second and first.value and second.value:
            together = 1 - (1 - first.confidence) * (1 - second.confidence)
            for own, other in ((first, second), (second, first)):
                if own.value == other.value:
                    changed[own.key] = replace(own, confidence=together)
                else:
                    changed[own.key] = _weakened(own, other)
    return changed


def _weakened(own: FieldValue, other: FieldValue) -> FieldValue:
    rest = tuple(one for one in own.alternatives if one.text != other.value)
    offered = Alternative(other.value, other.confidence * CONFLICT)
    return replace(own, confidence=own.confidence * CONFLICT, alternatives=(offered, *rest))


@lru_cache(maxsize=64)
def _validator(form: Form) -> Draft202012Validator:
    return Draft202012Validator(form.schema)


def _schema_doubts(form: Form, fields: Fields) -> Iterable[Doubt]:
    values = {key: field.value for key, field in fields.items() if field.value}
    for key in form.required:
        if key not in values:
            yield Doubt(key, reasons.MISSING)
    for error in _validator(form).iter_errors(values):
        if error.absolute_path:
            yield Doubt(str(error.absolute_path[0]), reasons.NOT_AS_FORM)


def _value(fields: Fields, key: str) -> str:
    return fields[key].value if key in fields else ""


def _is_date(value: str) -> bool:
    return value[:4].isdigit() and len(value) in (4, 7, 10)


def _not_before(rule: Rule, fields: Fields) -> list[Doubt]:
    later, earlier = _value(fields, rule.key), _value(fields, rule.other)
    length = min(len(later), len(earlier))
    if _is_date(later) and _is_date(earlier) and later[:length] < earlier[:length]:
        return [Doubt(key, reasons.DATES_REVERSED) for key in (rule.key, rule.other)]
    return []


def _same_date(rule: Rule, fields: Fields) -> list[Doubt]:
    digits, words = _value(fields, rule.key), _value(fields, rule.other)
    if digits and words and digits != words:
        return [Doubt(key, reasons.DIGITS_WORDS_DIFFER) for key in (rule.key, rule.other)]
    return []


def _sex_fits_name(rule: Rule, fields: Fields) -> list[Doubt]:
    middle = nfc(_value(fields, rule.other)).lower().split()[1:-1]
    unlikely = {MALE: FEMALE_WORD, FEMALE: MALE_WORD}.get(_value(fields, rule.key))
    return [Doubt(rule.key, reasons.SEX_NAME)] if unlikely in middle else []


def _age_between(rule: Rule, fields: Fields) -> list[Doubt]:
    own, event, entry = (_value(fields, key) for key in (rule.key, rule.other, rule.at))
    age: int | None = None
    if own.endswith(AGE_SUFFIX):
        passed = int(entry[:4]) - int(event[:4]) if _is_date(entry) and _is_date(event) else 0
        age = int(own.removesuffix(AGE_SUFFIX)) - passed
    elif _is_date(own) and _is_date(event):
        age = int(event[:4]) - int(own[:4])
    if age is None or rule.low <= age <= rule.high:
        return []
    return [Doubt(rule.key, reasons.AGE_UNLIKELY)]


_CHECKS: Mapping[str, Callable[[Rule, Fields], list[Doubt]]] = {
    "not_before": _not_before,
    "same_date": _same_date,
    "sex_fits_name": _sex_fits_name,
    "age_between": _age_between,
}
