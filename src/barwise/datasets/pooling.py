"""Samples of several symbols as one set, for a model of them all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from barwise.core.errors import ConfigError
from barwise.core.samples import Samples


def pool_samples(symbols: Mapping[str, Samples]) -> Samples:
    """Put the samples of several symbols behind one another.

    No window reaches from one symbol into another. Times begin anew with each symbol, so
    fold them with a splitter that goes by time and label end (``PurgedKFold``): a label of
    one symbol then purges those of all others that share a moment with it, as they move
    together.

    Parameters
    ----------
    symbols : mapping of str to Samples
        Of each symbol the raw samples (``scaler=None``) with the same columns, in the same
        order. Their matrices are copied, once.

    Returns
    -------
    Samples
        Raw: what is learned, such as a scaler, is fitted on a fold's rows of all symbols.

    Raises
    ------
    ConfigError
        If there is no symbol, columns differ, or samples are scaled or pruned.

    Examples
    --------
    >>> one = np.arange(3, dtype=np.float32)[:, None]
    >>> t = np.arange(3)
    >>> each = Samples(one, t, t, t + 1, np.zeros(3, int), ("x",))
    >>> pooled = pool_samples({"ES": each, "NQ": each})
    >>> pooled.windowable(2)
    array([False,  True,  True, False,  True,  True])
    """
    if not symbols:
        raise ConfigError(
            "there is no symbol to pool; give the samples of at least one"
        )
    _check(symbols)
    parts = list(symbols.values())
    first = np.cumsum([0, *(len(part.matrix) for part in parts)])
    # Numbered anew: a change of value is what windows must not cross.
    runs = [np.cumsum(np.diff(p.segments, prepend=p.segments[:1]) != 0) for p in parts]
    taken = np.cumsum([0, *(1 + int(run.max(initial=0)) for run in runs)])
    return Samples(
        np.concatenate([part.matrix for part in parts]),
        np.concatenate([p.index + at for p, at in zip(parts, first, strict=False)]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.label_end_times for part in parts]),
        np.concatenate([run + at for run, at in zip(runs, taken, strict=False)]),
        parts[0].names,
        roles=parts[0].roles,
    )


def _check(symbols: Mapping[str, Samples]) -> None:
    (name, model), *others = symbols.items()
    for symbol, samples in symbols.items():
        if samples.scaler is not None or samples.kept is not None:
            raise ConfigError(
                f"{symbol}: samples that are scaled or pruned cannot be pooled, their "
                "figures are another symbol's; take raw ones: "
                "samples.scaled_by(None).keeping(None)"
            )
    for symbol, samples in others:
        if (samples.names, samples.roles) != (model.names, model.roles):
            odd = sorted({*samples.names} ^ {*model.names})
            raise ConfigError(
                f"{symbol} has other columns than {name}, or in another order"
                f"{': ' + ', '.join(odd[:5]) if odd else ''}; pool symbols of one "
                "feature set"
            )
