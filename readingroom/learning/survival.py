"""Time to an event with censoring: Kaplan-Meier, Cox regression, concordance. Cox and Kaplan-Meier are lifelines'."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.value import Value
from readingroom.errors import BadRequest, NotServed
from readingroom.learning.rates import ENDS, NORMAL_975, draws

Numbers = NDArray[np.float64]
Truth = NDArray[np.bool_]

FEWEST_EVENTS = 10
"""Events without which no model is fitted."""


class Outcomes(NamedTuple):
    """How long each patient was watched, and whether it ended in the event."""

    times: Numbers
    """Above 0, in one unit."""
    events: Truth

    def drawn(self, rows: NDArray[np.integer]) -> Outcomes:
        """Some patients."""
        return Outcomes(self.times[rows], self.events[rows])


def outcomes(times: NDArray[np.floating], events: NDArray[np.bool_]) -> Outcomes:
    """Raises BadRequest for times that are not above 0, or of another number than the events."""
    told, ended = np.asarray(times, np.float64), np.asarray(events, np.bool_)
    if told.shape != ended.shape or told.ndim != 1 or not len(told):
        raise BadRequest(f"{told.size} times came with {ended.size} events")
    if not (np.isfinite(told).all() and (told > 0).all()):
        raise BadRequest("a time is not above 0", do="Leave out patients who were not watched at all.")
    return Outcomes(told, ended)


class Curve(Value):
    """A Kaplan-Meier curve at its steps; the first is time 0."""

    name: str = ""
    n: int
    events: int
    times: tuple[float, ...]
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    """Greenwood's variance on the log-log scale, 95 %."""
    at_risk: tuple[int, ...]
    """Patients watched until each time, before what happened then."""
    median: float | None
    """First time at which survival is a half or less; None where it is not reached."""

    def at_risk_at(self, time: float) -> int:
        """Patients still watched at a time."""
        later = [count for at, count in zip(self.times, self.at_risk, strict=True) if at >= time]
        return later[0] if later else 0


def kaplan_meier(told: Outcomes, name: str = "") -> Curve:
    """Product-limit estimate (Kaplan and Meier 1958). Raises NotServed without lifelines."""
    fitter = _lifelines().KaplanMeierFitter()
    fitter.fit(told.times, told.events)
    table, interval = fitter.event_table, fitter.confidence_interval_
    survival = fitter.survival_function_.iloc[:, 0].to_numpy()
    half = [float(at) for at, one in zip(table.index, survival, strict=True) if one <= 0.5]
    return Curve(
        name=name, n=len(told.times), events=int(told.events.sum()), times=tuple(map(float, table.index)),
        survival=tuple(survival.tolist()), low=tuple(interval.iloc[:, 0].fillna(0.0).tolist()),
        high=tuple(interval.iloc[:, 1].fillna(1.0).tolist()), at_risk=tuple(map(int, table["at_risk"])),
        median=half[0] if half else None,
    )  # fmt: skip


class Cox(NamedTuple):
    """A fitted model of hazards that are proportional."""

    coefficients: Numbers
    """Log hazard ratio for one unit of each covariate."""
    errors: Numbers
    """Standard errors; with a penalty they are too small."""

    def risk(self, covariates: Numbers) -> Numbers:
        """Linear predictor: larger is earlier."""
        return covariates @ self.coefficients

    @property
    def intervals(self) -> Numbers:
        """(covariates, 2), 95 %, by Wald."""
        half = NORMAL_975 * self.errors
        return np.stack([self.coefficients - half, self.coefficients + half], axis=1)


