"""Settings of the training, tried one after another and judged on the validation rows."""
