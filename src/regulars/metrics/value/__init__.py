"""Value and acquisition: what a customer is worth and what it cost to win one."""
