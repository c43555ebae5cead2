"""From scanner, files and folders to masters: nothing here reads what is written on the page."""
