"""Bins and value area of a volume profile, slowly and exactly. DO NOT EDIT."""

from fractions import Fraction


def histogram(prices, volumes, bins):
    """Volume of equal bins from the lowest to the highest price, in exact arithmetic."""
    low, high = Fraction(min(prices)), Fraction(max(prices))
    weights = [0.0] * bins
    for price, volume in zip(prices, volumes, strict=True):
        reach = high - low if high > low else 1
        place = int((Fraction(price) - low) * bins / reach)
        weights[min(place, bins - 1)] += volume
    return weights


def value_area(weights, share):
    """Heaviest bin, and the ends of the area that grows from it to ``share``.

    Of equal bins the lower one is the heaviest, and the area grows downwards first.
    """
    total = sum(weights)
    heaviest = max(range(len(weights)), key=lambda k: (weights[k], -k))
    area = [heaviest]
    while sum(weights[k] for k in area) < share * total:
        around = [k for k in (area[0] - 1, area[-1] + 1) if 0 <= k < len(weights)]
        if not around:
            break
        best = max(around, key=lambda k: (weights[k], -k))
        area = sorted([*area, best])
    return heaviest, area[0], area[-1]
