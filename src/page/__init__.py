"""The page of results: what it shows, packed small, and written into one file."""
