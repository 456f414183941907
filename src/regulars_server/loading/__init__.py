"""From the inbox into the tables: batches that survive any kill, quarantine, tracking plans, orders known across sources."""
