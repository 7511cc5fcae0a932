"""Greets people, by the hour and by name."""


def greet(name, hour=12):
    """A greeting for `name` at `hour` (0 to 23)."""
    if not 0 <= hour <= 23:
        raise ValueError(f"no such hour: {hour}")
    part = "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
    return f"Good {part}, {name}!"


class Guestbook:
    """Remembers who was greeted."""

    def __init__(self):
        self.names = []

    def welcome(self, name):
        """Greet `name` and remember it."""
        self.names.append(name)
        return greet(name)
