"""DO NOT EDIT. Slow reference for appending: rows are dicts, series are lists of them."""


def _same(one, other):
    if one.keys() != other.keys():
        return False
    return all(a == b or (a != a and b != b) for a, b in zip(one.values(), other.values(), strict=True))  # fmt: skip


def append(old, new, keep=None):
    """The series afterwards (None: refused), and how many rows are equal, and differ."""
    before = {(row["time"], row["seq"]): row for row in old}
    after = {(row["time"], row["seq"]): row for row in new}
    first, last = new[0]["time"], min(old[-1]["time"], new[-1]["time"])
    inside = {key for key in {*before, *after} if first <= key[0] <= last}
    equal = {
        key
        for key in inside
        if key in before and key in after and _same(before[key], after[key])
    }
    differ = len(inside) - len(equal)
    result = {key: row for key, row in before.items() if key not in inside}
    result |= {key: row for key, row in after.items() if key[0] > old[-1]["time"]}
    chosen = after if keep == "new" else before
    result |= {key: chosen[key] for key in inside if key in chosen}
    if differ and keep is None:
        return None, len(equal), differ
    return [result[key] for key in sorted(result)], len(equal), differ
