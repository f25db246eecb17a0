"""What `webfilter.score.fit.fit` can be told: `Settings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from webfilter.errors import ConfigError, UnknownName

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """Sizes and weights of the model, chosen by group-wise cross-validation.

    How each was chosen stands in ``classifiers/educational/README.md``. A field is named after a
    section and a key of ``config.toml`` there.

    Raises:
        ConfigError: a value is out of its range.

    >>> Settings(ridge_penalty=1.0).meaning_directions
    64
    """

    words_min_texts: int = 2
    """A hashed word or pair must stand in so many training texts to get a weight."""
    meaning_min_texts: int = 3
    """A word must stand in so many texts to get a vector, and to count as known."""
    meaning_directions: int = 64
    """Directions of the latent semantic space, 1-256."""
    meaning_share: float = 1.0
    """Weight of the square of place and manner in the kernel; words have 1."""
    style_knots: int = 24
    """Quantiles kept of each style measure."""
    style_share: float = 0.3
    """Weight of style by itself in the kernel."""
    style_bend: float = 0.3
    """Weight of style beside meaning in the square."""
    ridge_penalty: float = 0.5
    """Penalty of the regression, above 0; more for fewer or noisier labels."""
    calibration_folds: int = 5
    """Folds of the cross-validation inside training that calibration comes from."""
    calibration_bins: int = 16
    """Most bins of the calibration curve; each has at least 20 labels."""
    calibration_interval: float = 0.9
    """Share of the labels that the interval is to hold."""
    guard_low: float = 0.30
    """A text with so small a share of letters in known words, or less, scores 0."""
    guard_full: float = 0.45
    """From this share on it counts whole. Less for few texts, whose vocabulary is small."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("words_min_texts", 1, 1_000), ("meaning_min_texts", 1, 1_000),
            ("meaning_directions", 1, 256), ("meaning_share", 0, 1_000), ("style_knots", 1, 1_000),
            ("style_share", 0, 1_000), ("style_bend", 0, 1_000),
            ("ridge_penalty", 1e-9, 1e9), ("calibration_folds", 2, 100),
            ("calibration_bins", 1, 1_000), ("calibration_interval", 0.01, 0.99),
            ("guard_low", 0, 1), ("guard_full", 0, 1),
        ):  # fmt: skip
            value = getattr(self, name)
            whole = isinstance(low, int) and isinstance(getattr(type(self), name), int)
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                kind = "a whole number" if whole else "a number"
                raise ConfigError(f"Settings: {name} = {value!r} must be {kind}")
            if not low <= value <= high:
                raise ConfigError(f"Settings: {name} = {value!r} must be from {low} to {high}")
        if not self.guard_low < self.guard_full:
            raise ConfigError(
                f"Settings: guard_low = {self.guard_low!r} must be below "
                f"guard_full = {self.guard_full!r}"
            )

    @classmethod
    def from_config(cls, config: Mapping[str, Mapping[str, Any]]) -> Settings:
        """Return the settings of a ``config.toml``: sections of keys.

        >>> Settings.from_config({"ridge": {"penalty": 2.0}}).ridge_penalty
        2.0
        """
        known = [field.name for field in fields(cls)]
        given = {
            f"{part}_{key}": value for part, keys in config.items() for key, value in keys.items()
        }
        for name in given:
            if name not in known:
                raise UnknownName("setting of the educational model", name, known)
        return cls(**given)
