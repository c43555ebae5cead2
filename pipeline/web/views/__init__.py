"""The screens, one file for each thing that people come for."""

from types import ModuleType

from pipeline.web.views import (
    api,
    auditing,
    certifying,
    entering,
    finding,
    home,
    overseeing,
    own,
    people,
    phone,
    reviewing,
    scanning,
)

ALL: tuple[ModuleType, ...] = (
    api,
    auditing,
    certifying,  # its addresses begin like those of entries: before finding
    entering,
    finding,
    home,
    overseeing,
    own,
    people,
    phone,
    reviewing,
    scanning,
)
