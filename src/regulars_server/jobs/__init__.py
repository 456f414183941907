"""Long work outside the web process: queued, run one after another in a process of its own, with progress."""
