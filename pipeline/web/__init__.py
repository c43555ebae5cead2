"""The office's web app: the same functions of `desk/` that the commands call, in HTML and JSON."""
