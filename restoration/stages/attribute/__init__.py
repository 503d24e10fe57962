"""Who speaks: faces, moving lips, voices, and a decision that says on what it rests."""
