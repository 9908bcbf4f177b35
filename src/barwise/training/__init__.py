"""Training: fit, score beside baselines, keep the run."""

from barwise.training.aligned import AlignedPredictions, align_out_of_fold
from barwise.training.aligned_file import load_out_of_fold, write_out_of_fold
from barwise.training.config import TrainerConfig
from barwise.training.evaluation import (
    BASELINES,
    Asked,
    Evaluation,
    Examiner,
    blind_guesses,
)
from barwise.training.fold_plan import FoldPlan, plan_folds
from barwise.training.out_of_fold import FoldPrediction, OutOfFold, out_of_fold
from barwise.training.outcome import Outcome
from barwise.training.primary import FoldedPrimary
from barwise.training.run_files import write_run
from barwise.training.run_folder import Run, list_runs, new_run, read_run
from barwise.training.trainer import Trainer

__all__ = [
    "BASELINES",
    "AlignedPredictions",
    "Asked",
    "Evaluation",
    "Examiner",
    "FoldPlan",
    "FoldPrediction",
    "FoldedPrimary",
    "OutOfFold",
    "Outcome",
    "Run",
    "Trainer",
    "TrainerConfig",
    "align_out_of_fold",
    "blind_guesses",
    "list_runs",
    "load_out_of_fold",
    "new_run",
    "out_of_fold",
    "plan_folds",
    "read_run",
    "write_out_of_fold",
    "write_run",
]
