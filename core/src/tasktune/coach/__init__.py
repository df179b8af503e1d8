"""``tune init``: what is asked about a new task, what is seen in its data, and what is recommended, with reasons."""
