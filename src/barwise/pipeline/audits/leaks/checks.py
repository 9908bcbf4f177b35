"""The checks of a leak audit, in the order in which data travel."""

from __future__ import annotations

from collections.abc import Callable

from barwise.pipeline.audits.leaks import (
    chosen_samples,
    foresight,
    future,
    held_out,
    label_spans,
    later_figures,
    parts,
    source,
    spans,
)
from barwise.pipeline.audits.leaks.setup import Setup
from barwise.pipeline.audits.leaks.verdict import Check, LeakAudit

CHECKS = (
    Check("stamps", "do sessions and clock changes fit the stamps of the source", source.stamps),
    Check("filling", "are gaps filled from the past", source.filling, source.interpolated),
    Check("copies", "does a stretch of bars come twice", source.repeated_bars, source.copied_bars),
    Check("columns", "does a column's past change with its future", future.columns, future.peeking_column),
    Check("labels", "does a label that is over change with later bars", future.labels, future.labels_of_the_file),
    Check("label ends", "does a label know more than its end says", label_spans.label_ends, label_spans.ends_too_early),
    Check("near label", "can the label be read off a column", foresight.near_label, foresight.return_as_column),
    Check("forward moves", "does a column go with moves to come", foresight.forward_moves, foresight.next_close_as_column),
    Check("later figures", "does a column hold figures of later bars, be it in few rows", later_figures.later_figures, later_figures.some_rows_of_the_future),
    Check("samples", "does the outcome decide which rows are samples", chosen_samples.chosen_by_outcome, chosen_samples.winners_only),
    Check("learned columns", "does what columns learned hang on other rows", spans.learned_by_the_fold, spans.deaf_learner),
    Check("learned future", "does what columns learned change with later bars", future.learned),
    Check("file figures", "does a column stand on a figure of the whole file", spans.figures_of_the_file, spans.scaled_by_all),
    Check("preparation", "are selection and scaler those of the training rows", spans.preparation_of_train, spans.fitted_on_all),
    Check("parts", "does a label end in a later part", parts.overlapping_parts, parts.one_row_too_many),
    Check("folds", "do labels of a fold share time", parts.unpurged_folds, parts.neighbouring_folds),
    Check("repeated rows", "is a training row in a later part again", parts.repeated_rows, parts.copied_rows),
    Check("choices", "was something decided by the rows that are scored", source.choices, source.stopping_on_validation),
    Check("held-out labels", "do held-out labels move a prediction", held_out.held_out_labels, held_out.calibrated_on_test),
    Check("later rows", "do later held-out rows move a prediction", held_out.later_features, held_out.scaled_on_test),
    Check("shuffled labels", "are labels that were dealt out anew predicted", held_out.shuffled_labels, held_out.labels_as_column),
)  # fmt: skip
"""Names of checks are part of what ``--json`` says and do not change."""


def audit_leaks(
    setup: Setup,
    *,
    name: str = "",
    awake: bool = True,
    progress: Callable[[int, int, str], None] | None = None,
) -> LeakAudit:
    """Ask everything that can be asked of a data set.

    Each check that finds nothing is asked again after a leak of its kind was planted in
    these very data: if it does not find that one, it counts for nothing here.

    Parameters
    ----------
    setup : Setup
        A data set, and as much as is known of how it was made. What is not known is not
        checked, and the audit says so. The test part is read by its times and features
        alone.
    name : str
        For the reader.
    awake : bool
        Whether to plant; without it the audit takes half the time.
    progress : callable, optional
        Told how many checks of how many are done, and the next one.

    Examples
    --------
    >>> from barwise.testing.toy_data import toy_container
    >>> audit = audit_leaks(Setup(toy_container()))
    >>> audit.of("folds").verdict, audit.of("folds").canary, audit.of("columns").verdict
    ('clean', True, 'not checked')

    The toy's first column is what its labels were made of, with noise:

    >>> audit.leaks, audit.of("near label").verdict
    (True, 'leaks')
    """
    answers = []
    for done, check in enumerate(CHECKS):
        if progress is not None:
            progress(done, len(CHECKS), check.name)
        answers.append(check.answer(setup, awake=awake))
    data = setup.data
    return LeakAudit(
        name or data.symbol or "data set",
        tuple(answers),
        len(data.frame.times),
        len(data.split.train) + len(data.split.val),
        simulated=setup.bars is not None and setup.bars.simulated,
    )
