"""Long work in the background: one row a job, run by a child process of the worker, with progress, cancelling and a second start."""
