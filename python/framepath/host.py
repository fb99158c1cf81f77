"""Runs one analyzer for framepath: `python -m framepath.host PARENT`.

Descriptors: 3 questions, 4 answers (each message four bytes of length, little endian, then JSON), 5 shared memory of pixels.
The messages are those of messages.py, which is made of framepath's schema.
"""

import ctypes
import importlib.util
import json
import mmap
import os
import resource
import signal
import struct
import sys
import time
import traceback
from contextlib import contextmanager

from . import messages
from .cuda import Blocks, CudaError, OutOfReach
from .definition import Definition
from .frame import Frame, read_input
from .window import read_windows

_QUESTIONS, _ANSWERS, _PIXELS = 3, 4, 5
_PR_SET_PDEATHSIG = 1


def end_with_parent(parent):
    """An analyzer in an endless loop never sees a closed pipe: the kernel ends this process with its parent."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def load(file):
    """The analyzer of a file: the only one in it."""
    folder = os.path.dirname(file)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(file))[0], file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = [value for value in vars(module).values() if isinstance(value, Definition)]
    own = [value for value in found if value.target.__module__ == module.__name__] or found
    if len(own) != 1:
        raise ImportError(f"it should have one @analyzer, and has {len(own)}")
    return own[0]


def described(error):
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {"name": type(error).__name__, "message": str(error), "stack": text}


def address_space():
    """Bytes of address space that this process uses."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * mmap.PAGESIZE


@contextmanager
def unlimited():
    """Lifts the limit for mappings of framepath: a GPU's driver takes gigabytes of addresses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY:
        yield
        return
    before = address_space()
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft + address_space() - before, hard))


class Host:
    def __init__(self):
        self.questions = os.fdopen(_QUESTIONS, "rb")
        self.memory = None
        self.blocks = Blocks(unlimited)
        self.definition = None
        self.analyze = None
        self.leave = lambda: None

    def receive(self):
        head = self.questions.read(4)
        if len(head) < 4:
            os._exit(0)  # framepath has ended
        return json.loads(self.questions.read(struct.unpack("<I", head)[0]))

    def send(self, message):
        body = json.dumps(message, allow_nan=False, default=plain).encode()
        if len(body) > messages.MOST_MESSAGE_BYTES:
            raise ValueError(f"The value takes {len(body)} bytes as a message, more than {messages.MOST_MESSAGE_BYTES}")
        data = memoryview(struct.pack("<I", len(body)) + body)
        while data:
            data = data[os.write(_ANSWERS, data) :]

    def open(self, message):
        self.limit(message.get("memoryMb"))
        file = message["file"]
        try:
            self.definition = load(file)
            self.analyze, self.leave = self.definition.open(message.get("options"))
        except BaseException as error:
            reason = dict(described(error), message=f"The analyzer {file} cannot be opened: {error}")
            self.send(messages.unusable(error=reason))
            return
        if self.definition.input:
            size = os.fstat(_PIXELS).st_size
            with unlimited():
                self.memory = memoryview(mmap.mmap(_PIXELS, size, mmap.MAP_SHARED, mmap.PROT_READ))
        self.send(messages.opened(definition=self.definition.facts()))

    def limit(self, megabytes):
        """Limits the address space to its current size plus `megabytes`."""
        if megabytes:
            resource.setrlimit(resource.RLIMIT_AS, (address_space() + (int(megabytes) << 20), resource.RLIM_INFINITY))

    def ask(self, message):
        question, start_ms = message["id"], now_ms()

        def worked():
            return {"id": question, "startMs": start_ms, "endMs": now_ms()}

        try:
            value = self.definition.checked(self.analyze(Frame(message["frame"], self.input_of(message)), message["deps"]))
            self.settle()
            self.send(messages.answer(**worked(), value=value))
        except OutOfReach as reason:
            self.send(messages.out_of_reach(**worked(), reason=str(reason)))
        except Exception as error:
            self.settle(error)
            self.send(messages.failed(**worked(), error=described(error)))

    def settle(self, error=None):
        """Waits for the analyzer's work on the GPU, which may still read pixels whose memory is reused.

        A driver error is final: this process ends, and framepath starts another.
        """
        try:
            self.blocks.synchronize()
        except CudaError as lost:
            traceback.print_exception(error or lost)
            print(f"framepath: this process has lost the GPU: {lost}", file=sys.stderr, flush=True)
            os._exit(1)

    def input_of(self, message):
        packed, wanted = message.get("input"), self.definition.input
        if not packed or not wanted:
            return None
        cuda = message.get("cuda")
        if cuda:
            return read_input(self.blocks.block(cuda), packed, wanted)
        read = read_windows if wanted.get("of") else read_input
        return read(lambda offset, size: self.memory[offset : offset + size], packed, wanted)

    def close(self, message):
        self.leave()
        self.blocks.close()
        sys.stdout.flush()
        os._exit(0)

    def serve(self):
        handlers = {kind: getattr(self, kind) for kind in messages.TO_HOST}  # fails here where there is none
        while True:
            message = self.receive()
            handlers[message["kind"]](message)


def now_ms():
    """Milliseconds of CLOCK_MONOTONIC, which framepath uses too."""
    return time.monotonic_ns() / 1e6


def plain(value):
    """Converts numpy's numbers and arrays to plain ones."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no plain data")


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    Host().serve()
