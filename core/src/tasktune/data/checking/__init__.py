"""What can be wrong with sound rows: copies, leaks, classes, characters, languages, lengths; and what a run needs."""
