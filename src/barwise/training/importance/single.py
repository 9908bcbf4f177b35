"""Single feature importance: what a model of one column alone can tell."""

from __future__ import annotations

import numpy as np

from barwise.datasets.fold_data import FoldData, only_columns
from barwise.training.config import TrainerConfig
from barwise.training.fitting import fit_model
from barwise.training.importance.held_out import HeldOut


def single_importance(
    config: TrainerConfig, fold: FoldData, held_out: HeldOut
) -> np.ndarray:
    """Return by how much a model of each column alone beats the class frequencies.

    A column cannot be masked or replaced by another here; nor can it show what it tells
    only together with another.

    Parameters
    ----------
    config : TrainerConfig
        The model that is fitted on each column.
    fold : FoldData
    held_out : HeldOut
        The fold's test rows.

    Returns
    -------
    ndarray of float64, shape (n_columns,)
        Log loss of the class frequencies of the training rows less that of the model,
        nats, on the held-out rows; 0 or less tells nothing.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, snippet 8.4.
    """
    prior = held_out.prior_loss(fold.container)
    losses = [
        held_out.loss(
            fit_model(
                config, only_columns(fold.container, (name,))
            ).output.class_probabilities
        )
        for name in fold.container.feature_names
    ]
    return prior - np.array(losses)
