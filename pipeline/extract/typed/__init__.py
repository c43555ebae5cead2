"""Records that people typed in earlier campaigns: the Ministry's table, and JSON lines."""
