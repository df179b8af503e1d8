"""Builds ``builtin:tiny``: tokenizer, generated corpus, pretraining, export and probes (see README.md)."""
