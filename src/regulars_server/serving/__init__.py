"""The serving file: what lists, profiles and timelines are read from, built aside from the tables and read without touching them."""
