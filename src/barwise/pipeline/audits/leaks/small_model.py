"""The model of the audit: a logistic regression, the same for every data set."""

from __future__ import annotations

import numpy as np

from barwise.datasets import TimeSeriesDataContainer
from barwise.datasets.fold_data import fold_data
from barwise.training import TrainerConfig
from barwise.training.out_of_fold import predict_fold

NAME = "logistic"


def small_model(
    data: TimeSeriesDataContainer, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Prepare, fit and answer as a fold does.

    Parameters
    ----------
    data : TimeSeriesDataContainer
    train, test : ndarray of int64
        Matrix rows, ascending.

    Returns
    -------
    ndarray of float64, shape (n_test, n_classes)

    Examples
    --------
    >>> from barwise.testing.toy_data import toy_container
    >>> small_model(toy_container(), np.arange(1000), np.arange(1100, 1200)).shape
    (100, 3)
    """
    config = TrainerConfig(model_name=NAME, horizon=data.horizon)
    return predict_fold(config, fold_data(data, train, test)).probabilities
