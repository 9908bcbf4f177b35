"""Losses against torch, scikit-learn and the papers' formulas."""

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch.nn import functional

from barwise.models.fitting.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    weighted_mean,
)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(64, 3, generator=generator, dtype=torch.float64) * 3
    return logits.requires_grad_(), torch.randint(0, 3, (64,), generator=generator)


def test_focal_without_focus_is_cross_entropy(batch):
    logits, target = batch
    plain, focal = CrossEntropy(), Focal(0.0, None)
    torch.testing.assert_close(focal.each(logits, target), plain.each(logits, target))
    (one,) = torch.autograd.grad(plain.each(logits, target).sum(), logits)
    (two,) = torch.autograd.grad(focal.each(logits, target).sum(), logits)
    torch.testing.assert_close(two, one)


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_focal_is_the_papers_formula(batch, gamma):
    logits, target = batch
    alpha = (0.2, 0.5, 0.3)
    scores = np.exp(logits.detach().numpy())
    p = (scores / scores.sum(axis=1, keepdims=True))[np.arange(64), target.numpy()]
    expected = -np.array(alpha)[target.numpy()] * (1 - p) ** gamma * np.log(p)
    got = Focal(gamma, alpha).each(logits, target).detach().numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-9)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_focal_has_a_finite_slope_where_the_net_is_sure(gamma):
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    Focal(gamma, None).each(logits, torch.tensor([0, 0])).sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_class_weights_are_those_of_torch(batch):
    logits, target = batch
    weight = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)
    expected = functional.cross_entropy(logits, target, weight=weight)
    got = weighted_mean(CrossEntropy().each(logits, target), weight[target])
    torch.testing.assert_close(got, expected)


def test_binary_loss_belongs_to_its_probabilities():
    logits = torch.tensor([[-3.0], [0.2], [40.0]])
    target = torch.tensor([0, 1, 1])
    loss = BinaryCrossEntropy()
    p = loss.probabilities(logits).numpy()
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp([3.0, -0.2, -40.0])), rtol=1e-6)
    assert loss.each(logits, target).mean().item() == pytest.approx(
        log_loss(target.numpy(), p), rel=1e-6
    )


def test_binary_loss_refuses_three_classes():
    with pytest.raises(ValueError, match="got 3"):
        BinaryCrossEntropy().outputs(3)


@pytest.mark.parametrize("loss", [CrossEntropy(), Focal(2.0, None)])
def test_probabilities_are_a_softmax(loss, batch):
    logits, target = batch
    p = loss.probabilities(logits.float()).detach()
    assert p.dtype == torch.float64
    expected = -np.log(p.numpy()[np.arange(64), target.numpy()])
    np.testing.assert_allclose(
        CrossEntropy().each(logits, target).detach().numpy(), expected, rtol=1e-5
    )
