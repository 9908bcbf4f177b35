"""Training: fit, score beside baselines, keep the run."""

from barwise.training.config import TrainerConfig
from barwise.training.evaluation import BASELINES, Evaluation, Examiner
from barwise.training.outcome import Outcome
from barwise.training.run_files import write_run
from barwise.training.run_folder import Run, list_runs, new_run, read_run
from barwise.training.trainer import Trainer

__all__ = [
    "BASELINES",
    "Evaluation",
    "Examiner",
    "Outcome",
    "Run",
    "Trainer",
    "TrainerConfig",
    "list_runs",
    "new_run",
    "read_run",
    "write_run",
]
