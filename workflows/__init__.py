"""WAITS: durable time around decisions."""
