"""How it looks at a terminal: tables, pages, bars and questions."""
