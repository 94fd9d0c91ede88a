"""Computes with Keras what the tests of ResNet-50 V2 and MobileNet V1 compare with.

    KERAS_BACKEND=torch python keras_models.py ../tests/suite/keras.json.gz

Needs keras, torch, torchvision and timm. As torch_models.py, whose formula and form of
output it has, with the names and the order of axes of Keras; gradients are in the order
of axes of PyTorch.
"""

import gzip
import json
import sys
from pathlib import Path

import keras
import numpy as np
import torch
from keras.src.backend.common.dtypes import BIT64_TO_BIT32_DTYPE

from torch_models import summary, trained, units, values_of_image, weights_of

# Without this, batch norms and means take 64 bits for 32 behind PyTorch.
BIT64_TO_BIT32_DTYPE["float64"] = "float64"

# Sides that are multiples of 32 where Keras pads by hand, which ours does not do
# alike on others.
MODELS = {
    "resnet50v2": (lambda shape: keras.applications.ResNet50V2(
        weights=None, input_shape=shape, classifier_activation=None), [(75, 99), (96, 96)]),
    "mobilenet-v1": (lambda shape: keras.applications.MobileNet(
        weights=None, input_shape=shape, classifier_activation=None), [(96, 64)]),
    "mobilenet-v1-0.5": (lambda shape: keras.applications.MobileNet(
        weights=None, input_shape=shape, alpha=0.5, classifier_activation=None), [(96, 64)]),
}


def name_of(variable):
    return "/".join(variable.path.split("/")[-2:])


def values(name, shape):
    u = units(name, int(np.prod(shape)))
    last = name.rsplit("/", 1)[-1]
    if last == "moving_variance":
        u = 0.5 + u
    elif last in ("moving_mean", "beta", "bias"):
        u = 0.2 * (u - 0.5)
    elif last == "gamma":
        u = 0.5 + 0.5 * u
    else:
        # A depthwise kernel is [height, width, channels, 1].
        fan_in = np.prod(shape[:2]) if last == "depthwise_kernel" else np.prod(shape[:-1])
        u = (2.0 * u - 1.0) * np.sqrt(6.0 / fan_in)
    return u.astype(np.float32).reshape(shape)


def layers_of(name, model):
    names = [layer.name for layer in model.layers]
    if name == "resnet50v2":
        blocks = [n for n in names if n.endswith("_out")]
        stage = lambda n: int(n[4]) - 1
        block = lambda n: int(n.split("_block")[1].split("_")[0]) - 1
        return {f"layer{stage(n)}.{block(n)}": n for n in blocks} | {
            "stem": "pool1_pool", "post": "post_relu"}
    pairs = {"conv1": "conv1_relu"}
    for n in names:
        if n.endswith("_relu") and n != "conv1_relu":
            pairs[n.removesuffix("_relu")] = n
    return pairs


# Those whose training mode is compared, one of each family.
TRAINED = {"mobilenet-v1-0.5", "resnet50v2"}


def training(name):
    """One step's gradients in 64 bits, and the statistics after it."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    build, sizes = MODELS[name]
    height, width = sizes[-1]
    model = filled(build((height, width, 3)))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    x = torch.from_numpy(values_of_image(2, height, width).transpose(0, 2, 3, 1)).double()
    logits = model(x, training=True).reshape(2, -1)
    assert logits.dtype == torch.float64
    (logits * weights_of(logits)).sum().backward()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    gradients = {
        name_of(v): kernel_in_torch_order(v.value.grad) for v in model.trainable_variables
    }
    statistics = {
        name_of(v): v.value for v in model.non_trainable_variables if v.path.endswith("mean")
    }
    return trained([height, width], gradients, statistics)


def kernel_in_torch_order(x):
    if x.ndim == 2:
        return x.permute(1, 0)
    if x.ndim != 4:
        return x
    # A depthwise kernel is [height, width, channels, 1].
    return x.permute(2, 3, 0, 1) if x.shape[3] == 1 else x.permute(3, 2, 0, 1)


def filled(model):
    for variable in model.variables:
        if "seed" not in variable.path:
            variable.assign(values(name_of(variable), tuple(variable.shape)))
    return model


def torch_order(x):
    """From [N, H, W, C] to [N, C, H, W]."""
    x = np.asarray(x.detach() if hasattr(x, "detach") else x)
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x


class Numbers:
    """What `summary` asks of a tensor."""

    def __init__(self, x):
        self.x = x

    def detach(self):
        return self

    def double(self):
        return self

    def numpy(self):
        return self.x.astype(np.float64)


def reference(name):
    build, sizes = MODELS[name]
    entry = {"tensors": {}, "runs": []}
    for height, width in sizes:
        model = filled(build((height, width, 3)))
        for variable in model.variables:
            if "seed" not in variable.path:
                entry["tensors"][name_of(variable)] = list(variable.shape)
        layers = layers_of(name, model)
        outputs = [model.get_layer(theirs).output for theirs in layers.values()]
        both = keras.Model(model.inputs, [*outputs, model.output])
        x = values_of_image(1, height, width).transpose(0, 2, 3, 1)
        *found, logits = [torch_order(y) for y in both(x, training=False)]
        entry["runs"].append({
            "size": [height, width],
            "logits": summary(Numbers(logits.reshape(1, -1)), "logits"),
            "layers": {ours: summary(Numbers(y), ours) for ours, y in zip(layers, found)},
        })
    if name in TRAINED:
        entry["training"] = training(name)
    return entry


def main():
    entries = {}
    for name in MODELS:
        entries[name] = reference(name)
        print(name, len(entries[name]["tensors"]), entries[name]["runs"][0]["logits"]["rms"])
    text = json.dumps(entries, separators=(",", ":"))
    out = Path(sys.argv[1])
    out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(len(text), "->", out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
