"""The page Customers: search, filter, sort, export."""
