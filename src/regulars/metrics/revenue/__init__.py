"""Revenue: what was sold, kept and given back, and from whom it came."""
