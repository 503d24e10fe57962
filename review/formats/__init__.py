"""Formats in which a restored reel leaves: one format a module."""
