"""Tests of the pages: by requests within the process, and by a browser on a real server."""
