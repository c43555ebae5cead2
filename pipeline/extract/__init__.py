"""From read lines to records: forms, kinds, rules."""
