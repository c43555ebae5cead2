"""The same person in two records: who may be, how likely, and why. People decide."""
