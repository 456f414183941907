"""The people who work with Regulars: accounts, roles, signing in, invitations."""
