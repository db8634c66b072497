"""What may be wrong on this device, looked for without changing anything, with or without a running node."""
