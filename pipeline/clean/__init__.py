"""Image steps, one a file: measure, then act."""
