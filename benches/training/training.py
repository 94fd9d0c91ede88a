"""Steps of training as PyTorch users would write them.

Reads lines of "model batch", answers each with images a second, or with "-"
where PyTorch is not installed. main.rs asks.
"""

import sys
import time

THREADS = int(sys.argv[1])
BUDGET = 4.0  # seconds a measurement


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


def vgg19():
    from torch import nn

    layers, channels = [], 3
    for width, count in [(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)]:
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


MODELS = {
    "digit-net-small": lambda: digit_net(3, 1, [16, 32, 64], [128]),
    "digit-net": lambda: digit_net(5, 0, [64, 128], [1024, 1024]),
    "vgg19": vgg19,
}


def steps(model, batch):
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(THREADS)
    network = MODELS[model]()
    adam = torch.optim.Adam(network.parameters())
    images = torch.randn(batch, 3, 32, 32)
    labels = torch.arange(batch) % 10

    def step():
        adam.zero_grad()
        cross_entropy(network(images), labels).backward()
        adam.step()

    step()
    count, start = 0, time.perf_counter()
    while count < 3 or time.perf_counter() < start + BUDGET:
        step()
        count += 1
    return count * batch / (time.perf_counter() - start)


for line in sys.stdin:
    model, batch = line.split()
    try:
        print(steps(model, int(batch)), flush=True)
    except ImportError:
        print("-", flush=True)
