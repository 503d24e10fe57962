"""Telling other systems what happened: off until `WEBHOOKS=yes` (docs/api.md)."""
