"""Invented register pages with exact ground truth; see ../synthesize_pages.py."""
