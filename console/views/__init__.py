"""What is shown, to whomever: facts, words, forecasts and data; it knows no terminal and no HTTP."""
