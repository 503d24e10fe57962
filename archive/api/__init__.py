"""The REST interface: what all its addresses share, and the archive's own (docs/api.md)."""
