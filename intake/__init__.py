"""LISTENS: reads what arrives, writes facts and passes them on."""
