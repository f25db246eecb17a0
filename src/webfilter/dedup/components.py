"""Connected components by NumPy: documents that are linked, directly or through others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["components"]

Places = npt.NDArray[np.intp]


def components(labels: Places, left: Places, right: Places) -> Places:
    """Return `labels` after linking the rows left[i] and right[i], for all i.

    A label is the least row of its component. By hooking larger labels to smaller ones and jumping
    pointers, all rows at once; no Python loop over rows.

    >>> components(np.arange(6), np.array([1, 4, 2]), np.array([2, 5, 5])).tolist()
    [0, 1, 1, 3, 1, 1]
    """
    labels = labels.copy()
    while True:
        one, other = labels[left], labels[right]
        apart = one != other
        if not apart.any():
            return labels
        left, right = left[apart], right[apart]
        one, other = one[apart], other[apart]
        np.minimum.at(labels, np.maximum(one, other), np.minimum(one, other))
        while True:
            jumped = labels[labels]
            if np.array_equal(jumped, labels):
                break
            labels = jumped
