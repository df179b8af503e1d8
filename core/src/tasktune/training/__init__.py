"""Training in a worker process: the only one that imports torch. :mod:`tasktune.training.worker` is its entry."""
