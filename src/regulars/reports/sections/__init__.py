"""The sections of the review, one file each: from evidence to what stands on the page."""
