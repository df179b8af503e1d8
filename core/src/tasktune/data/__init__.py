"""From data files to the rows that a model trains on: read, check, split, encode, prepare."""
