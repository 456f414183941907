"""Success: how healthy customers are, and what is at risk."""
