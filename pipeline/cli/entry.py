"""The command `sohoa`: all commands, gathered."""

from pipeline.cli import audit, books, finding, models, office, pages, places, typed
from pipeline.cli.shell import main

__all__ = ["audit", "books", "finding", "main", "models", "office", "pages", "places", "typed"]
