"""How the score grows with the training rows, and how many more the target needs."""
