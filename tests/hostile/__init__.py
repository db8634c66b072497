"""Members, and strangers, that are malicious."""
