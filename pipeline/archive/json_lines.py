"""Values as JSON lines: one a line, keys in order, letters as they are, readable without sohoa."""

import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from pipeline.letters import nfc


def json_lines(values: Iterable[object]) -> bytes:
    """Return values (frozen dataclasses) as UTF-8 JSON lines; equal values give equal bytes."""
    return "".join(f"{_text(value)}\n" for value in values).encode("utf-8")


def _text(value: object) -> str:
    packed = json.dumps(
        _plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return nfc(packed)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return value
