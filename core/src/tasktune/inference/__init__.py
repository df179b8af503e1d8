"""From a version and records to model outputs: decoding rules, the engine, evaluation and prediction."""
