"""The worlds that are searched: how large each is, and which events happen there."""

SEMANTICS = ["live", "copying", "strict"]

SMALLEST = {
    "Clients": ["c1"],
    "Requests": ["r1", "r2"],
    "MaxId": 2,
    "Chosen": set(),
    "Users": {"alice"},
    "Keys": set(),
    "Values": {"x"},
    "MaxToken": 0,
    "TokenCap": 1,
    "Mounts": {""},
    "Outcomes": {"successful", "failed"},
    "LastMoment": 0,
    "Resolution": 0,
    "Idle": 2,
    "Absolute": 3,
    "Events": set(),
}


def world(**constants):
    unknown = constants.keys() - SMALLEST.keys()
    assert not unknown, unknown
    return SMALLEST | constants


ANY = {"successful", "interrupted", "failed", "abandoned"}

# Worlds that src/check/worlds.rs also has have the same names there.
SMALL = {
    "login": world(
        Users={"alice", "bob"},
        Outcomes={"successful", "interrupted"},
        Events={"LogOut", "ExpireSession", "Collide"},
    ),
    "forms": world(MaxToken=2, Outcomes={"successful"}, Events={"Forms"}),
    "values": world(Users=set(), Keys={"k"}, Values={"x", "y"}, Events={"ExpireSession"}),
    "time": world(
        Requests=["r1"],
        Outcomes={"successful"},
        LastMoment=3,
        Events={"LogOut", "Sweep", "ClockBack", "HasSessionCookie", "Passive"},
    ),
    "manager": world(
        Chosen={2},
        Outcomes={"successful"},
        Events={"LogOut", "DeleteSession", "DeleteSessionsOf", "Lose"},
    ),
    "cookies": world(
        Requests=["r1"],
        Mounts={"", "/app"},
        Outcomes=ANY,
        Events={
            "NewSession", "MaintainSession", "RevokeSessionCookie", "ExpireSession",
            "HasSessionCookie",
        },
    ),
    # Form tokens in a queue that can hold only some of them. Some are equal.
    "queue": world(
        Requests=["r1"], MaxToken=3, TokenCap=2, Outcomes={"successful"},
        Events={"Forms", "Collide"},
    ),
    # Form tokens and new sessions while time passes, and accesses that are not noted.
    "late": world(
        Requests=["r1"], Users={"alice", ""}, MaxToken=1, LastMoment=3, Resolution=1,
        Outcomes={"successful"}, Events={"Forms", "NewSession"},
    ),
    # One request after the other, of several users of one browser, with values and form tokens.
    "users": world(
        Requests=["r1"], Users={"alice", "bob"}, Keys={"k"}, MaxToken=1,
        Outcomes={"successful"}, Events={"LogOut", "Forms", "RenewSession", "TakeValue"},
    ),
    # Two requests log in, and put something into the cart.
    "carts": world(Keys={"k"}, Outcomes={"successful"}),
    # Two requests take one value, and ask to be told if it changes.
    "taken": world(
        Users=set(), Keys={"k"}, Values={"x", "y"}, Outcomes={"successful"},
        Events={"TakeValue", "GuardValue"},
    ),
    # The last value is taken while the clock goes back.
    "last": world(
        Requests=["r1"], Keys={"k"}, LastMoment=2, Outcomes={"successful"},
        Events={"TakeValue", "ClockBack"},
    ),
    # A user with two devices ends the sessions of the other device, and logs in meanwhile.
    "devices": world(
        Clients=["c1", "c2"], Outcomes={"successful"},
        Events={"ExpireOtherSessions", "Handles", "DeleteSessionsOf"},
    ),
    # Values, guarded ones among them, and logins while time passes.
    "overdue": world(
        Requests=["r1"], Keys={"k"}, LastMoment=3, Outcomes={"successful"},
        Events={"TakeValue", "GuardValue", "NewSession", "RenewSession"},
    ),
    # Clients that send any id: stolen, gone, or never issued.
    "strangers": world(
        Clients=["c1", "c2"], Requests=["r1"], Outcomes={"successful"},
        Events={"Forge", "LogOut", "ExpireSession", "HasSessionCookie"},
    ),
}  # fmt: skip


# More than 100,000 states and 550,000 transitions each: one world for each semantics, in which
# requests that log in, log out, create tokens and spend them overlap in time.
LARGE = {
    "live": world(MaxToken=1, Users={"alice", ""}, LastMoment=1,
                  Events={"LogOut", "Forms", "ExpireSession"}),
    "copying": world(MaxToken=1, Users={"alice", ""}, LastMoment=1,
                     Events={"LogOut", "Forms", "ExpireSession"}),
    "strict": world(MaxToken=1, LastMoment=1, Idle=1, Absolute=1, Outcomes={"successful"},
                    Events={"LogOut", "Forms", "Lose", "NewSession"}),
}  # fmt: skip


# Too large for graphs, but theorems are checked in them. A logout, and the end of a session, while
# another request makes and spends form tokens.
WIDE = {
    "left": world(
        MaxToken=1, Outcomes={"successful"}, Events={"LogOut", "Forms", "ExpireSession"},
    ),
}  # fmt: skip

# Three requests at once. There are too many states, unless those that differ only in names count as
# one. Under live they do not: see Alike in Theorems.tla.
CROWDED = {
    "three": world(
        Requests=["r1", "r2", "r3"], Outcomes={"successful"}, Events={"LogOut"},
    ),
    "crowd": world(
        Requests=["r1", "r2", "r3"], MaxToken=1, Outcomes={"successful"}, Events={"Forms"},
    ),
}  # fmt: skip


# Worlds in which sessions end. Each has one more id, as no id is drawn again: see DeadIds.tla.
DEAD = {name: SMALL[name] | {"MaxId": 3} for name in ["login", "values", "manager", "devices"]}


def of_theorems(semantics):
    """The worlds in which theorems are checked."""
    return SMALL | WIDE | (CROWDED if semantics != "live" else {})


def of_size(size):
    """The worlds of a size, `small` or `large`: semantics, name and constants of each."""
    if size == "large":
        return [(semantics, size, LARGE[semantics]) for semantics in SEMANTICS]
    return [(semantics, name, small) for semantics in SEMANTICS for name, small in SMALL.items()]


def config(semantics, constants, *lines, specification="Spec"):
    """The text of a .cfg file."""
    values = {"Semantics": semantics, "None": Name("None"), "Same": Name("Same"), **constants}
    text = ["CONSTANTS"]
    text += [f"  {name} = {tla(value)}" for name, value in values.items()]
    return "\n".join([*text, f"SPECIFICATION {specification}", *lines, ""])


class Name(str):
    """A model value: a name that stands for nothing but itself."""


def tla(value):
    """A value as TLA+ writes it; a list is a set of model values."""
    match value:
        case Name():
            return value
        case str():
            return f'"{value}"'
        case int():
            return str(value)
        case list():
            return "{" + ", ".join(value) + "}"
        case set():
            return "{" + ", ".join(sorted(map(tla, value))) + "}"
