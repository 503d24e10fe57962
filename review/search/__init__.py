"""What was said and written, found to the frame: query, index, hits in context."""
