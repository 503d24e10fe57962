"""What the REST interface shows of people's work: reels with their state, decisions, deliveries."""
