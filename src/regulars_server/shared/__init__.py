"""What every app stands on: the write gate, audit log, outbox, API keys, the personal-data registry."""
