"""What may be typed after `duewell`: a module for each command or for a few that belong together."""
