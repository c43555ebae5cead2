"""A book as a BagIt bag: PDF/A, ALTO, fixity."""
