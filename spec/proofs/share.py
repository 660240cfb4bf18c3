"""The share of many things that one run of the gate tries."""

import os


def share(things, shares):
    """One share of these. The number in the environment variable SHARE says which.
    Without a number there, returns all of them."""
    number = os.environ.get("SHARE")
    return things[int(number) % shares :: shares] if number else things
