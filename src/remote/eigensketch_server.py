"""Serves a linear operator to eigensketch over standard input and output. Needs Python 3.8 and numpy only.

eigensketch starts it by itself:        await pythonOperator('hessian.py:make')
It is also a module for a program of yours, which is then a command for remoteOperator:

    from eigensketch_server import Operator, serve
    serve(Operator((n, n), dtype="float32", matvec=hessian_vector_product, self_adjoint=True))

An operator is anything with a `shape` (m, n) and a product `@` with an (n, b) block of columns, or a function of such
a block with an attribute `shape`. Blocks are numpy arrays; where the operator is a torch tensor or its `dtype` is a torch
dtype (curvlinops), they are torch tensors on its `device`. Optional attributes: `dtype` (otherwise float64), `self_adjoint`,
`psd`, `block_size`, `backend`, `rmatmat(Y)`, and `batches`, a list of pairs (weight, operator) whose weighted sum it is.
A function, or a method `matmat(X, out)`, with a parameter `out` may write the product there and return it, which saves a copy.

What is printed goes to standard error. The protocol is described in docs/remote.md of eigensketch.
"""
import json
import mmap
import os
import signal
import struct
import sys

if sys.version_info < (3, 8):
    sys.exit("eigensketch_server.py needs Python 3.8 or newer, this is " + sys.version)

import inspect
import queue
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

try:
    import numpy as np
except ImportError as error:
    np = None
    NUMPY_ERROR = error

PROTOCOL = 1
MAGIC = b"EIGS"
END = b"\n"
PREFIX = struct.Struct("<4sIQ")
DTYPES = {"float32": "<f4", "float64": "<f8"}
# seconds that an exit of the interpreter may take once nobody is left to serve
GRACE = 5


class Failure(Exception):
    """A failure that has a name in the protocol: argument, shape, numerical, missing, unsupported."""

    def __init__(self, kind, message, trace=""):
        super().__init__(message)
        self.kind = kind
        self.trace = trace


class Operator:
    """An operator from functions: `matvec` of one vector of n numbers, or `matmat` of an (n, b) block, which is faster.

    `rmatmat` is the product with the transpose; `batches` a list of pairs (weight, operator); `dtype` a name, a numpy dtype
    or a torch dtype, in which case the functions get tensors on `device`.
    """

    def __init__(self, shape, dtype="float64", matvec=None, matmat=None, rmatmat=None, self_adjoint=False, psd=False,
                 block_size=None, batches=None, device=None):
        if matvec is None and matmat is None and not batches:
            raise ValueError("Operator: give matvec, matmat or batches")
        self.shape = tuple(shape)
        self.dtype = dtype
        self.self_adjoint = self_adjoint
        self.psd = psd
        self.block_size = block_size
        self.batches = batches
        self.device = device
        self._matvec = matvec
        self._matmat = matmat
        if takes_out(matmat):
            self.matmat = matmat
        if rmatmat is not None:
            self.rmatmat = rmatmat

    def __matmul__(self, X):
        if self._matmat is not None:
            return self._matmat(X)
        if self._matvec is not None:
            columns = [self._matvec(X[:, j]) for j in range(X.shape[1])]
            if is_torch(columns[0]):
                return sys.modules["torch"].stack([column.reshape(-1) for column in columns], dim=1)
            return np.stack([np.asarray(column).reshape(-1) for column in columns], axis=1)
        return sum(weight * multiply(op, X) for weight, op in self.batches)


def open_memory(path, name, size):
    """Memory of the process that asks: a memfd of Linux. Fails on another machine, where anything may be at this path."""
    if os.readlink(path) != "/memfd:%s (deleted)" % name:
        raise OSError("%s is not %s" % (path, name))
    fd = os.open(path, os.O_RDWR)
    try:
        # mmap refuses to map beyond the end
        return np.frombuffer(mmap.mmap(fd, size), np.uint8)
    finally:
        os.close(fd)


