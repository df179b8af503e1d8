"""Judge a model's outputs: predictions, scores beside baselines, findings, and the report in words and figures."""
