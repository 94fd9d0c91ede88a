"""Models of torchvision and timm, timed; main.rs asks.

Reads lines of "model side batch forward|train", answers each with images a second,
or with "-" where PyTorch has no such model. `--save PATH.pth PATH.safetensors` writes
VGG-19 with weights of chance instead.
"""

import sys
import time

BUDGET = 1.5  # seconds a measurement, at least

NAMES = {
    "mobilenet-v2": "mobilenet_v2",
    "efficientnet-b0": "efficientnet_b0",
    "squeezenet1.1": "squeezenet1_1",
    "inception-v3": "inception_v3",
    "convnext-tiny": "convnext_tiny",
}

TIMM = {
    "xception": "legacy_xception",
    "vit-s16": "vit_small_patch16_224",
    "mobilenet-v1": "mobilenetv1_100",
    "efficientnet-lite0": "efficientnet_lite0",
}


def network(model):
    import torchvision

    if model in TIMM:
        import timm

        return timm.create_model(TIMM[model], pretrained=False)
    name = NAMES.get(model, model.replace("-", "_"))
    return getattr(torchvision.models, name)(weights=None)


def rate(model, side, batch, trains):
    import torch

    net = network(model)
    net.train(trains)
    images = torch.randn(batch, 3, side, side)

    def step():
        if not trains:
            with torch.inference_mode():
                net(images)
            return
        net.zero_grad()
        output = net(images)
        # Inception's auxiliary classifier comes beside its output.
        output = output[0] if isinstance(output, tuple) else output
        output.sum().backward()

    step()
    start, count = time.perf_counter(), 0
    while count < 1 or time.perf_counter() - start < BUDGET:
        step()
        count += 1
    return batch * count / (time.perf_counter() - start)


def save(paths):
    import torch
    from safetensors.torch import save_file

    state = network("vgg19").state_dict()
    for path in paths:
        if path.endswith(".pth"):
            torch.save(state, path)
        else:
            save_file(state, path)


def main():
    if sys.argv[1] == "--save":
        return save(sys.argv[2:])
    try:
        import torch

        torch.set_num_threads(int(sys.argv[1]))
    except ImportError:
        pass
    for line in sys.stdin:
        model, side, batch, mode = line.split()
        try:
            print(f"{rate(model, int(side), int(batch), mode == 'train'):.4f}", flush=True)
        except (ImportError, AttributeError):
            print("-", flush=True)


if __name__ == "__main__":
    main()
