"""Lists that people look through: what can be asked of them, and their pages."""
