"""A task's folder on disk: its versions, their state and events, and writes that a crash cannot tear."""
