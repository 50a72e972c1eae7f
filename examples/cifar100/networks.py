"""The networks by name: a small one of our own, and every classifier of torchvision."""

from __future__ import annotations

import torch
from torch import nn

from pictures import CLASSES


def small() -> nn.Module:
    """Three convolutions: learns something on a processor, too."""
    def stage(before: int, after: int) -> list[nn.Module]:
        return [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(*stage(3, 16), *stage(16, 32), *stage(32, 64), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(64, CLASSES))


def make(name: str) -> nn.Module:
    """The network, with new weights.

    Args:
        name: "small", or a name that torchvision knows, such as "shufflenet_v2_x0_5" or "resnet18".

    Raises:
        ValueError: nobody knows the name.
    """
    if name == "small":
        return small()
    import torchvision

    if name not in torchvision.models.list_models(module=torchvision.models):
        raise ValueError(f'--network: expected small or a classifier of torchvision such as shufflenet_v2_x0_5, found "{name}"')
    network: torch.nn.Module = torchvision.models.get_model(name, weights=None, num_classes=CLASSES)
    return network
