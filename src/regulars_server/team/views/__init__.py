"""The pages of the team: signing in, one's own account, members, keys, the audit log."""
