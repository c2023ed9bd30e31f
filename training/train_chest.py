# /// script
# requires-python = ">=3.11"
# dependencies = ["readingroom", "torch>=2.6", "onnx>=1.17"]
# [tool.uv.sources]
# readingroom = { path = ".." }
# ///
"""Trains and cross-validates the chest network: lung on the image left, lung on the image right, heart.

python training/train_chest.py --data ../shared/data            the fold networks (out/chest_folds) and the shipped one
python training/train_chest.py --data ../shared/data --score    their table, out of fold, and chest_cv.json
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import cv2
import torch
from chest_images import Film, Image, read_films, read_others
from chest_net import Recipe, export, train
from score_chest import score

from readingroom.tools.backends.classical.chest import open_network

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parent / "tools" / "backends" / "classical" / "chest.onnx"
FOLD_FOLDER = HERE.parent / "out" / "chest_folds"
FOLDS = 5
STEPS = 1500
"""Batches of eight, for each fold network and for the shipped one alike."""


def fold_of(position: int) -> int:
    """Cases in the order of their names are dealt to the folds in turn."""
    return position % FOLDS


def fold_path(folder: Path, fold: int) -> Path:
    return folder / f"chest_fold{fold}.onnx"


def script_digest() -> str:
    """SHA-256 over the sources and outlines that decide what a network becomes."""
    digest = hashlib.sha256()
    for name in ("chest_images.py", "drawn_chest.py", "film_faults.py", "chest_net.py", "heart_outlines.json"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def train_fold(films: list[Film], others: list[tuple[str, Image]], fold: int, recipe: Recipe, folder: Path) -> None:
    """One network that has seen no film and no other picture of `fold`."""
    kept = [film for at, film in enumerate(films) if fold_of(at) != fold and film.trainable]
    rest = [image for at, (_, image) in enumerate(others) if fold_of(at) != fold]
    print(f"fold {fold}: {len(kept)} films, {len(rest)} other pictures", flush=True)
    export(train(kept, rest, recipe), fold_path(folder, fold))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with dev/manifest.csv")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="where the shipped network goes")
    parser.add_argument("--folds", type=Path, default=FOLD_FOLDER, help="the fold networks (not committed)")
    parser.add_argument("--only", default="0,1,2,3,4,shipped", help="which networks to train")
    parser.add_argument("--steps", type=int, default=STEPS, help="batches of eight for each network")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--score", action="store_true", help="do not train: measure the fold networks, out of fold")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    torch.set_flush_denormal(True)
    cv2.setNumThreads(1)
    films, others = read_films(asked.data), read_others(asked.data)
    if asked.score:
        networks = [open_network(fold_path(asked.folds, fold).read_bytes()) for fold in range(FOLDS)]
        origin = {"seed": asked.seed, "folds": FOLDS, "steps": asked.steps, "sources_sha256": script_digest()}
        score(films, others, networks, origin, HERE / "chest_cv.json")
        return
    for name in asked.only.split(","):
        if name == "shipped":
            recipe = Recipe(steps=asked.steps, seed=asked.seed + FOLDS)
            export(train([f for f in films if f.trainable], [image for _, image in others], recipe), asked.out)
        else:
            recipe = Recipe(steps=asked.steps, seed=asked.seed + int(name))
            train_fold(films, others, int(name), recipe, asked.folds)


if __name__ == "__main__":
    main()
