"""Reference values of the measures of alignment, from other implementations.

    pip install numpy scipy scikit-learn rsatoolbox
    python alignment.py > ../src/alignment/tests/reference.json

NumPy draws the patterns; rsatoolbox 0.3 gives RDMs, comparisons and noise
ceilings, SciPy 1.17 correlations, densities, assignment and Procrustes,
scikit-learn 1.9 ridge regression. CKA is written out from its definitions: the
biased one as the product of Frobenius norms, the unbiased one as a sum over
all quadruples of different scenes (Song et al. 2012, section 2).
"""

import itertools
import json

import numpy as np
import rsatoolbox
from scipy import stats
from scipy.linalg import orthogonal_procrustes
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import pdist
from sklearn.linear_model import RidgeCV

random = np.random.default_rng(2505)


def rdms(patterns):
    data = [rsatoolbox.data.Dataset(np.array(p)) for p in patterns]
    names = ["correlation", "euclidean"]
    return {name: rsatoolbox.rdm.calc_rdm(data, method=name) for name in names}


def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    f = np.linalg.norm
    return f(x.T @ y) ** 2 / (f(x.T @ x) * f(y.T @ y))


def hsic(k, l):
    """Over all ordered quadruples (i, j, q, r) of different scenes."""
    n, total, count = len(k), 0.0, 0
    for i, j, q, r in itertools.permutations(range(n), 4):
        total += k[i, j] * (l[i, j] + l[q, r] - 2 * l[i, q])
        count += 1
    return total / count


def debiased_cka(x, y):
    k, l = x @ x.T, y @ y.T
    return hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l))


def procrustes(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    wide = max(x.shape[1], y.shape[1])
    x, y = (np.pad(p, ((0, 0), (0, wide - p.shape[1]))) for p in (x, y))
    _, scale = orthogonal_procrustes(x / np.linalg.norm(x), y / np.linalg.norm(y))
    return scale


def ridge(x, y, folds, shares):
    predicted = np.zeros_like(y)
    for fold in folds:
        kept = [i for i in range(len(x)) if i not in fold]
        centred = x[kept] - x[kept].mean(0)
        alphas = np.array(shares) * (centred**2).sum() / len(kept)
        model = RidgeCV(alphas=alphas, alpha_per_target=True).fit(x[kept], y[kept])
        predicted[fold] = model.predict(x[fold])
    correlations = [
        np.mean([stats.pearsonr(y[fold, n], predicted[fold, n])[0] for fold in folds])
        for n in range(y.shape[1])
    ]
    return predicted, correlations


def kde_iou(a, b):
    p, q = stats.gaussian_kde(a), stats.gaussian_kde(b)
    # Scott's rule is SciPy's default.
    reach = 10 * max(a.std(ddof=1), b.std(ddof=1))
    grid = np.linspace(min(a.min(), b.min()) - reach, max(a.max(), b.max()) + reach, 200_001)
    p, q = p(grid), q(grid)
    return np.trapezoid(np.minimum(p, q), grid) / np.trapezoid(np.maximum(p, q), grid)


scenes, units, neurons = 12, 7, 5
shared = random.normal(size=(scenes, 3))
x = shared @ random.normal(size=(3, units)) + random.normal(size=(scenes, units)) + 2.0
y = shared @ random.normal(size=(3, neurons)) + random.normal(size=(scenes, neurons)) - 1.0
z = random.normal(size=(scenes, units))

found = rdms([x, y, z])
correlation = found["correlation"].get_vectors()
# rsatoolbox's "euclidean" is the square over the number of units.
euclidean = [
    np.sqrt(v * n) for v, n in zip(found["euclidean"].get_vectors(), [units, neurons, units])
]
one, other = found["correlation"][0], found["correlation"][1]
comparisons = {
    name: float(rsatoolbox.rdm.compare(one, other, method=method)[0, 0])
    for name, method in [
        ("spearman", "spearman"),
        ("kendall-tau-a", "tau-a"),
        ("pearson", "corr"),
        ("cosine", "cosine"),
        ("whitened-cosine", "cosine_cov"),
    ]
}
tied = [np.round(3 * v) for v in correlation[:2]]
ceilings = {
    name: [float(v) for v in rsatoolbox.inference.boot_noise_ceiling(found["correlation"], method)]
    for name, method in [
        ("spearman", "spearman"),
        ("kendall-tau-a", "tau-a"),
        ("pearson", "corr"),
        ("cosine", "cosine"),
    ]
}

folds = [list(range(start, scenes, 3)) for start in range(3)]
shares = [10.0**power for power in range(-4, 5)]
predicted, correlations = ridge(x, y, folds, shares)

samples = [random.normal(size=40), random.normal(0.7, 1.6, size=55)]
cost = random.random(size=(6, 9))
chosen = linear_sum_assignment(cost)

print(
    json.dumps(
        {
            "x": x.tolist(),
            "y": y.tolist(),
            "z": z.tolist(),
            "rdm": {
                "correlation": correlation[0].tolist(),
                "euclidean": euclidean[0].tolist(),
                "cosine": pdist(x, "cosine").tolist(),
            },
            "compare": comparisons,
            "tied": {
                "rdms": [v.tolist() for v in tied],
                "spearman": float(stats.spearmanr(*tied).statistic),
                "kendall-tau-a": float(
                    rsatoolbox.rdm.compare(
                        *(rsatoolbox.rdm.RDMs(v[None]) for v in tied), method="tau-a"
                    )[0, 0]
                ),
            },
            "noise_ceiling": ceilings,
            "cka": float(cka(x, y)),
            "debiased_cka": float(debiased_cka(x, y)),
            "procrustes": float(procrustes(x, y)),
            "ridge": {
                "folds": folds,
                "shares": shares,
                "predicted": predicted.tolist(),
                "correlations": [float(r) for r in correlations],
            },
            "kde": {
                "samples": [s.tolist() for s in samples],
                "iou": float(kde_iou(*samples)),
            },
            "assignment": {
                "cost": cost.tolist(),
                "total": float(cost[chosen].sum()),
                "pairs": [[int(i), int(j)] for i, j in zip(*chosen)],
            },
        }
    )
)
