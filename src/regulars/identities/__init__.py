"""Which traces belong to whom: the append-only identity map and the rules that write it."""
