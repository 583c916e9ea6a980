"""Bulk work as jobs: recorded, done page by page, taken up again by whoever is there, canceled at a page's end."""
