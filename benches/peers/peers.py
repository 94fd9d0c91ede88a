"""The contrast map as OpenCV, PyTorch and SciPy users would write it.

Reads lines of "peer N C H W k", answers each with the median of its times in
milliseconds, or with "-" where the peer is not installed. main.rs asks.
"""

import statistics
import sys
import time

import numpy as np

THREADS = int(sys.argv[1])
BUDGET = 1.0  # seconds a measurement


def opencv(shape, k):
    import cv2

    cv2.setNumThreads(THREADS)
    n, c, h, w = shape
    images = np.random.default_rng(0).random((n, h, w, c), dtype=np.float32)
    box = dict(ksize=(k, k), borderType=cv2.BORDER_REFLECT)

    def run():
        for image in images:
            mean = cv2.boxFilter(image, cv2.CV_32F, **box)
            square = cv2.sqrBoxFilter(image, cv2.CV_32F, **box)
            sigma = np.sqrt(np.maximum(square - mean * mean, 0))
            sigma / sigma.max()

    return run


def pooled(x, k):
    import torch
    import torch.nn.functional as F

    # Replicated borders: PyTorch has no half-sample symmetric padding.
    x = F.pad(x, (k // 2,) * 4, mode="replicate")
    mean = F.avg_pool2d(x, k, stride=1)
    variance = F.avg_pool2d(x * x, k, stride=1) - mean * mean
    sigma = variance.clamp_min(0).sqrt()
    return sigma / sigma.amax(dim=(1, 2, 3), keepdim=True)


def torch_with(shape, k, wrap):
    import torch

    torch.set_num_threads(THREADS)
    x = torch.rand(shape)
    f = wrap(pooled)

    def run():
        with torch.no_grad():
            f(x, k)

    return run


def torch_eager(shape, k):
    return torch_with(shape, k, lambda f: f)


def torch_compiled(shape, k):
    import torch

    torch.compiler.reset()
    return torch_with(shape, k, torch.compile)


def scipy(shape, k):
    from scipy.ndimage import uniform_filter

    x = np.random.default_rng(0).random(shape, dtype=np.float32)
    size = (1, 1, k, k)

    def run():
        mean = uniform_filter(x, size, mode="reflect")
        square = uniform_filter(x * x, size, mode="reflect")
        sigma = np.sqrt(np.maximum(square - mean * mean, 0))
        sigma / sigma.max(axis=(1, 2, 3), keepdims=True)

    return run


PEERS = {f.__name__: f for f in (opencv, torch_eager, torch_compiled, scipy)}


def median(run):
    run()
    times, end = [], time.perf_counter() + BUDGET
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


for line in sys.stdin:
    peer, *numbers = line.split()
    *shape, k = map(int, numbers)
    try:
        print(median(PEERS[peer](shape, k)), flush=True)
    except ImportError:
        print("-", flush=True)
