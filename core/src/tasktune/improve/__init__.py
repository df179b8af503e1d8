"""Find out what went wrong in a run, and what to change."""