def is_torch(value):
    """Whether a value is a torch tensor, or a dtype is one of torch, without importing it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, (torch.Tensor, torch.dtype))


def is_operator(value):
    """Whether a value has a shape: a class whose instances share one is still a function that makes them."""
    return hasattr(value, "shape") and not isinstance(value, type)


def takes_out(function):
    """Whether a function has a parameter `out`."""
    try:
        return "out" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def product_into(op):
    """The function by which an operator writes a product where it is wanted, if it has one."""
    if isinstance(op, np.ndarray):
        return lambda X, out: np.matmul(op, X, out=out)
    function = getattr(op, "matmat", op)
    return function if takes_out(function) else None


def multiply(op, X):
    """A X for whatever counts as an operator."""
    return op @ X if hasattr(op, "__matmul__") else op(X)


def multiply_adjoint(op, Y):
    """A^T Y."""
    if hasattr(op, "rmatmat"):
        return op.rmatmat(Y)
    if hasattr(op, "T"):
        return op.T @ Y
    if hasattr(op, "adjoint"):
        return op.adjoint() @ Y
    return multiply(op, Y)


def has_adjoint(op):
    """Whether multiply_adjoint can work. A SciPy LinearOperator made without rmatvec has the method all the same."""
    private = ["_CustomLinearOperator__%s_impl" % name for name in ("rmatvec", "rmatmat")]
    if all(getattr(op, name, op) is None for name in private):
        return False
    return any(hasattr(op, name) for name in ("rmatmat", "T", "adjoint"))


class Served:
    """An operator with what the protocol says about it."""

    def __init__(self, op):
        self.op = op
        shape = getattr(op, "shape", None)
        try:
            self.shape = tuple(int(size) for size in shape)
        except TypeError:
            self.shape = ()
        if len(self.shape) != 2 or min(self.shape) < 1:
            raise Failure("argument", "an operator has a shape of two positive sizes, this %s has %r"
                          % (type(op).__name__, shape))
        if not hasattr(op, "__matmul__") and not callable(op):
            raise Failure("argument", "an operator has a product @ or can be called, this %s cannot" % type(op).__name__)
        own = getattr(op, "dtype", None)
        self.tensors = is_torch(op) or is_torch(own)
        self.dtype = dtype_name(own)
        self.torch_dtype = own if self.tensors else None
        self.self_adjoint = bool(getattr(op, "self_adjoint", getattr(op, "SELF_ADJOINT", False)))
        self.adjoint = self.self_adjoint or has_adjoint(op)
        self.batches = list(getattr(op, "batches", None) or [])
        self.into = None if self.tensors else product_into(op)

    def hello(self):
        op = self.op
        header = {"type": "hello", "role": "server", "protocol": PROTOCOL, "shape": self.shape, "dtype": self.dtype,
                  "selfAdjoint": self.self_adjoint, "psd": bool(getattr(op, "psd", False)), "adjoint": self.adjoint,
                  "batches": len(self.batches), "sharesMemory": sys.platform == "linux",
                  "backend": str(getattr(op, "backend", None) or versions())}
        block_size = getattr(op, "block_size", None)
        if block_size:
            header["preferredBlockSize"] = int(block_size)
        return header

    def product(self, apply, op, X, rows, out=None):
        """apply(op, X) as an array, or what the operator says to have written to `out`, checked; and whether nobody else has it."""
        given = X
        if self.tensors:
            torch = sys.modules["torch"]
            device = getattr(self.op, "device", None) or "cpu"
            given = torch.from_numpy(X).to(device=device, dtype=self.torch_dtype)
        try:
            Y = apply(op, given) if out is None else self.into(given, out=out)
        except NotImplementedError as error:
            raise Failure("unsupported", "the operator has no such product: %s" % (error or "NotImplementedError"),
                          user_trace()) from error
        # this name and the call's argument
        own = type(Y) is np.ndarray and Y.flags.owndata and sys.getrefcount(Y) <= 2
        if is_torch(Y):
            own = Y.device.type != "cpu"
            Y = Y.detach().cpu()
            # numpy has no bfloat16
            Y = Y.to(sys.modules["torch"].float32).numpy() if str(Y.dtype) == "torch.bfloat16" else Y.numpy()
        Y = np.asarray(Y)
        if Y.shape != (rows, X.shape[1]):
            raise Failure("shape", "the operator returned an array of shape %s for a block of %d columns, expected %s"
                          % (Y.shape, X.shape[1], (rows, X.shape[1])))
        if Y.dtype.kind not in "fiub":
            raise Failure("numerical", "the operator returned numbers of type %s: only real ones can be used" % Y.dtype)
        return Y, own


def address(array):
    return array.__array_interface__["data"][0]


def dtype_name(dtype):
    """float32 or float64 for what an operator calls its dtype."""
    if dtype is None:
        return "float64"
    name = str(dtype)[6:] if is_torch(dtype) else np.dtype(dtype).name
    if name in ("float16", "bfloat16", "float32"):
        return "float32"
    if name.startswith("complex"):
        raise Failure("unsupported", "the operator is of type %s: only real ones can be used" % name)
    return "float64"


def versions():
    names = ["python %d.%d" % sys.version_info[:2]]
    for name in ("numpy", "scipy", "torch", "jax"):
        if name in sys.modules:
            names.append("%s %s" % (name, getattr(sys.modules[name], "__version__", "")))
    return ", ".join(names)


def user_trace():
    """The end of the traceback of the exception under way, without the lines of this file."""
    kind, error, trace = sys.exc_info()
    own = os.path.abspath(__file__)
    frames = [frame for frame in traceback.extract_tb(trace) if os.path.abspath(frame.filename) != own]
    return "".join(traceback.format_list(frames[-8:])).rstrip()


def failure_header(request, error):
    header = {"type": "error", "id": request, "kind": "exception", "message": "", "trace": ""}
    if isinstance(error, Failure):
        header.update(kind=error.kind, message=str(error), trace=error.trace)
    else:
        header.update(message="%s: %s" % (type(error).__name__, error), trace=user_trace())
    return header


class Channel:
    """Frames over the standard input and output this process was started with, which are taken away from everybody else."""

    def __init__(self):
        self.source = os.fdopen(os.dup(0), "rb", buffering=0)
        self.target = os.dup(1)
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        os.close(nowhere)
        sys.stdout.flush()
        os.dup2(2, 1)
        self.lock = threading.Lock()
        self.writer = ThreadPoolExecutor(1)
        self.pending = None

    def fill(self, view):
        """Reads as many bytes as the view has; False at the end of the input."""
        at = 0
        while at < len(view):
            count = self.source.readinto(view[at:])
            if not count:
                return False
            at += count
        return True

    def read(self, allocate):
        """(header, payload), or None at the end of the input."""
        prefix = bytearray(PREFIX.size)
        if not self.fill(memoryview(prefix)):
            return None
        magic, header_bytes, payload_bytes = PREFIX.unpack(prefix)
        if magic != MAGIC:
            raise Failure("unsupported", "what arrived is no frame: %r" % bytes(prefix))
        header = bytearray(header_bytes)
        if not self.fill(memoryview(header)):
            return None
        payload = allocate(payload_bytes)
        end = bytearray(len(END))
        if payload_bytes and not self.fill(memoryview(payload)) or not self.fill(memoryview(end)):
            return None
        if end != END:
            raise Failure("unsupported", "a frame has another length than it announced")
        return json.loads(header.decode("utf-8")), payload

    def write(self, header, payload=None):
        if self.pending:
            self.pending.result()
        self.write_now(header, payload)

    def write_later(self, header, place):
        """Calls `place` and writes, while the next product is under way and before every later frame."""
        def work():
            place()
            self.write_now(header)
        self.pending = self.writer.submit(work)

    def write_now(self, header, payload=None):
        text = json.dumps(header).encode("utf-8")
        body = memoryview(b"" if payload is None else payload.reshape(-1).view(np.uint8))
        head = PREFIX.pack(MAGIC, len(text), len(body)) + text
        with self.lock:
            if payload is None:
                self.write_all(memoryview(head + END))
            else:
                for part in (head, body, END):
                    self.write_all(memoryview(part))

    def write_all(self, view):
        while len(view):
            view = view[os.write(self.target, view):]


class Requests:
    """Requests as they arrive. A thread reads, so that the end of the input is seen during a product, too."""

    def __init__(self, channel):
        self.channel = channel
        self.arrived = queue.Queue()
        self.free = queue.SimpleQueue()
        self.busy = False
        threading.Thread(target=self.listen, daemon=True).start()

    def allocate(self, size):
        """Memory that was used before, where it fits: fresh pages cost as much as copying the numbers."""
        try:
            payload = self.free.get_nowait()
            if len(payload) == size:
                return payload
        except queue.Empty:
            pass
        return np.empty(size, np.uint8) if np else bytearray(size)

    def listen(self):
        try:
            while True:
                frame = self.channel.read(self.allocate)
                if frame is None:
                    break
                self.arrived.put(frame)
        except BaseException as error:  # pylint: disable=broad-except
            self.arrived.put(error)
            return
        # whoever asked has gone: nobody is left to hear of the product under way
        if self.busy:
            os._exit(0)
        self.arrived.put(None)
        threading.Event().wait(GRACE)
        os._exit(0)

    def __iter__(self):
        while True:
            frame = self.arrived.get()
            if frame is None:
                return
            if isinstance(frame, BaseException):
                raise frame
            self.busy = True
            yield frame
            self.busy = False
            if len(frame[1]):
                self.free.put(frame[1])


_channel = None


def progress(done, total):
    """Tells how far a product is; also a sign of life, for a client with a timeout."""
    if _channel is not None:
        _channel.write({"type": "progress", "done": done, "total": total})


def answer(served, header, payload, channel, areas, is_next_there):
    kind, request = header["type"], header.get("id")
    if kind == "memory":
        areas.pop(header["slot"], None)
        try:
            areas[header["slot"]] = open_memory(header["path"], header["name"], header["bytes"])
        except (OSError, ValueError):
            pass
        channel.write({"type": kind, "id": request, "mapped": header["slot"] in areas})
        return
    known = ("multiply", "adjoint", "multiplyByBatch")
    rows_in, rows_out = served.shape[::-1] if kind != "adjoint" else served.shape
    if kind not in known or (kind == "adjoint" and not served.adjoint) or (
            kind == "multiplyByBatch" and not served.batches):
        raise Failure("unsupported", "the operator has no product of type %r" % kind)
    memory, area = header.get("memory"), None
    if memory:
        area = areas[memory["slot"]]
        payload = area[:memory["bytes"]]
    X = np.frombuffer(payload, dtype=DTYPES[header["dtype"]])
    if header["rows"] != rows_in or X.size != rows_in * header["cols"]:
        raise Failure("shape", "%s needs blocks of %d rows, got %s x %s with %d numbers"
                      % (kind, rows_in, header["rows"], header["cols"], X.size))
    X = X.reshape(rows_in, header["cols"])

    dtype = np.dtype(DTYPES[served.dtype])

    out = None
    if memory and "answer" in memory:
        size = rows_out * header["cols"] * dtype.itemsize
        out = area[memory["answer"]:][:size].view(dtype).reshape(rows_out, header["cols"])

    def send(name, Y, own, **facts):
        block = {"type": name, "id": request, "rows": Y.shape[0], "cols": Y.shape[1], "dtype": served.dtype, **facts}
        if out is None:
            channel.write(block, np.ascontiguousarray(Y, dtype=dtype))
            return
        block["memory"] = out.nbytes
        if own and is_next_there():
            channel.write_later(block, lambda: np.copyto(out, Y, casting="unsafe"))
            return
        if address(Y) != address(out):
            out[...] = Y
        channel.write(block)

    if kind == "multiplyByBatch":
        for index, (weight, op) in enumerate(served.batches):
            send("batch", *served.product(multiply, op, X, rows_out), index=index, weight=float(weight))
        channel.write({"type": "done", "id": request})
    else:
        apply = multiply_adjoint if kind == "adjoint" and not served.self_adjoint else multiply
        wanted = out if apply is multiply and served.into and X.dtype == dtype else None
        send("product", *served.product(apply, served.op, X, rows_out, wanted))


def serve(operator):
    """Serves an operator, or what a function without arguments returns, until the other side has closed or ended."""
    global _channel
    channel = _channel = Channel()
    # Ctrl-C in a terminal is for the program that started this one
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    served, areas = None, {}
    requests = Requests(channel)
    for header, payload in requests:
        try:
            if header["type"] == "hello":
                if header.get("protocol") != PROTOCOL:
                    raise Failure("unsupported", "this eigensketch_server.py speaks version %d of the protocol, not %s"
                                  % (PROTOCOL, header.get("protocol")))
                if np is None:
                    raise Failure("unsupported", "%s cannot import numpy (%s): pip install numpy, or choose another Python"
                                  % (sys.executable, NUMPY_ERROR))
                if served is None:
                    served = Served(operator if is_operator(operator) or not callable(operator) else operator())
                channel.write(served.hello())
            else:
                if served is None:
                    raise Failure("unsupported", "a product was asked for before the handshake")
                answer(served, header, payload, channel, areas, lambda: not requests.arrived.empty())
        except BrokenPipeError:
            return
        except Exception as error:  # pylint: disable=broad-except
            channel.write(failure_header(header.get("id"), error))


def load(target, args):
    """The operator that 'file.py:name' makes."""
    path, _, name = target.rpartition(":")
    path = os.path.abspath(path)
    if not os.path.isfile(path):
        raise Failure("missing", "there is no file %s" % path)
    import importlib.util
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        raise Failure("unsupported", "%s cannot be imported by %s: %s: %s"
                      % (path, sys.executable, type(error).__name__, error), user_trace()) from error
    if not hasattr(module, name):
        public = ", ".join(key for key in vars(module) if not key.startswith("_"))
        raise Failure("argument", "%s defines no %r; it has: %s" % (path, name, public))
    value = getattr(module, name)
    if is_operator(value) and not args:
        return value
    if not callable(value):
        raise Failure("argument", "%r of %s is a %s: neither an operator nor a function that makes one"
                      % (name, path, type(value).__name__))
    op = value(*args)
    if op is None:
        raise Failure("argument", "%r of %s returned None" % (name, path))
    return op


def main(arguments):
    if len(arguments) not in (1, 3) or ":" not in arguments[0] or arguments[1:2] not in ([], ["--args"]):
        sys.exit("usage: eigensketch_server.py FILE.py:NAME [--args JSON_ARRAY]")
    args = json.loads(arguments[2]) if len(arguments) == 3 else []
    # a file that imports this module is to find this one, not a second copy of it
    sys.modules["eigensketch_server"] = sys.modules["__main__"]
    serve(lambda: load(arguments[0], args))


if __name__ == "__main__":
    main(sys.argv[1:])
