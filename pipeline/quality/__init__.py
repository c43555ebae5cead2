"""What a scan is worth: measures of its pixels, profiles of limits, a verdict on each page."""
