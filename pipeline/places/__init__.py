"""Administrative units through time: a name as written and a year give the units then and now."""
