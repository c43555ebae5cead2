"""Kinds of fields: functions from what is written to a value, shared by all forms."""
