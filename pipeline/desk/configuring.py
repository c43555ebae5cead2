"""Settings that an administrator changes on a screen; they stay in `sohoa.toml`, with comments."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.flow.book import working
from pipeline.quality.profiles import load_rules, profile_called
from pipeline.settings import Settings, load_settings
from pipeline.store import chain
from pipeline.store.database import Database, now
from pipeline.store.durable import durable_write
from pipeline.values import Asker
from pipeline.words import _

Value = bool | int | str
_WAIT_S = 5.0  # for another administrator who saves at the same moment
_NUMBERS: Mapping[str, tuple[int, int]] = {  # least and most
    "max_upload_mb": (1, 100_000),
    "max_open_uploads": (1, 10_000),
    "upload_days": (1, 365),
    "phone_minutes": (1, 1440),
}
_VALUE = re.compile(r"""(?P<value>"[^"]*"|'[^']*'|[^#"']*?)(?P<rest>\s*(?:#.*)?)$""")


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be changed on the screen: of `[web]`, `[scanning]` and `[quality]`."""

    ask_purpose: bool
    max_upload_mb: int
    max_open_uploads: int
    upload_days: int
    phone_minutes: int
    watched: str
    profile: str


_SECTIONS: Mapping[str, str] = {
    "ask_purpose": "web",
    **dict.fromkeys((*_NUMBERS, "watched"), "scanning"),
    "profile": "quality",
}


def current(settings: Settings) -> Choices:
    """Return what is in force."""
    values = {key: getattr(getattr(settings, part), key) for key, part in _SECTIONS.items()}
    return Choices(**values)


def profiles() -> tuple[str, ...]:
    """Return the names of the profiles that scans can be judged by."""
    return tuple(load_rules().profiles)


def change(database: Database, settings: Settings, asker: Asker, told: Choices) -> Settings:
    """Keep other settings in `sohoa.toml` and log them; return the settings with them.

    What the file says of other things, and its comments, stay as they are.

    Raises:
        UsageError: a value cannot be, or the file is written in a way that only a person can edit.
        StorageError: it cannot be written.
        BusyError: another administrator is saving.
    """
    _check(told)
    file = settings.archive / "sohoa.toml"
    with working(settings.archive, "settings", _WAIT_S):
        before = current(load_settings(settings.archive, settings.person))
        changed = {
            key: getattr(told, key)
            for key in _SECTIONS
            if getattr(told, key) != getattr(before, key)
        }
        if changed:
            text = file.read_text(encoding="utf-8") if file.exists() else ""
            for key, value in changed.items():
                text = with_value(text, _SECTIONS[key], key, value)
            with database.write() as connection:
                kind = "settings.changed"
                chain.append(connection, now(), asker.person, kind, settings=_told(changed))
                durable_write(file, text.encode("utf-8"))
    return replace(
        settings,
        web=replace(settings.web, ask_purpose=told.ask_purpose),
        scanning=replace(
            settings.scanning, watched=told.watched, **{key: getattr(told, key) for key in _NUMBERS}
        ),
        quality=replace(settings.quality, profile=told.profile),
    )


def _told(changed: Mapping[str, Value]) -> list[str]:
    return [f"[{_SECTIONS[key]}] {key} = {_toml(value)}" for key, value in changed.items()]


def _check(told: Choices) -> None:
    profile_called(told.profile)
    for key, (least, most) in _NUMBERS.items():
        if not least <= getattr(told, key) <= most:
            raise UsageError(
                _("{key}: từ {least} đến {most}").format(key=key, least=least, most=most)
            )
    if told.watched and not (Path(told.watched).is_absolute() and Path(told.watched).is_dir()):
        raise UsageError(
            _("“{folder}” không phải thư mục của máy này (đường dẫn tuyệt đối)").format(
                folder=told.watched
            )
        )


def with_value(text: str, section: str, key: str, value: Value) -> str:
    """Return a TOML text in which a key of a section has another value; all else stays.

    Raises:
        UsageError: the key stands there in a way that is not understood here.
    """
    said = f"{key} = {_toml(value)}"
    lines = text.splitlines()
    head = re.compile(rf"\s*\[\s*{re.escape(section)}\s*\]\s*(#.*)?$")
    begin = next((at for at, line in enumerate(lines) if head.match(line)), None)
    if begin is None:
        lines += [*([""] if lines and lines[-1].strip() else []), f"[{section}]", said]
    else:
        ends = (at for at in range(begin + 1, len(lines)) if lines[at].lstrip().startswith("["))
        own = range(begin + 1, next(ends, len(lines)))
        known = re.compile(rf"\s*{re.escape(key)}\s*=\s*")
        at = next((at for at in own if known.match(lines[at])), None)
        if at is None:
            lines.insert(begin + 1, said)
        else:
            start = known.match(lines[at])
            rest = _VALUE.match(lines[at], start.end()) if start else None
            lines[at] = said + (rest["rest"] if rest else "")
    made = "\n".join(lines) + "\n"
    wanted = tomllib.loads(text)
    wanted[section] = {**wanted.get(section, {}), key: value}
    try:
        is_right = tomllib.loads(made) == wanted
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        raise UsageError(
            _(
                "không sửa được `{key}` ở [{section}] trong sohoa.toml; hãy sửa tệp ấy bằng tay"
            ).format(key=key, section=section)
        )
    return made


def _toml(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)  # of these three, TOML writes what JSON writes
