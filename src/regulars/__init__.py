"""Regulars turns customers into regulars: order files in, retention numbers out."""
