"""Computes with PyTorch what the tests of the models compare with.

    python torch_models.py ../tests/suite/torch.json.gz

Needs torch, torchvision and timm. For each model it fills every tensor of the
state dict by a formula of the tensor's name and an index, which the tests repeat;
runs it on an image of the same kind; and writes the names and shapes of the
tensors, and of the logits and each layer: shape, root mean square, the sum with
signs of chance, and eight values. For one model of each family and of each kind of
block it also writes the gradient of a weighted sum of the logits in training mode,
without dropout, and the statistics of the batch norms after it. These are in 64 bits:
PyTorch's own gradients in 32 bits are up to half as large again as those in 64, since
a ReLU or a pool whose input lies at its edge falls to the other side, and batch norms
of few pixels make that large.
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
from torch import nn

# The same numbers as `hash` and `unit` of tests/suite/formula.rs.


def seed_of(name):
    """FNV-1a of the name."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def units(name, count):
    """`count` numbers in [0, 1), multiples of 2^-24."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed_of(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
            0x9E3779B97F4A7C15
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2.0**24


def values(name, shape):
    """What a tensor of this name and shape is filled with."""
    count = int(np.prod(shape))
    u = units(name, count)
    last = name.rsplit(".", 1)[-1]
    if last == "running_var":
        u = 0.5 + u
    elif last == "running_mean" or last == "bias":
        u = 0.2 * (u - 0.5)
    elif last in ("cls_token", "pos_embed"):
        u = u - 0.5
    elif last == "layer_scale":
        u = 0.25 + 0.5 * u
    elif len(shape) == 1:
        u = 0.5 + 0.5 * u
    else:
        fan_in = count // shape[0]
        u = (2.0 * u - 1.0) * np.sqrt(6.0 / fan_in)
    return u.astype(np.float32).reshape(shape)


def image(batch, height, width):
    return torch.from_numpy(values_of_image(batch, height, width))


def values_of_image(batch, height, width):
    u = units("image", batch * 3 * height * width)
    return (2.0 * u - 1.0).astype(np.float32).reshape(batch, 3, height, width)


def summary(x, name):
    """Numbers that a tensor is known by."""
    x = x.detach().double().numpy()
    flat = x.reshape(-1)
    signs = np.where(units("signs of " + name, flat.size) < 0.5, -1.0, 1.0)
    places = (units("places of " + name, 8) * flat.size).astype(int)
    return {
        "shape": list(x.shape),
        "rms": float(np.sqrt(np.mean(flat**2))),
        "signed": float(np.sum(signs * flat) / np.sqrt(flat.size)),
        "values": [float(f"{v:.9g}") for v in flat[places]],
    }


def fill(model):
    state = model.state_dict()
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = torch.from_numpy(values(name, tuple(tensor.shape)))
    model.load_state_dict(state)


def run(model, x, layers):
    """Logits, and the output of each module of `layers`."""
    outputs = {}

    def keep(name):
        def hook(module, inputs, output):
            # What follows in place would change it.
            outputs[name] = output.detach().clone()

        return hook

    modules = dict(model.named_modules())
    hooks = [modules[name].register_forward_hook(keep(name)) for name in layers]
    logits = model(x)
    for hook in hooks:
        hook.remove()
    return logits, outputs


class CifarBlock(nn.Module):
    """As akamaster/pytorch_resnet_cifar10 has it, option A."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.added = (outputs - inputs) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        if self.added:
            x = nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.added, self.added))
        return torch.relu(y + x)


