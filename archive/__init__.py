"""What we hold."""

__version__ = "0.1.0"
