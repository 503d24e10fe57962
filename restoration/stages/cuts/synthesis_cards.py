"""Cards with writing, printed or by hand, to fit the evidence for intertitles on."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restoration.stages.cuts.synthesis import HEIGHT, WIDTH, Draw, Shot

_PRINTED = (
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_SIMPLEX,
)
_BY_HAND = (cv2.FONT_HERSHEY_SCRIPT_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)
_LETTERS = "aaabcdeeeefghiiijklmnnnooopqrrrsssttttuvwxyz"

Drawn = npt.NDArray[np.float32]


def make_card(count: int, rng: Draw) -> Shot:
    """`count` frames of one card that stands still, with grain, or weave, or light that changes."""
    card = _card(rng)
    grain, weave = float(rng.choice([1.0, 3.0, 6.0])), float(rng.choice([0.0, 0.0, 0.4]))
    flicker = float(rng.choice([0.0, 0.03, 0.15]))
    made = []
    for _ in range(count):
        x, y = rng.normal(0, weave, 2)
        moved = cv2.warpAffine(
            card, np.array([[1, 0, x], [0, 1, y]]), (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE
        )
        lit = moved * (1 + rng.normal(0, flicker)) + rng.normal(0, grain, moved.shape)
        made.append(np.repeat(np.clip(lit, 0, 255).astype(np.uint8)[..., None], 3, axis=2))
    return np.stack(made)


def _card(rng: Draw) -> Drawn:
    """(240, 320), dark on light or light on dark, sometimes between bars or in a frame."""
    is_dark_on_light = rng.random() < 0.5
    paper, ink = (
        (rng.uniform(110, 235), rng.uniform(5, 70))
        if is_dark_on_light
        else (rng.uniform(4, 60), rng.uniform(130, 250))
    )
    card = np.full((HEIGHT, WIDTH), paper, np.float32)
    mottled = cv2.GaussianBlur(rng.standard_normal(card.shape).astype(np.float32), (0, 0), 12)
    card += mottled / mottled.std() * float(rng.uniform(0, 5))
    if rng.random() < 0.3:
        cv2.rectangle(card, (14, 14), (WIDTH - 15, HEIGHT - 15), ink, int(rng.integers(1, 3)))
    card = _written(card, float(ink), rng)
    if rng.random() < 0.35:
        bar = int(rng.integers(20, 70))
        card[:, :bar] = card[:, WIDTH - bar :] = rng.uniform(0, 14)
    return np.asarray(cv2.GaussianBlur(card, (0, 0), float(rng.uniform(0.3, 0.9))), np.float32)


def _written(card: Drawn, ink: float, rng: Draw) -> Drawn:
    """One to seven lines of made-up words, all straight or all a little aslant."""
    by_hand = rng.random() < 0.4
    font = int(rng.choice(_BY_HAND if by_hand else _PRINTED))
    size = float(rng.uniform(0.4, 0.9))
    lines, step = int(rng.integers(1, 8)), int(36 * size + rng.integers(2, 10))
    slant = float(rng.normal(0, 1.5)) if by_hand else 0.0
    layer = np.zeros((HEIGHT, WIDTH), np.uint8)
    top = max(24, HEIGHT // 2 - lines * step // 2)
    for line in range(lines):
        if top + line * step > HEIGHT - 12:
            break
        text = _words(int(rng.uniform(0.4, 0.75) * WIDTH / (17 * size)), rng)
        (wide, _), _ = cv2.getTextSize(text, font, size, 1)
        left = 75 if by_hand else max(4, (WIDTH - wide) // 2)
        thick = 2 if size > 0.65 and rng.random() < 0.5 else 1
        at = (left, top + line * step)
        cv2.putText(layer, text, at, font, size, 255, thick, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), slant, 1.0)
    share = cv2.warpAffine(layer, turn, (WIDTH, HEIGHT)).astype(np.float32) / 255
    return np.asarray(card + share * (ink - card), np.float32)


def _words(length: int, rng: Draw) -> str:
    letters = "".join(rng.choice(list(_LETTERS), max(length, 4)))
    made, at = [], 0
    while at < len(letters):
        step = int(rng.integers(2, 9))
        made.append(letters[at : at + step])
        at += step
    text = " ".join(made)
    return text.upper() if rng.random() < 0.3 else text.capitalize()
