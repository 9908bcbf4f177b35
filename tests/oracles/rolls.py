"""DO NOT EDIT: which contract is held in each session, in plain Python.

``volumes`` holds, for each contract in order of expiry, a dict of session number to
traded volume; a session without a row of a contract is not in its dict. Sessions are
numbered one after the other. The answer is a list of (session, contract) at which the
holding changes, the contract being the one held from that session on.
"""


def rolls_by_volume(volumes, sessions):
    held, changes = 0, []
    for session in range(sessions - 1):
        later = [
            number
            for number in range(held + 1, len(volumes))
            if max(volumes[number], default=-1) > session
        ]
        if not later:
            break
        best = later[0]
        for number in later[1:]:
            if volumes[number].get(session, 0) > volumes[best].get(session, 0):
                best = number
        began = bool(volumes[held]) and any(
            volumes[held][s] > 0 for s in volumes[held] if s <= session
        )
        ended = began and max(volumes[held]) <= session
        more = volumes[best].get(session, 0) > volumes[held].get(session, 0)
        if ended or more:
            held = best
            changes.append((session + 1, best))
    return changes


def rolls_by_expiry(expiries, days_of_sessions, days):
    """``expiries`` and ``days_of_sessions`` are days since 1970, in order."""
    changes = []
    for number, expiry in enumerate(expiries[:-1]):
        for session, day in enumerate(days_of_sessions):
            if day >= expiry - days:
                changes.append((session, number + 1))
                break
    return changes
