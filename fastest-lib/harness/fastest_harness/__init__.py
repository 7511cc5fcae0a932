"""The Python side of Fastest: a fork server, its workers and their two engines."""
