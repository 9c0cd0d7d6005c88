"""The history of this package's tables; `Database.upgrade` runs it."""
