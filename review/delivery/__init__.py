"""Deliveries as queued work: asked for, claimed, assembled apart, published whole, swept."""
