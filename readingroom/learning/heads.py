"""Small heads on vectors: trained by scikit-learn, kept as plain arrays, applied by numpy alone."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import NotServed

Numbers = NDArray[np.float64]
Truth = NDArray[np.bool_]
Vectors = NDArray[np.float32]
HeadKind = Literal["logistic", "svm", "mlp", "text"]

HIDDEN = 32
ROUNDS = 1000
BLOCK = 4096
"""Vectors at once: in double precision 32 MB of 1024 numbers."""


class Recipe(NamedTuple):
    """One way to train a head."""

    kind: HeadKind
    strength: float
    """C of scikit-learn's logistic regression and SVM, alpha of its network."""

    @property
    def title(self) -> str:
        """ "logistic, C 0.01"."""
        return self.kind if self.kind == "text" else f"{self.kind}, {_KNOB[self.kind]} {self.strength:g}"


_KNOB = {"logistic": "C", "svm": "C", "mlp": "alpha"}

LOGISTIC = tuple(Recipe("logistic", c) for c in (0.0001, 0.001, 0.01, 0.1, 1.0))
SVM = tuple(Recipe("svm", c) for c in (0.00001, 0.0001, 0.001, 0.01, 0.1))
MLP = tuple(Recipe("mlp", alpha) for alpha in (10.0, 1.0, 0.1))
RECIPES: dict[str, tuple[Recipe, ...]] = {
    "logistic": LOGISTIC, "svm": SVM, "mlp": MLP, "best": (*LOGISTIC, *SVM, *MLP),
}  # fmt: skip
"""What validation may choose from, the most restrained of each kind first."""


class Layer(NamedTuple):
    """x to x . weights + bias; float32."""

    weights: Vectors
    """(in, out)."""
    bias: Vectors
    """(out,)."""


@dataclass(frozen=True, eq=False)
class Head:
    """(x - mean) / scale, then the layers with max(0, x) between them; the last gives one number a row."""

    kind: HeadKind
    mean: Vectors
    scale: Vectors
    layers: tuple[Layer, ...]

    def scores(self, vectors: NDArray[np.floating]) -> Numbers:
        """(N,) of (N, dimensions): a logit of logistic regression and network, the signed margin of an SVM."""
        parts = [self._scored(vectors[start : start + BLOCK]) for start in range(0, len(vectors), BLOCK)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _scored(self, vectors: NDArray[np.floating]) -> Numbers:
        x = scaled(vectors, self.mean, self.scale)
        for place, layer in enumerate(self.layers):
            x = (np.maximum(x, 0.0) if place else x) @ layer.weights.astype(np.float64) + layer.bias
        return np.asarray(x[:, 0], np.float64)


def scaled(vectors: NDArray[np.floating], mean: Vectors, scale: Vectors) -> Numbers:
    """(N, D) standardised, in double precision."""
    return np.asarray((np.asarray(vectors, np.float64) - mean) / scale, np.float64)


def spread(vectors: NDArray[np.floating]) -> tuple[Vectors, Vectors]:
    """Mean and standard deviation of each number as float32; 1 where it never changes.

    They are rounded before anything is trained on what they make, so that the kept head is the trained one.
    """
    rows = np.asarray(vectors, np.float64)
    deviation = rows.std(axis=0)
    constant = deviation <= 1e-7 * np.maximum(np.abs(rows).max(axis=0), 1e-12)
    return rows.mean(axis=0).astype(np.float32), np.where(constant, 1.0, deviation).astype(np.float32)


def train(recipe: Recipe, vectors: NDArray[np.floating], present: Truth, seed: int = 0) -> Head:
    """A head for one label from (N, D) vectors and (N,) truth. Raises NotServed without scikit-learn."""
    mean, scale = spread(vectors)
    x = scaled(vectors, mean, scale)
    model = estimator(recipe, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", _sklearn().ConvergenceWarning)  # validation measures what came of it
        model.fit(x, present)
    return Head(recipe.kind, mean, scale, _layers(recipe.kind, model))


def estimator(recipe: Recipe, seed: int = 0) -> Any:
    """scikit-learn's own, not yet trained."""
    sk = _sklearn()
    if recipe.kind == "logistic":
        return sk.LogisticRegression(C=recipe.strength, class_weight="balanced", max_iter=ROUNDS)
    if recipe.kind == "svm":
        return sk.LinearSVC(C=recipe.strength, class_weight="balanced", max_iter=ROUNDS, random_state=seed)
    return sk.MLPClassifier((HIDDEN,), alpha=recipe.strength, solver="lbfgs", max_iter=ROUNDS // 5, random_state=seed)


def text_head(direction: NDArray[np.floating]) -> Head:
    """A head that was not trained: the product with exp(scaling) x (present text - absent text), of zero-shot pairs."""
    weights = np.asarray(direction, np.float32)[:, None]
    still = np.zeros(len(direction), np.float32)
    return Head("text", still, np.ones_like(still), (Layer(weights, np.zeros(1, np.float32)),))


def _layers(kind: HeadKind, model: Any) -> tuple[Layer, ...]:
    if kind == "mlp":
        pairs = zip(model.coefs_, model.intercepts_, strict=True)
    else:
        pairs = zip([model.coef_.T], [model.intercept_], strict=True)
    return tuple(Layer(np.asarray(w, np.float32), np.atleast_1d(np.asarray(b, np.float32))) for w, b in pairs)


class _Sklearn(NamedTuple):
    LogisticRegression: Any
    LinearSVC: Any
    MLPClassifier: Any
    ConvergenceWarning: Any


def _sklearn() -> _Sklearn:
    try:
        from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415  # extra `learning`
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
        from sklearn.neural_network import MLPClassifier  # noqa: PLC0415
        from sklearn.svm import LinearSVC  # noqa: PLC0415
    except ImportError as error:
        raise NotServed("training needs scikit-learn", do="pip install 'readingroom[learning]'") from error
    return _Sklearn(LogisticRegression, LinearSVC, MLPClassifier, ConvergenceWarning)
