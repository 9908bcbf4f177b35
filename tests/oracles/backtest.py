"""DO NOT EDIT: the execution contract bar by bar, in plain Python.

A state machine that sees one bar after another and knows nothing of the compiled
kernel: no precomputed levels, no jumps from entry to exit, levels in whole ticks.
"""

import math


def run(rows, signals, width, rule, costs, quantity):
    """Trade ``signals`` over ``rows``; return trades and the account at each close.

    ``rows`` are dicts of open, high, low, close, session, contract, filled. ``rule`` is
    a dict of horizon, upper, lower, tick, entry, session_end, sides, touch,
    trade_through. ``costs`` is (currency of a buy, of a sale, multiplier).
    """
    buy, sell, multiplier = costs
    trades, account = [], []
    cash, position, order = 0.0, None, None
    for i, bar in enumerate(rows):
        if order is not None:
            position = enter(order, bar["open"], i, rule)
            cash -= (buy if position["side"] > 0 else sell) * quantity
            order = None
        if position is not None and i > position["decided"]:
            done = leave(position, bar, i, rows, rule)
            if done is not None:
                price, reason, tied = done
                gross = position["side"] * (price - position["price"])
                gross = gross * multiplier * quantity
                cash += gross - (sell if position["side"] > 0 else buy) * quantity
                trades.append(
                    {
                        "decided": position["decided"],
                        "entry_row": position["row"],
                        "exit_row": i,
                        "side": position["side"],
                        "entry": position["price"],
                        "exit": price,
                        "gross": gross,
                        "cost": (buy + sell) * quantity,
                        "reason": reason,
                        "tied": tied,
                    }
                )
                position = None
        if position is None and may_trade(i, rows, signals, width, rule):
            order = {"side": int(signals[i]), "width": width[i], "decided": i}
            if rule["entry"] == "close":
                position = enter(order, bar["close"], i, rule)
                cash -= (buy if position["side"] > 0 else sell) * quantity
                order = None
        open_result = 0.0
        if position is not None:
            move = position["side"] * (bar["close"] - position["price"])
            open_result = move * multiplier * quantity
        account.append(cash + open_result)
    return trades, account


def may_trade(i, rows, signals, width, rule):
    if math.isnan(signals[i]) or signals[i] == 0 or rows[i]["filled"]:
        return False
    if not 0 < width[i] < math.inf:
        return False
    if rule["session_end"] == "flat" and rows[i]["session"] < 0:
        return False
    return cut(i, rows, rule) is None


def cut(i, rows, rule):
    """Why no trade goes on to the next row, or None if it does."""
    if i + 1 == len(rows):
        return "data"
    if rows[i]["contract"] != rows[i + 1]["contract"]:
        return "roll"
    changes = rows[i]["session"] != rows[i + 1]["session"]
    return "session" if changes and rule["session_end"] == "flat" else None


def enter(order, price, i, rule):
    side, width = order["side"], order["width"]
    target, stop = rule["upper"], rule["lower"]
    if side < 0 and rule["sides"] == "long":
        target, stop = stop, target
    return {
        "side": side,
        "price": price,
        "row": i,
        "decided": order["decided"],
        "target": level(price, side * target * width, rule["tick"]),
        "stop": level(price, -side * stop * width, rule["tick"]),
    }


def level(price, distance, tick):
    """The first tick at or beyond ``price + distance``, seen from ``price``."""
    if tick == 0:
        return price + distance
    direction = 1 if distance > 0 else -1
    # Whole ticks from the entry: entries lie on ticks here.
    steps = max(1, math.ceil(abs(distance) / tick - 1e-6))
    return (round(price / tick) + direction * steps) * tick


def leave(position, bar, i, rows, rule):
    side, target, stop = position["side"], position["target"], position["stop"]
    first, high, low = bar["open"], bar["high"], bar["low"]
    if rule["touch"] == "close":
        first = high = low = bar["close"]
    wanted = target + side * rule["tick"] if rule["trade_through"] else target

    def wins(price):
        return price >= wanted if side > 0 else price <= wanted

    def loses(price):
        return price <= stop if side > 0 else price >= stop

    best, worst = (high, low) if side > 0 else (low, high)
    if loses(first) or wins(first):
        return first, "stop" if loses(first) else "target", False
    if loses(worst) or wins(best):
        return (stop, "stop", wins(best)) if loses(worst) else (target, "target", False)
    if i == position["decided"] + rule["horizon"]:
        return bar["close"], "time", False
    why = cut(i, rows, rule)
    return None if why is None else (bar["close"], why, False)
