"""Gradient of and products with the Hessian of a tf.GraphModel by PyTorch: the reference of `npm run test:models`.

python3 test/models/graph_model.py DIRECTORY float64 [float32] [float64-rounded-SEED]

DIRECTORY has problem.json (the path of model.json, or nodes and constants; names of the output nodes and of the parameters, and
for each input and direction its file) as test/models/check.ts writes it. The nodes are evaluated here one by one, from what the
documentation of TensorFlow says of their kernels, and differentiated twice by torch.autograd. Writes float64.bin, computed in that
type, and likewise float32.bin: the loss, the gradient and the products one after the other, as float64 numbers. `-rounded-SEED` computes with
operands that are off at random by what rounding to float32 takes away.
"""
import base64
import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F


def attribute(node, name, default=None):
    """The value of an attribute as model.json has it: bytes in base64, integers as text."""
    entry = node.get("attr", {}).get(name)
    if entry is None:
        return default
    if "s" in entry:
        return text(entry["s"])
    if "list" in entry:
        entries = entry["list"]
        if "s" in entries:
            return [text(each) for each in entries["s"]]
        return [int(each) for each in entries.get("i", [])]
    if "i" in entry:
        return int(entry["i"])
    if "shape" in entry:
        return [int(dim["size"]) for dim in entry["shape"].get("dim", [])]
    return next(iter(entry.values()))


def text(encoded):
    # The converter writes base64; an older one lists the bytes.
    return bytes(encoded).decode() if isinstance(encoded, list) else base64.b64decode(encoded).decode()


def read_weights(path, manifest):
    """Constants by name, dequantised in float32 as TensorFlow.js does, each as a NumPy array."""
    constants = {}
    for group in manifest:
        data = b"".join((path.parent / shard).read_bytes() for shard in group["paths"])
        at = 0
        for spec in group["weights"]:
            size = math.prod(spec["shape"])
            quantization = spec.get("quantization")
            stored = np.dtype({"bool": "u1"}.get((quantization or spec)["dtype"], (quantization or spec)["dtype"]))
            values = np.frombuffer(data, stored, size, at)
            at += size * stored.itemsize
            if quantization and stored.kind == "u":
                values = values * quantization["scale"] + quantization["min"]
            kind = {"float32": np.float32, "int32": np.int64, "bool": bool}[spec["dtype"]]
            constants[spec["name"]] = values.astype(kind).reshape(spec["shape"])
    return constants


def to_channels_first(x):
    return x.permute(0, 3, 1, 2)


def to_channels_last(x):
    return x.permute(0, 2, 3, 1)


