"""Models of torchvision and timm, measured; main.rs asks.

Reads lines of "model side batch", answers each with images a second of one image forward
and of a step of training, and the MiB that the step took; or with "-" where PyTorch has no
such model. `--save PATH.pth PATH.safetensors` writes VGG-19 with weights of chance instead.
"""

import os
import sys
import time

BUDGET = 1.0  # seconds a measurement, at least

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


def rate(step):
    step()
    start, count = time.perf_counter(), 0
    while count < 1 or time.perf_counter() - start < BUDGET:
        step()
        count += 1
    return count / (time.perf_counter() - start)


def peak():
    """The largest memory of this process so far, in MiB."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def measure(model, side, batch, threads):
    import torch

    torch.set_num_threads(threads)
    before = peak()
    net = network(model)
    images = torch.randn(batch, 3, side, side)

    def step():
        net.zero_grad()
        output = net(images)
        # Inception's auxiliary classifier comes beside its output.
        output = output[0] if isinstance(output, tuple) else output
        output.sum().backward()

    training = batch * rate(step)
    memory = peak() - before
    net.eval()
    image = images[:1]
    with torch.inference_mode():
        forward = rate(lambda: net(image))
    return f"{forward} {training} {memory}"


def in_a_process_of_its_own(*arguments):
    """Since memory is that of a process. One that was begun has imported everything."""
    read, write = os.pipe()
    if os.fork() == 0:
        try:
            answer = measure(*arguments)
        except (ImportError, AttributeError, RuntimeError):
            answer = "-"
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        answer = pipe.read()
    os.wait()
    return answer or "-"


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
        import timm  # noqa: F401
        import torchvision  # noqa: F401
    except ImportError:
        pass
    for line in sys.stdin:
        model, side, batch = line.split()
        answer = in_a_process_of_its_own(model, int(side), int(batch), int(sys.argv[1]))
        print(answer, flush=True)


if __name__ == "__main__":
    main()
