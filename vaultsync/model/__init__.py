"""The values that everything else speaks of: ids, paths, versions, records. Pure."""