def amounts(node, x, window):
    """Padding before and after rows and columns, and the strides and dilations, of a window on [n, c, h, w]."""
    strides = attribute(node, "strides")[1:3]
    dilations = (attribute(node, "dilations") or [1, 1, 1, 1])[1:3]
    padding = attribute(node, "padding")
    if padding == "EXPLICIT":
        before = attribute(node, "explicit_paddings")[2:6]
        return [before[2], before[3], before[0], before[1]], strides, dilations
    pads = []
    for size, extent, stride, dilation in zip(x.shape[2:], window, strides, dilations):
        reach = (extent - 1) * dilation + 1
        total = max((-(-size // stride) - 1) * stride + reach - size, 0) if padding == "SAME" else 0
        pads = [total // 2, total - total // 2] + pads
    return pads, strides, dilations


def convolution(node, x, weights):
    x = to_channels_first(x)
    pads, strides, dilations = amounts(node, x, weights.shape[:2])
    y = F.conv2d(F.pad(x, pads), weights.permute(3, 2, 0, 1).contiguous(), stride=strides, dilation=dilations)
    return to_channels_last(y)


def depthwise(node, x, weights):
    x = to_channels_first(x)
    pads, strides, dilations = amounts(node, x, weights.shape[:2])
    height, width, channels, multiplier = weights.shape
    kernels = weights.permute(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    y = F.conv2d(F.pad(x, pads), kernels, stride=strides, dilation=dilations, groups=channels)
    return to_channels_last(y)


def transposed_convolution(node, shape, weights, dy):
    _, height, width, _ = (int(size) for size in shape)
    strides = attribute(node, "strides")[1:3]
    full = F.conv_transpose2d(to_channels_first(dy), weights.permute(3, 2, 0, 1), stride=strides)
    crops = []
    for size, given, extent, stride in zip((height, width), dy.shape[1:3], weights.shape[:2], strides):
        total = max((given - 1) * stride + extent - size, 0) if attribute(node, "padding") == "SAME" else 0
        crops.append(total // 2)
    down, across = crops
    rest = [0, max(0, width + across - full.shape[3]), 0, max(0, height + down - full.shape[2])]
    full = F.pad(full, rest)
    return to_channels_last(full[:, :, down : down + height, across : across + width])


def pooling(pool, border):
    def run(node, x):
        x = to_channels_first(x)
        window = attribute(node, "ksize")[1:3]
        pads, strides, _ = amounts(node, x, window)
        return to_channels_last(pool(F.pad(x, pads, value=border), window, strides))

    return run


def mean_pool(node, x):
    x = to_channels_first(x)
    window = attribute(node, "ksize")[1:3]
    pads, strides, _ = amounts(node, x, window)
    sums = F.avg_pool2d(F.pad(x, pads), window, strides)
    # What lies outside does not count.
    counts = F.avg_pool2d(F.pad(torch.ones_like(x), pads), window, strides)
    return to_channels_last(sums / counts)


def places(node, size, target):
    """The matrix [target, size] of linear interpolation along one axis."""
    corners, centres = attribute(node, "align_corners", False), attribute(node, "half_pixel_centers", False)
    step = (size - 1) / (target - 1) if corners and target > 1 else size / target
    matrix = torch.zeros(target, size)
    for i in range(target):
        # TensorFlow finds the places in float32.
        at = float(np.float32(i) * np.float32(step)) if not centres else (i + 0.5) * step - 0.5
        at = min(max(at, 0.0), size - 1)
        low = math.floor(at)
        high = min(low + 1, size - 1)
        matrix[i, low] += 1 - (at - low)
        matrix[i, high] += at - low
    return matrix


def resize(node, x, size):
    rows, columns = (int(each) for each in size)
    down, across = places(node, x.shape[1], rows), places(node, x.shape[2], columns)
    return torch.einsum("ih,jw,nhwc->nijc", down, across, x)


def nearest(node, x, size):
    def indices(length, target):
        corners, centres = attribute(node, "align_corners", False), attribute(node, "half_pixel_centers", False)
        step = (length - 1) / (target - 1) if corners and target > 1 else length / target
        at = [(i + (0.5 if centres else 0)) * step for i in range(target)]
        # Halves are rounded up, where Python rounds to even numbers.
        return torch.tensor([min(length - 1, math.floor(each + 0.5 if corners else each)) for each in at])

    rows, columns = (int(each) for each in size)
    return x[:, indices(x.shape[1], rows)][:, :, indices(x.shape[2], columns)]


def activation(node, name, x, alpha=None):
    return {
        "Relu": lambda: F.relu(x),
        "Relu6": lambda: torch.clamp(F.relu(x), max=6),
        "Elu": lambda: F.elu(x),
        "Sigmoid": lambda: torch.sigmoid(x),
        "Prelu": lambda: prelu(node, x, alpha),
        "LeakyRelu": lambda: F.leaky_relu(x, attribute(node, "leakyrelu_alpha", attribute(node, "alpha", 0.2))),
    }[name]()


def prelu(_, x, alpha):
    return torch.where(x > 0, x, alpha * x)


def fused(product):
    def run(node, a, b, *rest):
        y = product(node, a, b)
        rest = list(rest)
        for name in attribute(node, "fused_ops", []):
            if name == "BiasAdd":
                y = y + rest.pop(0)
            else:
                y = activation(node, name, y, *rest)
        return y

    return run


def matrices(node, a, b):
    if attribute(node, "transpose_a", attribute(node, "adj_x", False)):
        a = a.transpose(-1, -2)
    if attribute(node, "transpose_b", attribute(node, "adj_y", False)):
        b = b.transpose(-1, -2)
    return a @ b


def reduction(reduce):
    def run(node, x, axes):
        dims = [int(axis) % x.dim() for axis in axes.reshape(-1)] if x.dim() > 0 else []
        keep = attribute(node, "keep_dims", False)
        return reduce(x, dims, keep) if dims else x

    return run


def top_k(_, x, k):
    """Of equal numbers the first, as TensorFlow says; torch.topk takes any."""
    return tuple(part[..., : int(k)] for part in x.sort(dim=-1, descending=True, stable=True))


def product_over(x, dims, keep):
    for dim in sorted(dims, reverse=True):
        x = x.prod(dim, keepdim=keep)
    return x


def strided_slice(node, x, begin, end, strides):
    masks = [attribute(node, f"{name}_mask", 0) for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")]
    begin_mask, end_mask, ellipsis, new_axis, shrink = masks
    index = []
    for i, (first, last, stride) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist())):
        bit = 1 << i
        if ellipsis & bit:
            index.append(Ellipsis)
        elif new_axis & bit:
            index.append(None)
        elif shrink & bit:
            index.append(first)
        else:
            index.append(slice(None if begin_mask & bit else first, None if end_mask & bit else last, stride))
    for each in index:
        if isinstance(each, slice) and each.step < 0:
            raise NotImplementedError("StridedSlice backward")
    return x[tuple(index)]


def pad(node, x, paddings, value=0):
    flat = [int(each) for pair in reversed(paddings.tolist()) for each in pair]
    return F.pad(x, flat, value=float(value))


def depth_to_space(node, x):
    block = attribute(node, "block_size")
    n, h, w, c = x.shape
    depth = c // block**2
    y = x.reshape(n, h, w, block, block, depth).permute(0, 1, 3, 2, 4, 5)
    return y.reshape(n, h * block, w * block, depth)


def space_to_batch(node, x, block, paddings):
    blocks, m = block.tolist(), len(block)
    x = pad(node, x, torch.tensor([[0, 0], *paddings.tolist(), *[[0, 0]] * (x.dim() - m - 1)]))
    n, *sizes = x.shape
    parts = [n]
    for size, b in zip(sizes, blocks):
        parts += [size // b, b]
    y = x.reshape(*parts, *sizes[m:])
    inner, outer = [2 + 2 * i for i in range(m)], [1 + 2 * i for i in range(m)]
    y = y.permute(*inner, 0, *outer, *range(1 + 2 * m, y.dim()))
    return y.reshape(n * math.prod(blocks), *[size // b for size, b in zip(sizes, blocks)], *sizes[m:])


def batch_to_space(_, x, block, crops):
    blocks, m = block.tolist(), len(block)
    n, *sizes = x.shape
    y = x.reshape(*blocks, n // math.prod(blocks), *sizes)
    order = [m]
    for i in range(m):
        order += [m + 1 + i, i]
    y = y.permute(*order, *range(2 * m + 1, y.dim()))
    y = y.reshape(n // math.prod(blocks), *[size * b for size, b in zip(sizes, blocks)], *sizes[m:])
    window = [slice(low, y.shape[1 + i] - high) for i, (low, high) in enumerate(crops.tolist())]
    return y[(slice(None), *window)]


def gather(node, x, indices, axis=0):
    batched = attribute(node, "batch_dims", 0)
    return gather_along(x, indices, int(axis) % x.dim(), batched % indices.dim() if batched else 0)


def gather_along(x, indices, axis, batched):
    if batched:
        return torch.stack([gather_along(*each, axis - 1, batched - 1) for each in zip(x, indices)])
    y = x.index_select(axis, indices.reshape(-1))
    return y.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def sparse_to_dense(_, indices, shape, values, default):
    dense = torch.full(tuple(shape.tolist()), 0, dtype=values.dtype) + default
    where = indices.reshape(-1, len(shape))
    return dense.index_put(tuple(where.T), values)


def cast(node, x):
    target = node["attr"]["DstT"]["type"]
    if target == "DT_FLOAT":
        return x.to(torch.get_default_dtype())
    return x.to({"DT_INT32": torch.int64, "DT_INT64": torch.int64, "DT_UINT8": torch.int64, "DT_BOOL": torch.bool}[target])


def select(_, condition, a, b):
    while condition.dim() not in (0, a.dim()):
        condition = condition.unsqueeze(-1)
    return torch.where(condition, a, b)


def squeeze(node, x):
    dims = attribute(node, "squeeze_dims") or attribute(node, "axis") or []
    dims = [dim % x.dim() for dim in dims] or [dim for dim, size in enumerate(x.shape) if size == 1]
    return x.reshape([size for dim, size in enumerate(x.shape) if dim not in dims])


def batch_norm(node, x, scale, offset, mean, variance):
    return (x - mean) * torch.rsqrt(variance + attribute(node, "epsilon", 1e-3)) * scale + offset


OPS = {
    "Identity": lambda node, x, *_: x,
    "StopGradient": lambda node, x: x.detach(),
    "NoOp": lambda node, *_: torch.tensor(0.0),
    "Conv2D": convolution,
    "_FusedConv2D": fused(convolution),
    "DepthwiseConv2dNative": depthwise,
    "FusedDepthwiseConv2dNative": fused(depthwise),
    "Conv2DBackpropInput": transposed_convolution,
    "MatMul": matrices,
    "BatchMatMul": matrices,
    "BatchMatMulV2": matrices,
    "_FusedMatMul": fused(matrices),
    "BiasAdd": lambda node, x, bias: x + bias,
    "Add": lambda node, a, b: a + b,
    "AddV2": lambda node, a, b: a + b,
    "AddN": lambda node, *parts: sum(parts),
    "Sub": lambda node, a, b: a - b,
    "Mul": lambda node, a, b: a * b,
    "RealDiv": lambda node, a, b: a / b,
    "FloorDiv": lambda node, a, b: torch.div(a, b, rounding_mode="floor"),
    "FloorMod": lambda node, a, b: torch.remainder(a, b),
    # Where both are equal the gradient is the first one's, as TensorFlow has it; PyTorch's is half of each.
    "Maximum": lambda node, a, b: torch.where(a >= b, a, b),
    "Minimum": lambda node, a, b: torch.where(a <= b, a, b),
    "SquaredDifference": lambda node, a, b: (a - b).square(),
    "Pow": lambda node, a, b: torch.pow(a, b),
    "Atan2": lambda node, a, b: torch.atan2(a, b),
    "Relu": lambda node, x: F.relu(x),
    "Relu6": lambda node, x: torch.clamp(F.relu(x), max=6),
    "ClipByValue": lambda node, x, low, high: torch.clamp(x, float(low), float(high)),
    "Elu": lambda node, x: F.elu(x),
    "LeakyRelu": lambda node, x: F.leaky_relu(x, attribute(node, "alpha", 0.2)),
    "Prelu": prelu,
    "Sigmoid": lambda node, x: torch.sigmoid(x),
    "Tanh": lambda node, x: torch.tanh(x),
    "Exp": lambda node, x: torch.exp(x),
    "Log": lambda node, x: torch.log(x),
    "Sqrt": lambda node, x: torch.sqrt(x),
    "Rsqrt": lambda node, x: torch.rsqrt(x),
    "Square": lambda node, x: x.square(),
    "Abs": lambda node, x: x.abs(),
    "Neg": lambda node, x: -x,
    "Reciprocal": lambda node, x: 1 / x,
    "Cos": lambda node, x: torch.cos(x),
    "Sin": lambda node, x: torch.sin(x),
    "Floor": lambda node, x: torch.floor(x),
    "Ceil": lambda node, x: torch.ceil(x),
    "FusedBatchNormV3": batch_norm,
    "Softmax": lambda node, x: torch.softmax(x, -1),
    "MaxPool": pooling(F.max_pool2d, -math.inf),
    "AvgPool": mean_pool,
    "Mean": reduction(lambda x, dims, keep: x.mean(dims, keepdim=keep)),
    "Sum": reduction(lambda x, dims, keep: x.sum(dims, keepdim=keep)),
    "Max": reduction(lambda x, dims, keep: x.amax(dims, keepdim=keep)),
    "Min": reduction(lambda x, dims, keep: x.amin(dims, keepdim=keep)),
    "Prod": reduction(product_over),
    "ArgMax": lambda node, x, axis: x.argmax(int(axis)),
    "TopKV2": top_k,
    "ResizeBilinear": resize,
    "ResizeNearestNeighbor": nearest,
    "DepthToSpace": depth_to_space,
    "SpaceToBatchND": space_to_batch,
    "BatchToSpaceND": batch_to_space,
    "Pad": pad,
    "PadV2": pad,
    "Reshape": lambda node, x, shape: x.reshape(shape.tolist()),
    "Transpose": lambda node, x, order: x.permute(order.tolist()),
    "ExpandDims": lambda node, x, axis: x.unsqueeze(int(axis)),
    "Squeeze": squeeze,
    "Shape": lambda node, x: torch.tensor(x.shape),
    "Size": lambda node, x: torch.tensor(x.numel()),
    "Pack": lambda node, *parts: torch.stack(parts, attribute(node, "axis", 0)),
    "Unpack": lambda node, x: x.unbind(attribute(node, "axis", 0)),
    "ConcatV2": lambda node, *parts: torch.cat(parts[:-1], int(parts[-1])),
    "Split": lambda node, axis, x: x.chunk(attribute(node, "num_split"), int(axis)),
    "SplitV": lambda node, x, sizes, axis: x.split(sizes.tolist(), int(axis)),
    "Slice": lambda node, x, begin, size: x[
        tuple(slice(b, None if s < 0 else b + s) for b, s in zip(begin.tolist(), size.tolist()))
    ],
    "StridedSlice": strided_slice,
    "GatherV2": gather,
    "GatherNd": lambda node, x, indices: x[tuple(indices.unbind(-1))],
    "SparseToDense": sparse_to_dense,
    "Tile": lambda node, x, reps: x.repeat(*reps.tolist()),
    "BroadcastTo": lambda node, x, shape: x.expand(*shape.tolist()),
    "Fill": lambda node, shape, value: value.expand(*shape.tolist()),
    "Range": lambda node, start, end, step: torch.arange(start.item(), end.item(), step.item()),
    "ZerosLike": lambda node, x: torch.zeros_like(x),
    "Cast": cast,
    "Equal": lambda node, a, b: a == b,
    "Less": lambda node, a, b: a < b,
    "LessEqual": lambda node, a, b: a <= b,
    "Greater": lambda node, a, b: a > b,
    "GreaterEqual": lambda node, a, b: a >= b,
    "LogicalAnd": lambda node, a, b: a & b,
    "LogicalOr": lambda node, a, b: a | b,
    "LogicalNot": lambda node, a: ~a,
    "Select": select,
    "SelectV2": lambda node, condition, a, b: torch.where(condition, a, b),
}


class Rounded(torch.autograd.Function):
    """Numbers with random relative errors of the size that rounding to float32 makes, and so their derivatives."""

    @staticmethod
    def forward(ctx, x):
        return x * (1 + 2**-24 * (2 * torch.rand_like(x) - 1))

    @staticmethod
    def backward(ctx, dy):
        return Rounded.apply(dy)


class Graph:
    def __init__(self, nodes, values, is_rounded):
        self.nodes = {node["name"]: node for node in nodes}
        self.values = dict(values)
        self.is_rounded = is_rounded

    def tensor(self, reference):
        """What `name:1` stands for; every node is evaluated once."""
        name, _, index = reference.partition(":")
        for each in self.needed(name):
            node = self.nodes[each]
            inputs = [self.operand(ref) for ref in node.get("input", []) if not ref.startswith("^")]
            if node["op"] not in OPS:
                raise NotImplementedError(f"{node['op']} (node {each})")
            self.values[each] = OPS[node["op"]](node, *inputs)
        return self.pick(reference)

    def operand(self, reference):
        value = self.pick(reference)
        return Rounded.apply(value) if self.is_rounded and value.is_floating_point() else value

    def pick(self, reference):
        name, _, index = reference.partition(":")
        value = self.values[name]
        return value[int(index or 0)] if isinstance(value, tuple) else value

    def needed(self, name):
        """Nodes to evaluate, those before others that use them; without recursion, graphs are deep."""
        order, seen, stack = [], set(), [(name, False)]
        while stack:
            each, done = stack.pop()
            if done:
                order.append(each)
            elif each not in self.values and each not in seen:
                seen.add(each)
                stack.append((each, True))
                for reference in self.nodes[each].get("input", []):
                    if not reference.startswith("^"):
                        stack.append((reference.partition(":")[0], False))
        return order


def products(problem, directory, dtype, is_rounded):
    torch.set_default_dtype(dtype)

    def stored(given):
        data = np.fromfile(directory / given["file"], np.float32).reshape(given["shape"])
        return torch.from_numpy(data).to({"float32": dtype, "int32": torch.int64, "bool": torch.bool}[given["dtype"]])

    values, model = {}, problem
    if "model" in problem:
        path = pathlib.Path(problem["model"])
        model = json.loads(path.read_text())
        for name, value in read_weights(path, model["weightsManifest"]).items():
            tensor = torch.from_numpy(value.copy())
            values[name] = tensor.to(dtype) if tensor.dtype == torch.float32 else tensor
    else:
        values = {name: stored(given) for name, given in problem["constants"].items()}
    nodes = problem.get("nodes") or model["modelTopology"]["node"]
    signature = model.get("signature") or (model.get("userDefinedMetadata") or {}).get("signature") or {}

    def node_of(kind, name):
        """The node that an input or output of the model's signature stands for."""
        return signature.get(kind, {}).get(name, {"name": name})["name"]

    for name, given in problem["inputs"].items():
        values[node_of("inputs", name).partition(":")[0]] = stored(given)
    parameters = [values[name].requires_grad_() for name in problem["parameters"]]
    graph = Graph(nodes, values, is_rounded)
    outputs = [graph.tensor(node_of("outputs", name)) for name in problem["outputs"]]
    floats = [output for output in outputs if output.dtype.is_floating_point]
    loss = sum(torch.log(1 + output.square()).mean() for output in floats)
    loss = loss + sum(graph.tensor(name) for name in problem.get("penalties", []))
    gradients = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True)
    pairs = [(g, i) for i, g in enumerate(gradients) if g is not None and g.requires_grad]
    columns = []
    for file in problem["directions"]:
        flat = torch.from_numpy(np.fromfile(directory / file, np.float32)).to(dtype)
        directions = [part.reshape(p.shape) for part, p in zip(flat.split([p.numel() for p in parameters]), parameters)]
        product = sum((g * directions[i]).sum() for g, i in pairs)
        parts = torch.autograd.grad(product, parameters, retain_graph=True, allow_unused=True)
        columns.append(
            torch.cat([(torch.zeros_like(p) if part is None else part).reshape(-1) for part, p in zip(parts, parameters)])
        )
    gradient = torch.cat([(torch.zeros_like(p) if g is None else g).reshape(-1) for g, p in zip(gradients, parameters)])
    return [each.detach().numpy().astype(np.float64) for each in (loss.reshape(1), gradient, *columns)]


def main():
    directory = pathlib.Path(sys.argv[1])
    problem = json.loads((directory / "problem.json").read_text())
    torch.set_num_threads(1)
    for name in sys.argv[2:]:
        dtype, _, seed = name.partition("-rounded-")
        torch.manual_seed(int(seed or 0))
        columns = products(problem, directory, getattr(torch, dtype), bool(seed))
        np.concatenate(columns).tofile(directory / f"{name}.bin")


main()
