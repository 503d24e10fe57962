"""The work as the REST interface shows it: takes, runs, and runs that are asked for."""
