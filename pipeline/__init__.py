"""sohoa: from a shelf of handwritten register books to a searchable archive."""
