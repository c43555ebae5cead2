"""Train readers of lines: texts, pictures of them, networks. Needs the extra `train` (torch)."""
