"""The pipeline: a config becomes stored steps, run folders and a report."""

from barwise.pipeline.config import RunConfig
from barwise.pipeline.dataset import build_dataset
from barwise.pipeline.journey import RunSummary, run

__all__ = ["RunConfig", "RunSummary", "build_dataset", "run"]
