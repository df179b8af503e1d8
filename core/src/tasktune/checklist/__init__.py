"""The checklist of fine-tuning: which of its items are done, by what was verified just now."""
