"""Writes nested_gradients.json: losses that contain gradients, with gradient and Hessian by PyTorch in float64.

python3 test/reference/nested_gradients.py > test/reference/nested_gradients.json

Inputs and parameters are sines, which test/tfjs/nested-gradients.test.ts makes again.
"""
import json

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def waves(shape, phase, scale=1.0):
    size = 1
    for n in shape:
        size *= n
    return (scale * torch.sin(1.7 * torch.arange(size) + phase)).reshape(shape)


def grad(y, xs):
    return torch.autograd.grad(y, xs, create_graph=True)


def critic_loss(parameters):
    """Wasserstein critic with a gradient penalty (Gulrajani et al. 2017): convolutions of stride 2, tanh, elu."""
    k1, b1, k2, w = parameters

    def critic(x):
        y = torch.tanh(F.conv2d(x, k1, stride=2, padding=1) + b1.reshape(1, -1, 1, 1))
        y = F.elu(F.conv2d(y, k2))
        return y.permute(0, 2, 3, 1).reshape(x.shape[0], -1) @ w

    real = waves([3, 5, 5, 1], 0.1).permute(0, 3, 1, 2)
    fake = waves([3, 5, 5, 1], 0.9, 0.5).permute(0, 3, 1, 2)
    mixed = (0.3 * real + 0.7 * fake).requires_grad_()
    slopes = grad(critic(mixed).sum(), mixed)[0]
    norms = slopes.reshape(3, -1).square().sum(1).sqrt()
    return critic(fake).mean() - critic(real).mean() + 10 * (norms - 1).square().mean()


def critic_parameters():
    # [h, w, in, out] as TensorFlow.js has them
    return [waves([3, 3, 1, 2], 0.3, 0.5), waves([2], 0.5, 0.2), waves([2, 2, 2, 2], 0.7, 0.5), waves([8, 1], 0.2, 0.5)]


def as_torch(parameters):
    k1, b1, k2, w = parameters
    return [k1.permute(3, 2, 0, 1), b1, k2.permute(3, 2, 0, 1), w]


def burgers_loss(parameters):
    """Physics-informed network (Raissi et al. 2019): u_t + u u_x - 0.1 u_xx, and initial values."""
    w1, b1, w2, b2, w3 = parameters

    def u(x, t):
        return torch.sigmoid(torch.tanh(torch.cat([x, t], 1) @ w1 + b1) @ w2 + b2) @ w3

    x = waves([7, 1], 0.4).requires_grad_()
    t = waves([7, 1], 1.4, 0.5).requires_grad_()
    y = u(x, t)
    u_x, u_t = grad(y.sum(), [x, t])
    u_xx = grad(u_x.sum(), x)[0]
    residual = u_t + y * u_x - 0.1 * u_xx
    start = u(x, torch.zeros_like(t)) - torch.sin(x)
    return residual.square().mean() + start.square().mean()


def burgers_parameters():
    return [waves([2, 4], 0.3), waves([4], 0.6, 0.3), waves([4, 3], 0.9), waves([3], 1.2, 0.3), waves([3, 1], 1.5)]


def meta_loss(parameters):
    """Two steps of gradient descent inside the loss (Finn, Abbeel & Levine 2017): cross-entropy of a small network."""

    def task(weights, phase):
        w1, b1, w2, b2 = weights
        logits = torch.tanh(waves([6, 2], phase) @ w1 + b1) @ w2 + b2
        labels = torch.tensor([0, 1, 2, 2, 1, 0])
        return F.cross_entropy(logits, labels)

    adapted = list(parameters)
    for _ in range(2):
        slopes = grad(task(adapted, 0.2), adapted)
        adapted = [w - 0.4 * g for w, g in zip(adapted, slopes)]
    return task(adapted, 0.8)


def meta_parameters():
    return [waves([2, 3], 0.1), waves([3], 0.4, 0.3), waves([3, 3], 0.7), waves([3], 1.0, 0.3)]


def exact(loss, parameters):
    shapes = [p.shape for p in parameters]
    sizes = [p.numel() for p in parameters]
    flat = torch.cat([p.reshape(-1) for p in parameters])

    def at(point):
        return loss([part.reshape(shape) for part, shape in zip(torch.split(point, sizes), shapes)])

    point = flat.clone().requires_grad_()
    value = at(point)
    rounded = lambda tensor: [float(f"{v:.9g}") for v in tensor.reshape(-1).tolist()]
    return {
        "loss": value.item(),
        "gradient": rounded(torch.autograd.grad(value, point)[0]),
        "hessian": rounded(torch.autograd.functional.hessian(at, flat)),
    }


print(
    json.dumps(
        {
            "critic": exact(lambda p: critic_loss(as_torch(p)), critic_parameters()),
            "burgers": exact(burgers_loss, burgers_parameters()),
            "meta": exact(meta_loss, meta_parameters()),
        }
    )
)
