"""How much each column matters, measured on the folds of one data set."""

from barwise.training.importance.clusters import correlated_clusters
from barwise.training.importance.contributions import mean_contributions
from barwise.training.importance.impurity import impurity_importance
from barwise.training.importance.permutation import permutation_importance
from barwise.training.importance.ranking import Ranking, rank_columns
from barwise.training.importance.single import single_importance
from barwise.training.importance.study import ImportanceStudy

__all__ = [
    "ImportanceStudy",
    "Ranking",
    "correlated_clusters",
    "impurity_importance",
    "mean_contributions",
    "permutation_importance",
    "rank_columns",
    "single_importance",
]
