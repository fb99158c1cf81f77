"""Memory of a GPU that framepath allocated, mapped into this process by CUDA IPC; the driver's library by ctypes.

The calls, and what they promise, are in NVIDIA's "CUDA Driver API", Memory Management: cuIpcOpenMemHandle, cuIpcCloseMemHandle.
"""

import ctypes
from contextlib import nullcontext

_IPC_LAZY_PEER_ACCESS = 1


class CudaError(RuntimeError):
    """A call of the driver failed."""


class OutOfReach(Exception):
    """The GPU's memory cannot be mapped here: framepath repeats the question with pixels in host memory."""


class _Handle(ctypes.Structure):  # CUipcMemHandle, passed by value
    _fields_ = [("bytes", ctypes.c_ubyte * 64)]


class _Driver:
    """The functions of libcuda.so.1 that are used."""

    _calls = {
        "cuInit": [ctypes.c_uint],
        "cuGetErrorName": [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)],
        "cuDeviceGet": [ctypes.POINTER(ctypes.c_int), ctypes.c_int],
        "cuDevicePrimaryCtxRetain": [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int],
        "cuDevicePrimaryCtxRelease_v2": [ctypes.c_int],
        "cuCtxSetCurrent": [ctypes.c_void_p],
        "cuCtxSynchronize": [],
        "cuIpcOpenMemHandle_v2": [ctypes.POINTER(ctypes.c_uint64), _Handle, ctypes.c_uint],
        "cuIpcCloseMemHandle": [ctypes.c_uint64],
        "cuMemcpyDtoH_v2": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t],
    }

    def __init__(self):
        try:
            library = ctypes.CDLL("libcuda.so.1")
            for name, parameters in self._calls.items():
                call = getattr(library, name)
                call.argtypes, call.restype = parameters, ctypes.c_int
                setattr(self, name, call)
        except (OSError, AttributeError) as error:
            raise CudaError(f"the driver's library cannot be used: {error}") from None
        self.must("cuInit", 0)

    def must(self, name, *arguments):
        result = getattr(self, name)(*arguments)
        if result == 0:
            return
        text = ctypes.c_char_p()
        self.cuGetErrorName(result, ctypes.byref(text))
        known = text.value.decode() if text.value else "CUDA error"
        raise CudaError(f"{name} answered {known} ({result})")


class Gpu:
    """One GPU in this process: its primary context, which PyTorch, CuPy and Numba share, and the blocks mapped there."""

    def __init__(self, device):
        self.device = device
        self._driver = _Driver()
        ordinal, context = ctypes.c_int(), ctypes.c_void_p()
        self._driver.must("cuDeviceGet", ctypes.byref(ordinal), device)
        self._ordinal = ordinal.value
        self._driver.must("cuDevicePrimaryCtxRetain", ctypes.byref(context), self._ordinal)
        self._context = context
        self._mapped = {}  # addresses of blocks by handle

    def has(self, handle):
        return handle in self._mapped

    def map(self, handle):
        """Maps the block of an IPC handle."""
        self.enter()
        address = ctypes.c_uint64()
        given = _Handle.from_buffer_copy(handle)
        self._driver.must("cuIpcOpenMemHandle_v2", ctypes.byref(address), given, _IPC_LAZY_PEER_ACCESS)
        self._mapped[handle] = address.value

    def address(self, handle):
        return self._mapped[handle]

    def enter(self):
        """Makes the context the current one of this thread."""
        self._driver.must("cuCtxSetCurrent", self._context)

    def read(self, address, size):
        self.enter()
        bytes_ = bytearray(size)
        target = (ctypes.c_ubyte * size).from_buffer(bytes_)
        self._driver.must("cuMemcpyDtoH_v2", target, address, size)
        del target
        return memoryview(bytes_).toreadonly()

    def synchronize(self):
        """Waits for all work of this process on the GPU."""
        self.enter()
        self._driver.must("cuCtxSynchronize")

    def close(self):
        self.enter()
        for address in self._mapped.values():
            self._driver.cuIpcCloseMemHandle(address)
        self._mapped.clear()
        self._driver.cuDevicePrimaryCtxRelease_v2(self._ordinal)


class DevicePixels:
    """Bytes of one picture on a GPU."""

    __slots__ = ("gpu", "address", "size", "_copy")

    def __init__(self, gpu, address, size):
        self.gpu = gpu
        self.address = address
        self.size = size
        self._copy = None

    @property
    def device(self):
        return f"cuda:{self.gpu.device}"

    def read(self):
        if self._copy is None:
            self._copy = self.gpu.read(self.address, self.size)
        return self._copy


class Blocks:
    """Blocks of GPU memory named in questions.

    room()  a context manager that lifts limits on mappings
    """

    def __init__(self, room=nullcontext):
        self._room = room
        self._gpus = {}
        self._lost = None  # reason of the first failure to map: then no block is mapped, so that repeated questions stay in order

    def block(self, cuda):
        """Returns a function (offset, size) that returns DevicePixels in the block."""
        if self._lost:
            raise OutOfReach(self._lost)
        device, handle = cuda["device"], bytes(cuda["handle"])
        try:
            if device not in self._gpus or not self._gpus[device].has(handle):
                with self._room():
                    gpu = self._gpus.get(device) or Gpu(device)
                    self._gpus[device] = gpu
                    gpu.map(handle)
        except CudaError as error:
            self._lost = str(error)
            raise OutOfReach(self._lost) from error
        gpu = self._gpus[device]
        base = gpu.address(handle)
        return lambda offset, size: DevicePixels(gpu, base + offset, size)

    def synchronize(self):
        for gpu in self._gpus.values():
            gpu.synchronize()

    def close(self):
        for gpu in self._gpus.values():
            gpu.close()
        self._gpus.clear()
