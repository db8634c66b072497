-- Who removed this device from a vault, as that member is called here, and when by its clock (Unix ms): told until the
-- device is let in again or a person has taken note. NULL: nobody did; role solo then says that it has left by itself.
ALTER TABLE vaults ADD COLUMN removed_by TEXT;
ALTER TABLE vaults ADD COLUMN removed_at INTEGER;
