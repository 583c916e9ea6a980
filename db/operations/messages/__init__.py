"""Messages on their way out and what comes back: claimed, kept, recorded, merged, throttled, withdrawn."""
