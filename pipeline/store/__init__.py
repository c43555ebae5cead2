"""The database and files that must survive a power cut."""