def fit_cox(covariates: Numbers, told: Outcomes, penalty: float = 0.0) -> Cox:
    """Partial likelihood over the risk sets, ties by Efron's method; a ridge penalty on standardised covariates.

    `penalty`: lifelines' `penalizer`, against the mean log likelihood. Raises BadRequest for fewer than
    `FEWEST_EVENTS` events or where it does not converge, NotServed without lifelines.
    """
    if told.events.sum() < FEWEST_EVENTS:
        raise BadRequest(f"{int(told.events.sum())} events are too few for a Cox model", do=f"Give {FEWEST_EVENTS}.")
    library = _lifelines()
    import pandas as pd  # noqa: PLC0415  # comes with lifelines

    names = [f"x{at}" for at in range(covariates.shape[1])]
    frame = pd.DataFrame(covariates, columns=names).assign(time=told.times, event=told.events.astype(int))
    fitter = library.CoxPHFitter(penalizer=penalty, l1_ratio=0.0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", library.exceptions.ConvergenceWarning)
            fitter.fit(frame, "time", "event")
    except (library.exceptions.ConvergenceError, library.exceptions.ConvergenceWarning) as error:
        raise BadRequest("the Cox model does not converge",
                         do="Take fewer components or a larger penalty.") from error  # fmt: skip
    return Cox(fitter.params_.to_numpy(np.float64), fitter.standard_errors_.to_numpy(np.float64))


class Pairs(NamedTuple):
    """Who is compared with whom: (N, N), row the one with the earlier event."""

    concordant: Numbers
    comparable: Numbers

    def value(self, weights: Numbers) -> float:
        """Share of the comparable pairs that are concordant, patients counted `weights` times. NaN without pairs."""
        pairs = float(weights @ self.comparable @ weights)
        return float(weights @ self.concordant @ weights) / pairs if pairs > 0 else float("nan")


def pairs_of(
    told: Outcomes, risks: Numbers, *, folds: NDArray[np.integer] | None = None, inverse: Numbers | None = None
) -> Pairs:
    """Pairs that can be compared: one had the event, and the other was still watched without one then.

    Of two with one time the event goes before the censoring; two events at one time are not compared. Equal risks
    count half. `folds`: pairs of one fold alone, for risks of models fitted apart are not on one scale. `inverse`: a
    weight for each earlier event (IPCW).
    """
    times, events = told
    first = events[:, None] & ((times[:, None] < times) | ((times[:, None] == times) & ~events))
    if folds is not None:
        first &= folds[:, None] == folds
    comparable = first * (np.ones(len(times)) if inverse is None else inverse)[:, None]
    score = (risks[:, None] > risks) + 0.5 * (risks[:, None] == risks)
    return Pairs(comparable * score, comparable)


def censoring_left(training: Outcomes, times: Numbers) -> Numbers:
    """G(t-): share not yet censored just before each time, by Kaplan-Meier of the censoring.

    Of what happens at one time events go first, so that they are no longer at risk of being censored.
    """
    at = np.unique(training.times)
    watched = (training.times[None, :] >= at[:, None]).sum(axis=1)
    ended = np.array([(training.events & (training.times == one)).sum() for one in at])
    censored = np.array([(~training.events & (training.times == one)).sum() for one in at])
    left = watched - ended
    kept = np.cumprod(1 - np.divide(censored, left, out=np.zeros(len(at)), where=left > 0))
    place = np.searchsorted(at, times, side="left")
    return np.concatenate([[1.0], kept])[place]


def ipcw(training: Outcomes, told: Outcomes, tau: float) -> Numbers:
    """Weights of Uno's concordance (2011): 1 / G(t-)^2 for events before tau, 0 beyond or where nobody is left."""
    left = censoring_left(training, told.times)
    use = told.events & (told.times < tau) & (left > 0)
    return np.divide(1.0, left**2, out=np.zeros(len(left)), where=use)


class Concordance(Value):
    """Chance that of two patients the one with the higher risk has the event first: 0.5 is chance."""

    value: float
    low: float
    high: float
    """Percentile bootstrap over patients, 95 %."""
    n: int
    events: int
    pairs: int
    """Compared pairs."""

    @property
    def line(self) -> str:
        """ "0.71 (95 % interval 0.64-0.78; 120 patients, 50 events)"."""
        return (f"{self.value:.2f} (95 % interval {self.low:.2f}-{self.high:.2f}; {self.n} patients, "
                f"{self.events} events)")  # fmt: skip


def concordance(told: Outcomes, pairs: Pairs, seed: int = 0) -> Concordance:
    """With its interval: patients drawn anew, models and weights held. Raises BadRequest without comparable pairs."""
    n = len(told.times)
    value = pairs.value(np.ones(n))
    if not np.isfinite(value):
        raise BadRequest("no two patients can be compared: there is no event with anyone watched longer")
    drawn = draws(n, seed)
    upper = ((drawn @ pairs.concordant) * drawn).sum(axis=1)
    lower = ((drawn @ pairs.comparable) * drawn).sum(axis=1)
    shares = np.divide(upper, lower, out=np.full(len(drawn), np.nan), where=lower > 0)
    low, high = np.nanpercentile(shares, ENDS)
    return Concordance(value=value, low=float(low), high=float(high), n=n, events=int(told.events.sum()),
                       pairs=int((pairs.comparable > 0).sum()))  # fmt: skip


def _lifelines() -> Any:
    try:
        import lifelines  # noqa: PLC0415  # extra `survival`
        import lifelines.exceptions  # noqa: PLC0415
    except ImportError as error:
        raise NotServed("survival needs lifelines", do="pip install 'readingroom[survival]'") from error
    return lifelines
