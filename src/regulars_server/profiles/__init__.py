"""Who is who: identifiers, links, merges and their evidence, traits, accounts, notes, the timeline of a customer."""
