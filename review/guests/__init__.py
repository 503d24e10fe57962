"""Links by which somebody without an account looks at takes: who may, and what they see."""
