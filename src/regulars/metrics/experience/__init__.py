"""Experience: what customers say, and how they are helped."""
