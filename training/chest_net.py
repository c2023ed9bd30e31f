"""A small U-Net for three masks of a frontal chest radiograph, its loss and its training loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from chest_images import Film, Image
from drawn_chest import draw_chest, draw_nothing
from film_faults import expose, mirror, move, whiten, widen_heart, write_over
from numpy.random import Generator
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

SIDE = 160
COARSE_SIDE = 96
WIDTHS = (8, 16, 32, 48, 64, 64)


def _two_convolutions(before: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inward in (before, after):
        layers += [nn.Conv2d(inward, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers)


class ChestNet(nn.Module):
    """(N, 1, SIDE, SIDE) in 0..1 to (N, 3, SIDE, SIDE) logits: lung on the image left, on the image right, heart."""

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.down = nn.ModuleList(_two_convolutions(i, o) for i, o in zip((1, *widths[:-1]), widths, strict=True))
        upward = list(reversed(widths))
        self.up = nn.ModuleList(_two_convolutions(i + o, o) for i, o in pairwise(upward))
        self.last = nn.Conv2d(widths[0], 3, 1)

    def forward(self, image: Tensor) -> Tensor:
        kept, x = [], image * 2 - 1
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            kept.append(x)
        for block, skip in zip(self.up, reversed(kept[:-1]), strict=True):
            x = block(torch.cat([functional.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        logits: Tensor = self.last(x)
        return logits


@dataclass(frozen=True)
class Sample:
    """One input of the network with its truth and a weight for each channel."""

    image: Image
    masks: NDArray[np.float32]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """How long and on what mixture a network is trained."""

    steps: int
    coarse: float = 0.72
    """Share of the steps, the first ones, taken on films of COARSE_SIDE, which cost a third."""
    batch: int = 8
    rate: float = 3e-3
    drawn: float = 0.22
    nothing: float = 0.1
    widened: float = 0.6
    """Share of the films with all three outlines whose heart is drawn wider or narrower."""
    half: bool = True
    """Convolutions in bfloat16, a quarter less time where the processor has it; the weights stay single."""
    seed: int = 0


def draw_sample(rng: Generator, films: Sequence[Film], others: Sequence[Image], recipe: Recipe, side: int) -> Sample:
    """A film, a drawn film, or something else; moved, damaged and exposed at random."""
    kind, known = rng.random(), np.ones(3, np.float32)
    if kind < recipe.nothing:
        return _nothing(rng, films, others, side)
    if kind < recipe.nothing + recipe.drawn:
        image, masks = draw_chest(rng, side)
        image, masks = move(rng, image, masks, side, strength=0.5)
    else:
        film = films[int(rng.integers(len(films)))]
        known = np.asarray(film.learn, np.float32)
        image, masks = film.image, film.masks
        if all(film.known) and rng.random() < recipe.widened:
            image, masks = widen_heart(rng, image, masks)
        image, masks = move(rng, image, masks, side)
    if rng.random() < 0.5:
        image, masks = mirror(image, masks)
        known = known[[1, 0, 2]]
    if rng.random() < 0.35:
        image = whiten(rng, image, masks)
    if rng.random() < 0.7:
        image = write_over(rng, image)
    return Sample(expose(rng, image), masks.astype(np.float32), known)


def _nothing(rng: Generator, films: Sequence[Film], others: Sequence[Image], side: int) -> Sample:
    kind, empty = rng.random(), np.zeros((3, side, side), np.uint8)
    if kind < 0.5 and len(others):
        image, _ = move(rng, others[int(rng.integers(len(others)))], empty, side)
    elif kind < 0.8:
        image = draw_nothing(rng, side)
    else:
        film = films[int(rng.integers(len(films)))]
        turned = np.ascontiguousarray(np.rot90(film.image, int(rng.integers(1, 4))))
        image, _ = move(rng, turned, empty, side)
    if rng.random() < 0.5:
        image = write_over(rng, image)
    return Sample(expose(rng, image), empty.astype(np.float32), np.ones(3, np.float32))


def loss_of(logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Binary cross entropy and soft Dice, averaged over the channels whose truth is known."""
    entropy = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none").mean((2, 3))
    guess = torch.sigmoid(logits)
    both = 2 * (guess * truth).sum((2, 3)) + 20
    dice = 1 - both / ((guess + truth).sum((2, 3)) + 20)
    return ((entropy * 2 + dice) * weights).sum() / weights.sum().clamp(min=1)


def train(films: Sequence[Film], others: Sequence[Image], recipe: Recipe) -> ChestNet:
    """Seeded training on the CPU: AdamW, one-cycle learning rate."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    net = ChestNet().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.steps, pct_start=0.15)
    net.train()
    running = 0.0
    for step in range(recipe.steps):
        side = COARSE_SIDE if step < recipe.coarse * recipe.steps else SIDE
        batch = [draw_sample(rng, films, others, recipe, side) for _ in range(recipe.batch)]
        image = torch.from_numpy(np.stack([s.image for s in batch])[:, None]).to(memory_format=torch.channels_last)
        truth, weights = (torch.from_numpy(np.stack(a)) for a in ([s.masks for s in batch], [s.weights for s in batch]))
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half):
            logits = net(image)
        loss = loss_of(logits.float(), truth, weights)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        running = loss.item() if not step else 0.98 * running + 0.02 * loss.item()
        if step % 100 == 99:
            print(f"  step {step + 1}/{recipe.steps} loss {running:.4f}", flush=True)
    return net.eval()


class _Exported(nn.Module):
    def __init__(self, net: ChestNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> Tensor:
        return torch.sigmoid(self.net(image))


def export(net: ChestNet, path: Path) -> None:
    """Probabilities as ONNX, opset 17, any batch size; weights kept in half precision, computed with in single."""
    path.parent.mkdir(parents=True, exist_ok=True)
    example = torch.zeros(1, 1, SIDE, SIDE)
    wrapped = _Exported(net.to(memory_format=torch.contiguous_format)).eval()
    torch.onnx.export(
        wrapped,
        (example,),
        str(path),
        input_names=["image"],
        output_names=["probability"],
        dynamic_axes={"image": {0: "n"}, "probability": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    halve(path)


def halve(path: Path) -> None:
    """Rewrites the file with every large weight stored as float16 behind a cast to float32."""
    model = onnx.load(path)
    graph, casts, kept = model.graph, [], []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < 64:
            kept.append(weight)
            continue
        kept.append(numpy_helper.from_array(values.astype(np.float16), weight.name + "_half"))
        casts.append(helper.make_node("Cast", [weight.name + "_half"], [weight.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)
