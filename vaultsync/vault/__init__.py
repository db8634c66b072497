"""The vault folder on disk: watching, scanning, staging and applying."""
