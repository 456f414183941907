"""The page of one customer: who they are, how they are, and everything that happened."""
