"""Where the writing stands: rules, cells, lines."""
