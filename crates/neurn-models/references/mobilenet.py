"""Computes with NumPy what the tests of MobileNet's weights compare with.

    python mobilenet.py ../tests/suite/keras [WEIGHTS]

Needs numpy and safetensors. Writes `weights.safetensors`, the first five layers
of a MobileNet with weights of chance under Keras' names, and
`features.safetensors`, what each of the layers gives for the image of the
tests. With a file of pretrained weights that reaches `conv_pw_12` it prints
numbers about the features there.

All arithmetic is in 64 bits, and nothing in it is Burn's: padding and windows
are written out, images are `[H, W, C]` as in TensorFlow.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from safetensors.numpy import load_file, save_file

STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
EPSILON = 1e-3


def image(height, width):
    """Pixels in -1..=1 that Rust computes to the same bits."""
    y, x, c = np.ogrid[:height, :width, :3]
    return ((7 * y * x + 13 * y + 5 * x + 31 * c) % 65) / 32.0 - 1.0


def windows(x, size, stride):
    """`[h, w, C, size, size]`, with TensorFlow's padding "same"."""
    padding = []
    for length in x.shape[:2]:
        outputs = -(-length // stride)
        total = max((outputs - 1) * stride + size - length, 0)
        padding.append((total // 2, total - total // 2))
    padded = np.pad(x, [*padding, (0, 0)])
    return sliding_window_view(padded, (size, size), axis=(0, 1))[::stride, ::stride]


def norm(x, weights, name):
    gamma, beta, mean, variance = (
        weights[f"{name}_bn/{part}"].astype(np.float64)
        for part in ["gamma", "beta", "moving_mean", "moving_variance"]
    )
    x = gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta
    return np.clip(x, 0.0, 6.0)


def features(x, weights, blocks):
    """The output of each layer, by its name."""
    outputs = {}

    def layer(name, x):
        outputs[name] = norm(x, weights, name)
        return outputs[name]

    kernel = weights["conv1/kernel"].astype(np.float64)
    x = layer("conv1", np.einsum("hwcij,ijco->hwo", windows(x, 3, 2), kernel, optimize=True))
    for block, stride in enumerate(STRIDES[:blocks], start=1):
        name = f"conv_dw_{block}"
        kernel = weights[f"{name}/depthwise_kernel"].astype(np.float64)[..., 0]
        x = layer(name, np.einsum("hwcij,ijc->hwc", windows(x, 3, stride), kernel))
        name = f"conv_pw_{block}"
        x = layer(name, x @ weights[f"{name}/kernel"].astype(np.float64)[0, 0])
    return outputs


def weights_of_chance(rng):
    """Of conv1, conv_dw_1, conv_pw_1, conv_dw_2 and conv_pw_2."""
    weights = {}

    def layer(name, kernel, shape, fan_in, channels):
        weights[f"{name}/{kernel}"] = rng.normal(0.0, (2.0 / fan_in) ** 0.5, shape)
        weights[f"{name}_bn/gamma"] = rng.uniform(0.5, 2.5, channels)
        weights[f"{name}_bn/beta"] = rng.normal(1.0, 1.0, channels)
        weights[f"{name}_bn/moving_mean"] = rng.normal(0.0, 0.5, channels)
        weights[f"{name}_bn/moving_variance"] = rng.uniform(0.25, 4.0, channels)

    layer("conv1", "kernel", (3, 3, 3, 32), 27, 32)
    channels = 32
    for block, outputs in [(1, 64), (2, 128)]:
        layer(f"conv_dw_{block}", "depthwise_kernel", (3, 3, channels, 1), 9, channels)
        layer(f"conv_pw_{block}", "kernel", (1, 1, channels, outputs), channels, outputs)
        channels = outputs
    return {name: values.astype(np.float32) for name, values in weights.items()}


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    weights = weights_of_chance(np.random.default_rng(1704))
    save_file(weights, folder / "weights.safetensors")
    # One side odd and one even, at both strides of 2.
    outputs = features(image(13, 20), weights, 2)
    in_burns_order = {
        name: np.ascontiguousarray(x.transpose(2, 0, 1).astype(np.float32))
        for name, x in outputs.items()
    }
    save_file(in_burns_order, folder / "features.safetensors")
    for name, x in outputs.items():
        share = [np.mean(x == 0.0), np.mean(x == 6.0)]
        print(f"{name} {x.shape}: {share[0]:.0%} are 0, {share[1]:.0%} are 6")

    if len(sys.argv) > 2:
        x = features(image(96, 80), load_file(sys.argv[2]), 12)["conv_pw_12"]
        print("conv_pw_12", x.shape)
        print("mean", x.mean(), "root mean square", np.sqrt((x**2).mean()))
        print("largest", x.max(), "share that is 0", np.mean(x == 0.0))
        strongest = np.argsort(x.mean(axis=(0, 1)))[::-1][:4]
        print("channels of the largest means", strongest, x.mean(axis=(0, 1))[strongest])
        for channel in strongest[:2]:
            print(channel, x[:, :, channel].tolist())


if __name__ == "__main__":
    main()
