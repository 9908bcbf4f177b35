"""The data set of one symbol and one horizon: parts, targets, and a sealed test."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_json
from barwise.core.moments import nanoseconds
from barwise.core.samples import Run, Samples, Windows
from barwise.datasets.assembly import DatasetSettings, Dropped, assign_rows
from barwise.datasets.chronological import PARTS, Part, Split
from barwise.datasets.describe import PartSummary, as_html, as_text, summarise
from barwise.datasets.frame import Frame
from barwise.datasets.learner import ColumnLearner
from barwise.datasets.preparation import Preparation
from barwise.datasets.sealed import Opening, SealedError, TestSeal
from barwise.datasets.targets import LabelArrays, Targets
from barwise.datasets.weights import training_weights

Triple = tuple[np.ndarray, np.ndarray, np.ndarray]


@final
class TimeSeriesDataContainer:
    """One feature matrix, the labels of one horizon, and chronological parts.

    Made by :meth:`build` or ``load_container``. Samples are rows with a label and all
    features. ``X_*`` are scaled by what was learned on the training part; the matrix
    itself stays raw, so that every fold can learn on its own (``fold_data``).
    Arrays are gathered anew at each access, so keep them in a variable.

    Attributes
    ----------
    frame : Frame
        Features and targets of every row, the sealed ones too: for storage and audits.
    split : Split
        Matrix rows of each part, boundaries, and what purging removed.
    preparation : Preparation
        Fitted on the training part.
    dropped : dict
        Rows that are no samples, by reason.
    horizon : int
        Bars until a label ends at the latest.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> rng = np.random.default_rng(0)
    >>> rows = np.arange(1000)
    >>> labels = SimpleNamespace(
    ...     label=rng.integers(-1, 2, 1000),
    ...     end_time=(rows + 5) * 60,
    ...     end_index=np.minimum(rows + 5, 999),
    ...     ret=rng.normal(size=1000),
    ...     valid=rows < 995,
    ...     weight=np.ones(1000),
    ... )
    >>> data = TimeSeriesDataContainer.build(
    ...     rng.normal(size=(1000, 4)).astype(np.float32),
    ...     ("a", "b", "c", "d"),
    ...     rows * 60,
    ...     labels,
    ...     horizon=5,
    ...     symbol="MES",
    ... )
    >>> data.X_train.shape, data.y_val.shape
    ((681, 4), (134,))
    >>> windows, y, w = data.get_pytorch_sequences("train", 60)
    >>> windows.shape, windows[:256].shape, y.shape
    ((622, 60, 4), (256, 60, 4), (622,))
    """

    def __init__(
        self,
        frame: Frame,
        split: Split,
        preparation: Preparation,
        settings: DatasetSettings,
        *,
        horizon: int,
        symbol: str,
        dropped: dict[Dropped, int],
        seal: TestSeal | None = None,
    ) -> None:
        self.split = split
        self.preparation = preparation
        self.settings = settings
        self.horizon = horizon
        self.symbol = symbol
        self.dropped = dropped
        self.frame = frame
        self._seal = seal
        self._opened = False

    @classmethod
    def build(
        cls,
        matrix: np.ndarray,
        names: Sequence[str],
        times: Any,
        labels: LabelArrays,
        *,
        horizon: int,
        max_horizon: int | None = None,
        longest: LabelArrays | None = None,
        segments: np.ndarray | None = None,
        sample_mask: np.ndarray | None = None,
        uniqueness: np.ndarray | None = None,
        settings: DatasetSettings | None = None,
        symbol: str = "",
        seal: TestSeal | None = None,
    ) -> TimeSeriesDataContainer:
        """Choose samples, cut them into parts, and fit the preparation on train.

        Parameters
        ----------
        matrix, names, times, segments
            As in :class:`Frame`; ``times`` may be datetimes of any unit and zone, and
            ``segments`` is one segment by default. Rows with a value that is not finite
            are no samples, and no window holds them.
        labels : LabelArrays
            Labels of this horizon, one for each row.
        horizon : int
            Bars until a label ends at the latest.
        max_horizon : int, optional
            The largest horizon in the run; by default this one.
        longest : LabelArrays, optional
            Labels of the largest horizon, which decide the boundaries of them all.
        sample_mask : ndarray of bool, shape (n_rows,), optional
            Rows that may be samples: in session, not filled, an event.
        uniqueness : ndarray of float64, shape (n_rows,), optional
            Average uniqueness of each label, the second factor of the weights.
        settings : DatasetSettings, optional
            Split, preparation, classes, column roles.
        symbol : str
            What is traded.
        seal : TestSeal, optional
            Without one the test part cannot be opened.

        Raises
        ------
        ConfigError
            If shapes do not agree, or a part is left empty.
        DataError
            If times decrease or a label breaks a rule; the row is named.
        """
        settings = settings or DatasetSettings()
        rows, times = len(matrix), nanoseconds(times, "times")
        targets = Targets.of(labels, times, settings.classes)
        frame = Frame(
            matrix,
            tuple(names),
            times,
            np.zeros(rows, dtype=np.int64) if segments is None else segments,
            targets,
            np.ones(rows) if uniqueness is None else uniqueness,
            settings.roles(tuple(names)),
        )
        split, dropped = assign_rows(
            frame,
            np.ones(rows, dtype=bool) if sample_mask is None else sample_mask,
            Targets.of(longest or labels, times, settings.classes),
            settings.split,
            horizons=(horizon, max_horizon or horizon),
        )
        preparation = Preparation(settings.preparation)
        preparation.fit(frame.samples(split.train))
        return cls(
            frame,
            split,
            preparation,
            settings,
            horizon=horizon,
            symbol=symbol,
            dropped=dropped,
            seal=seal,
        )

    def with_learner(self, learner: ColumnLearner) -> TimeSeriesDataContainer:
        """Return the same data set, able to learn its columns anew for a fold."""
        made = copy(self)
        made.frame = self.frame.with_learner(learner)
        return made

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Columns of ``X_*``: those that the preparation keeps."""
        return self.preparation.columns

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes in the order of probability columns."""
        return self.settings.classes

    @property
    def is_scaled(self) -> bool:
        """Whether columns were brought to one scale."""
        return self.settings.preparation.scaler != "none"

    @property
    def is_open(self) -> bool:
        """Whether the test part was opened here."""
        return self._opened

    @property
    def X_train(self) -> np.ndarray:  # noqa: N802 - the field's own name
        """Float32 (n_train, n_features)."""
        return self.samples("train").rows

    @property
    def y_train(self) -> np.ndarray:
        """Int8 (n_train,)."""
        return self.labels("train")

    @property
    def X_val(self) -> np.ndarray:  # noqa: N802 - the field's own name
        """Float32 (n_val, n_features)."""
        return self.samples("val").rows

    @property
    def y_val(self) -> np.ndarray:
        """Int8 (n_val,)."""
        return self.labels("val")

    @property
    def X_test(self) -> np.ndarray:  # noqa: N802 - the field's own name
        """Float32 (n_test, n_features); sealed until :meth:`open_test`."""
        return self.samples("test").rows

    @property
    def y_test(self) -> np.ndarray:
        """Int8 (n_test,); sealed until :meth:`open_test`."""
        return self.labels("test")

    @property
    def sample_weights(self) -> np.ndarray:
        """Float64 (n_train,): label weight x uniqueness x decay, mean 1; train only."""
        rows = self.rows("train")
        weight, unique = self.frame.targets.weight[rows], self.frame.uniqueness[rows]
        return training_weights(weight, unique, self.settings.time_decay)

    @property
    def label_end_times(self) -> np.ndarray:
        """Int64 (n_train,): when each training label is known, nanoseconds UTC."""
        return self.samples("train").label_end_times

    def rows(self, part: Part) -> np.ndarray:
        """Return the matrix rows (bar numbers) of a part's samples, int64.

        Raises
        ------
        SealedError
            If it is the test part and nobody has opened it.
        """
        if part not in PARTS:
            raise ConfigError(f"no part {part!r}; there are {', '.join(PARTS)}")
        if part == "test" and not self._opened:
            raise SealedError(
                f"the test part of {self.symbol or 'this data set'}, horizon "
                f"{self.horizon}, is sealed; once every choice is made, open it with "
                "open_test(reason='...'), which is recorded"
            )
        return self.split.part(part)

    def samples(self, part: Part) -> Samples:
        """Return a part's samples, prepared; their matrix ends at its last row."""
        return self.preparation.apply(self.frame.samples(self.rows(part)))

    def labels(self, part: Part) -> np.ndarray:
        """Return a part's classes, int8."""
        return self.frame.targets.label[self.rows(part)]

    def returns(self, part: Part) -> np.ndarray:
        """Return the log return of each labelled trade of a part, float64."""
        return self.frame.targets.ret[self.rows(part)]

    def times(self, part: Part) -> np.ndarray:
        """Return the times of a part's samples, int64 nanoseconds UTC."""
        return self.frame.times[self.rows(part)]

    def weights(self, part: Part) -> np.ndarray:
        """Return ``sample_weights`` for train, else ones: weights know the outcome."""
        rows = self.rows(part)
        return self.sample_weights if part == "train" else np.ones(len(rows))

    def get_sklearn_arrays(self, part: Part) -> Triple:
        """Return ``X, y, w`` of a part: (n, n_features), (n,), (n,)."""
        return self.samples(part).rows, self.labels(part), self.weights(part)

    def get_pytorch_sequences(
        self, part: Part, seq_len: int, *, pad: bool = False
    ) -> tuple[Windows, np.ndarray, np.ndarray]:
        """Return lazy windows (n, seq_len, n_features) with classes and weights.

        Parameters
        ----------
        part : {"train", "val", "test"}
            A window may reach back into the part before: past inputs do not leak.
        seq_len : int
            Rows in a window; a batch is ``windows[indices]``, float32.
        pad : bool
            Keep samples with a shorter past; see ``Windows.mask``. Otherwise they
            are left out, of ``y`` and ``w`` as well.

        Raises
        ------
        ConfigError
            If no sample has that many complete rows before it.
        """
        samples, y, w = self.samples(part), self.labels(part), self.weights(part)
        if not pad:
            full = samples.windowable(seq_len)
            if not full.any():
                raise ConfigError(
                    f"no sample of the {part} part has {seq_len} complete rows in its "
                    f"segment, the most is {samples.reached.max()}; use a shorter "
                    "sequence length, or pad=True"
                )
            samples, y, w = samples.take(full), y[full], w[full]
        return samples.windows(seq_len, pad=pad), y, w

    def segments(self, part: Part, *, context: int = 0) -> list[Run]:
        """Return the contiguous runs of a part for dense training.

        ``run.positions`` index the part's samples, labels and weights; up to
        ``context`` rows before a run's first sample carry no label.
        """
        return self.samples(part).runs(context)

    def open_test(
        self, *, reason: str, configuration: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Open the test part, which is written down first, and return X and y.

        Parameters
        ----------
        reason : str
            Why, for those who read the report.
        configuration : str, optional
            Hash of the run's configuration; by default of this data set's. The same
            reason and configuration are recorded once.

        Raises
        ------
        SealedError
            If there is no place to record the opening.
        """
        if self._seal is None:
            raise SealedError(
                "the test part cannot be opened without a record of it; build or load "
                "the data set with seal=TestSeal(path)"
            )
        start, end = self.test_span
        config = self.configuration if configuration is None else configuration
        market = self._seal.market_of(self.symbol)
        self._seal.record(Opening(market, start, end, reason, config))
        self._opened = True
        return self.X_test, self.y_test

    @property
    def test_span(self) -> tuple[int, int]:
        """First time and last label end of the test part, nanoseconds UTC."""
        ends = self.frame.targets.end_time[self.split.test]
        return self.split.boundaries[1], int(ends.max())

    @property
    def times_opened(self) -> int:
        """How often test data of this market and time were opened, by anyone."""
        if self._seal is None:
            return 0
        return self._seal.count(self._seal.market_of(self.symbol), *self.test_span)

    @property
    def configuration(self) -> str:
        """SHA-256 of settings, features, symbol and horizon."""
        settings = self.settings.model_dump(mode="json")
        return hash_json([settings, self.feature_names, self.symbol, self.horizon])

    def summary(self) -> list[PartSummary]:
        """Return rows, dates and class balance of each part."""
        sealed = not self._opened
        return summarise(self.frame, self.split, self.classes, sealed=sealed)

    def __repr__(self) -> str:
        return as_text(self._title(), self.summary())

    def _repr_html_(self) -> str:
        return as_html(self._title(), self.summary())

    def _title(self) -> str:
        return (
            f"TimeSeriesDataContainer({self.symbol or 'no symbol'}, horizon "
            f"{self.horizon}, {len(self.feature_names)} features, scaler "
            f"{self.settings.preparation.scaler})"
        )
