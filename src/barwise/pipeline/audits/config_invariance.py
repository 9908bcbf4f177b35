"""The invariance audit of everything that a config stands for."""

from __future__ import annotations

from barwise.bars.roll_adjust import RollAdjustment
from barwise.features import FeatureGraph
from barwise.pipeline.audits.invariance import (
    InvarianceAudit,
    Progress,
    audit_invariance,
)
from barwise.pipeline.audits.perturbations import Market
from barwise.pipeline.audits.saved_signals import SavedSignals
from barwise.pipeline.choices import check_choices, store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.features import graph_of, parameters_of
from barwise.pipeline.inputs import prepare_inputs
from barwise.pipeline.lock import locked
from barwise.pipeline.side import side_inputs
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore
from barwise.training.run_folder import Run


def audit_config(
    config: RunConfig, *, run: Run | None = None, progress: Progress | None = None
) -> InvarianceAudit:
    """Perturb the bars of a config and compare its features, and a run's signals.

    Parameters
    ----------
    config : RunConfig
    run : Run, optional
        A finished run on the config's columns, whose signals are compared too.
    progress : callable, optional
        As in :func:`barwise.pipeline.audits.invariance.audit_invariance`.

    Raises
    ------
    ConfigError
        If a setting cannot work, or the run has other columns.
    DataError
        If the data break a rule.
    """
    check_choices(config)
    folder = store_folder(config)
    with locked(folder):
        steps = Steps(ObjectStore(folder))
        tell = progress or (lambda _done, _total, _text: None)
        inputs = prepare_inputs(config, steps, lambda text: tell(0, 1, text))
        stored = steps.store.get(inputs.addresses["features"])
    parameters, columns = parameters_of(stored), inputs.columns

    def make(method: RollAdjustment) -> FeatureGraph:
        data = config.data.model_copy(update={"roll_adjustment": method})
        graph = graph_of(config.replace(data=data), columns)
        return graph.with_parameters(parameters)

    settled = {
        name: FeatureGraph(
            [name],
            calendar=inputs.instrument.calendar,
            interval=inputs.bars.interval,
            own=columns.own or (),
        ).settled
        for name in columns.names
    }
    beside = side_inputs(config, columns, inputs.raw_interval).read()
    return audit_invariance(
        Market.of(config, inputs.bars, beside),
        make,
        settled=settled,
        signals=None if run is None else SavedSignals(run, inputs),
        progress=progress,
    )