class CifarResNet(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        stage = lambda i, o, s: nn.Sequential(
            CifarBlock(i, o, s), *[CifarBlock(o, o, 1) for _ in range(blocks - 1)]
        )
        self.layer1 = stage(16, 16, 1)
        self.layer2 = stage(16, 32, 2)
        self.layer3 = stage(32, 64, 2)
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


class Same(nn.Module):
    """TensorFlow's padding "same" before a convolution."""

    def __init__(self, kernel, stride):
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x):
        pads = []
        for length in (x.shape[3], x.shape[2]):
            total = max((-(-length // self.stride) - 1) * self.stride + self.kernel - length, 0)
            pads += [total // 2, total - total // 2]
        return nn.functional.pad(x, pads)


class Lite0(nn.Module):
    """EfficientNet-Lite0 with the names of lukemelas/EfficientNet-PyTorch."""

    STAGES = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3),
              (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]

    class Block(nn.Module):
        def __init__(self, inputs, outputs, expansion, kernel, stride):
            super().__init__()
            inner = inputs * expansion
            norm = lambda c: nn.BatchNorm2d(c, eps=1e-3, momentum=0.01)
            self.expands = expansion > 1
            if self.expands:
                self._expand_conv = nn.Conv2d(inputs, inner, 1, bias=False)
                self._bn0 = norm(inner)
            self.pad = Same(kernel, stride)
            self._depthwise_conv = nn.Conv2d(inner, inner, kernel, stride, groups=inner, bias=False)
            self._bn1 = norm(inner)
            self._project_conv = nn.Conv2d(inner, outputs, 1, bias=False)
            self._bn2 = norm(outputs)
            self.residual = stride == 1 and inputs == outputs

        def forward(self, x):
            y = x
            if self.expands:
                y = nn.functional.relu6(self._bn0(self._expand_conv(y)))
            y = nn.functional.relu6(self._bn1(self._depthwise_conv(self.pad(y))))
            y = self._bn2(self._project_conv(y))
            return y + x if self.residual else y

    def __init__(self):
        super().__init__()
        norm = lambda c: nn.BatchNorm2d(c, eps=1e-3, momentum=0.01)
        self.pad = Same(3, 2)
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, bias=False)
        self._bn0 = norm(32)
        blocks, channels = [], 32
        for expansion, kernel, stride, width, count in self.STAGES:
            for index in range(count):
                blocks.append(
                    Lite0.Block(channels, width, expansion, kernel, stride if index == 0 else 1)
                )
                channels = width
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(channels, 1280, 1, bias=False)
        self._bn1 = norm(1280)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x):
        x = nn.functional.relu6(self._bn0(self._conv_stem(self.pad(x))))
        for block in self._blocks:
            x = block(x)
        x = nn.functional.relu6(self._bn1(self._conv_head(x)))
        return self._fc(x.mean((2, 3)))


def torchvision_model(name, **options):
    return getattr(torchvision.models, name)(weights=None, **options)


def vgg(name):
    """With the head of ours for small images: the published one has 120 million
    parameters."""
    model = torchvision_model(name)
    model.avgpool = nn.AdaptiveAvgPool2d(1)
    model.classifier = nn.ModuleDict({"head": nn.Linear(512, 10)})["head"]
    return model


def layers_of(name, model):
    """Names in ours -> modules of theirs."""
    if name.startswith("vgg"):
        names, block, index = {}, 1, 1
        for place, module in enumerate(model.features):
            if isinstance(module, nn.ReLU):
                names[f"conv{block}_{index}"] = f"features.{place}"
                index += 1
            elif isinstance(module, nn.MaxPool2d):
                names[f"pool{block}"] = f"features.{place}"
                block, index = block + 1, 1
        return names
    modules = [each for each, _ in model.named_modules()]
    if "resnet" in name:
        names = {} if name.startswith("cifar") else {"maxpool": "maxpool"}
        blocks = [m for m in modules if m.startswith("layer") and m.count(".") == 1]
        return {**names, **{each: each for each in blocks}}
    if name == "mobilenet-v2" or name == "squeezenet1.1":
        same = [m for m in modules if m.startswith("features.") and m.count(".") == 1]
        return {each: each for each in same if not (name[0] == "s" and each == "features.0")}
    if name == "efficientnet-b0":
        depth = lambda m: 1 if m in ("features.0", "features.8") else 2
        same = [m for m in modules if m.startswith("features.") and m.count(".") == depth(m)]
        drop = [m for m in same if m.split(".")[1] in "08" and m.count(".") == 2]
        return {each: each for each in same if each not in drop}
    if name == "efficientnet-lite0":
        names, number = {}, 0
        for stage, (*_, count) in enumerate(Lite0.STAGES):
            for index in range(count):
                names[f"features.{stage + 1}.{index}"] = f"_blocks.{number}"
                number += 1
        return names
    if name == "densenet121":
        parts = ["pool0", "norm5"]
        parts += [f"denseblock{i}" for i in range(1, 5)] + [f"transition{i}" for i in range(1, 4)]
        return {f"features.{part}": f"features.{part}" for part in parts}
    if name == "inception-v3":
        same = [m for m in modules if "." not in m and m.startswith(("Conv", "Mixed", "maxpool"))]
        return {each: each for each in same}
    if name == "xception":
        same = ["act1", "act2", "act3", "act4"] + [f"block{i}" for i in range(1, 13)]
        return {each: each for each in same}
    if name == "convnext-tiny":
        same = [m for m in modules if m.startswith("features.") and m.count(".") <= 2]
        keep = lambda m: m.count(".") == (2 if int(m.split(".")[1]) % 2 else 1)
        return {each: each for each in same if keep(each)}
    if name == "vit-s16":
        return {**{f"blocks.{i}": f"blocks.{i}" for i in range(12)}, "norm": "norm"}
    raise ValueError(name)


MODELS = {
    **{f"vgg{d}{bn}": (lambda d=d, bn=bn: vgg(f"vgg{d}{bn.replace('-', '_')}"))
       for d in (11, 13, 16, 19) for bn in ("", "-bn")},
    **{f"resnet{d}": (lambda d=d: torchvision_model(f"resnet{d}")) for d in (18, 34, 50, 101, 152)},
    "cifar-resnet20": lambda: CifarResNet(3),
    "cifar-resnet56": lambda: CifarResNet(9),
    "mobilenet-v2": lambda: torchvision_model("mobilenet_v2"),
    "efficientnet-b0": lambda: torchvision_model("efficientnet_b0"),
    "efficientnet-lite0": Lite0,
    "densenet121": lambda: torchvision_model("densenet121"),
    "squeezenet1.1": lambda: torchvision_model("squeezenet1_1"),
    "inception-v3": lambda: torchvision_model("inception_v3", init_weights=False),
    "xception": lambda: timm.create_model("legacy_xception", pretrained=False),
    "convnext-tiny": lambda: torchvision_model("convnext_tiny"),
    "vit-s16": lambda: timm.create_model("vit_small_patch16_224", pretrained=False),
}

# Those whose training mode is compared.
TRAINED = {
    "cifar-resnet20", "convnext-tiny", "densenet121", "efficientnet-b0", "efficientnet-lite0",
    "inception-v3", "mobilenet-v2", "resnet18", "resnet50", "squeezenet1.1", "vgg11-bn",
    "vit-s16", "xception",
}


def sizes(name):
    if name == "vit-s16":
        return [(224, 224)]
    if name.startswith("cifar"):
        return [(32, 32), (27, 36)]
    # One of odd sides that are not alike, one even.
    return [(75, 99), (96, 96)]


def training(model, name):
    """One step's gradients, and the statistics after it."""
    model.double().train()
    for module in model.modules():
        if isinstance(module, nn.Dropout) or type(module).__name__ == "StochasticDepth":
            module.eval()
    if name == "inception-v3":
        # Its auxiliary classifier is no part of ours.
        model.aux_logits, model.AuxLogits = False, None
    size = sizes(name)[-1]
    logits = model(image(2, *size).double())
    (logits * weights_of(logits)).sum().backward()
    gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    statistics = {n: b for n, b in model.named_buffers() if n.endswith("mean")}
    return trained(size, gradients, statistics)


def weights_of(logits):
    weights = torch.from_numpy(2.0 * units("weights", logits.numel()) - 1.0)
    return weights.float().double().reshape(logits.shape)


def trained(size, gradients, statistics):
    """What is written of a step. A bias before a batch norm has a gradient of zero but
    for rounding, of which nothing can be said."""
    rms = {n: float(g.double().pow(2).mean().sqrt()) for n, g in gradients.items()}
    least = 1e-9 * max(rms.values())
    gradients = {n: summary(g, n) for n, g in gradients.items() if rms[n] > least}
    statistics = {n: summary(s, n) for n, s in statistics.items()}
    return {
        "size": size,
        "gradients": shortened(gradients),
        "statistics": shortened(statistics),
    }


def shortened(entries):
    """16 of them, evenly apart, say as much as all."""
    names = list(entries)
    chosen = {names[i * (len(names) - 1) // 15] for i in range(16)} if names else set()
    return {n: entries[n] for n in names if n in chosen}


def reference(name):
    torch.manual_seed(0)
    model = MODELS[name]()
    fill(model)
    model.eval()
    if hasattr(model, "transform_input"):
        model.transform_input = False
    entry = {
        "tensors": {n: list(t.shape) for n, t in model.state_dict().items()},
        "runs": [],
    }
    layers = layers_of(name, model)
    for height, width in sizes(name):
        with torch.no_grad():
            logits, outputs = run(model, image(1, height, width), layers.values())
        entry["runs"].append({
            "size": [height, width],
            "logits": summary(logits, "logits"),
            "layers": {ours: summary(outputs[theirs], ours) for ours, theirs in layers.items()},
        })
    if name in TRAINED:
        entry["training"] = training(model, name)
    return entry


def main():
    out = Path(sys.argv[1])
    names = sys.argv[2:] or list(MODELS)
    entries = {}
    for name in names:
        entries[name] = reference(name)
        print(name, len(entries[name]["tensors"]), entries[name]["runs"][0]["logits"]["rms"])
    text = json.dumps(entries, separators=(",", ":"))
    out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(len(text), "->", out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
