"""What the machine does: the order of the stages, for a page and for a book."""
