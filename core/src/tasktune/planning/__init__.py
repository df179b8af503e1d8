"""What a training run takes, told before it starts: memory, time, what else fits. torch is never imported."""
