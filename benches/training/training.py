"""Steps of training, and inference, as PyTorch users would write them.

Reads lines of "model side batch mode", answers each with images a second in the
faster of PyTorch's two layouts, or with "-" where PyTorch is not installed. main.rs
asks.
"""

import sys
import time

THREADS = int(sys.argv[1])
BUDGET = 2.0  # seconds a measurement


def digit_net(kernel, padding, convolutions, hidden):
    from torch import nn

    layers, channels, side = [], 3, 32
    for width in convolutions:
        layers += [nn.Conv2d(channels, width, kernel, padding=padding), nn.ReLU(), nn.MaxPool2d(2)]
        channels, side = width, (side + 2 * padding + 1 - kernel) // 2
    layers.append(nn.Flatten())
    inputs = channels * side * side
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 10))


def head(channels):
    from torch import nn

    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]


def vgg19():
    from torch import nn

    layers, channels = [], 3
    for width, count in [(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)]:
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, *head(512))


def convolution(inputs, outputs, kernel, stride, groups=1):
    from torch import nn

    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]


def resnet18():
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            first = convolution(inputs, outputs, 3, stride)
            second = convolution(outputs, outputs, 3, 1)
            self.residual = nn.Sequential(*first, nn.ReLU(inplace=True), *second)
            same = inputs == outputs and stride == 1
            shortcut = [] if same else convolution(inputs, outputs, 1, stride)
            self.shortcut = nn.Sequential(*shortcut)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x):
            return self.relu(self.residual(x) + self.shortcut(x))

    layers = [*convolution(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for stage, width in enumerate([64, 128, 256, 512]):
        for block in range(2):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(Block(channels, width, stride))
            channels = width
    return nn.Sequential(*layers, *head(512))


def mobilenet_v1():
    from torch import nn

    layers = [*convolution(3, 32, 3, 2), nn.ReLU6(inplace=True)]
    channels = 32
    widths = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    for width, stride in zip(widths, strides):
        layers += [*convolution(channels, channels, 3, stride, channels), nn.ReLU6(inplace=True)]
        layers += [*convolution(channels, width, 1, 1), nn.ReLU6(inplace=True)]
        channels = width
    return nn.Sequential(*layers, *head(1024))


MODELS = {
    "digit-net-small": lambda: digit_net(3, 1, [16, 32, 64], [128]),
    "digit-net": lambda: digit_net(5, 0, [64, 128], [1024, 1024]),
    "vgg19": vgg19,
    "resnet18": resnet18,
    "mobilenet-v1": mobilenet_v1,
}


def images_a_second(model, side, batch, mode, layout):
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(THREADS)
    network = MODELS[model]().to(memory_format=layout)
    adam = torch.optim.Adam(network.parameters())
    images = torch.randn(batch, 3, side, side).contiguous(memory_format=layout)
    labels = torch.arange(batch) % 10
    if mode == "inference":
        network.eval()

    def train():
        adam.zero_grad()
        cross_entropy(network(images), labels).backward()
        adam.step()

    def infer():
        with torch.inference_mode():
            network(images)

    step = train if mode == "training" else infer
    for _ in range(2):
        step()
    count, start = 0, time.perf_counter()
    while count < 3 or time.perf_counter() < start + BUDGET:
        step()
        count += 1
    return count * batch / (time.perf_counter() - start)


def best(model, side, batch, mode):
    import torch

    layouts = [torch.contiguous_format, torch.channels_last]
    return max(images_a_second(model, side, batch, mode, layout) for layout in layouts)


for line in sys.stdin:
    model, side, batch, mode = line.split()
    try:
        print(best(model, int(side), int(batch), mode), flush=True)
    except ImportError:
        print("-", flush=True)
