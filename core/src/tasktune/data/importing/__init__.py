"""Rows from other people's files, tables and services, in the form that a task reads: ``tune data import``.

One module per family of formats turns a source into a stream of items; the others choose which column fills which
field, make rows of them, and write them out with every row accounted for.
"""
