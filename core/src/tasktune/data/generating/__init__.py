"""More training rows from a language model: what is asked, what comes back, and what a person makes of it.

Nothing here knows a task type: a row is asked for as its input fields and its answer in the form of
``build_prompt``'s completion, and read back by ``parse_output`` and ``read_record``.
"""
