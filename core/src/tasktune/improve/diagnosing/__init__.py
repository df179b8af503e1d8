"""The rules of the diagnosis: what they look at, what each looks for, and how findings are ordered."""
