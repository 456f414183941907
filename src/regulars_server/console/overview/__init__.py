"""Overview: how the business is doing, in a sentence, numbers and charts, and what happens now."""
