"""Frames of analyzers; their pixels are in memory that framepath shares with this process, without a copy."""


class Picture:
    """Pixels, rows without padding. Valid until `analyze` returns: copy them to keep them.

    device  location of the pixels: "cpu", or "cuda:0" where the analyzer asked for "memory": "device" and frames are on a GPU
    shape   (height, width, 3) or (height, width); of nv12 (height * 3 / 2, width)
    data    read-only memoryview of all bytes; of pixels on a GPU a copy, made on first access
    array   the same as a numpy array of that shape

    A picture on a GPU has `__cuda_array_interface__`: torch.as_tensor(picture, device="cuda"), cupy.asarray(picture) and
    numba.cuda.as_cuda_array(picture) use the pixels in place. They are complete and read-only.
    """

    __slots__ = ("_pixels", "width", "height", "format")

    def __init__(self, pixels, width, height, format):
        self._pixels = pixels
        self.width = width
        self.height = height
        self.format = format

    @property
    def device(self):
        return "cpu" if isinstance(self._pixels, memoryview) else self._pixels.device

    @property
    def shape(self):
        if self.format == "rgb24":
            return (self.height, self.width, 3)
        return (self.height * 3 // 2 if self.format == "nv12" else self.height, self.width)

    @property
    def data(self):
        return self._pixels if isinstance(self._pixels, memoryview) else self._pixels.read()

    @property
    def array(self):
        import numpy  # on first use: loading takes a tenth of a second

        return numpy.frombuffer(self.data, numpy.uint8).reshape(self.shape)

    @property
    def __cuda_array_interface__(self):
        """Version 3 of Numba's interface. Declared writable, because PyTorch accepts nothing else."""
        if isinstance(self._pixels, memoryview):
            raise AttributeError("these pixels are not on a GPU")
        return {
            "shape": self.shape,
            "typestr": "|u1",
            "data": (self._pixels.address, False),
            "strides": None,
            "stream": None,
            "version": 3,
        }

    def __len__(self):
        return len(self._pixels) if isinstance(self._pixels, memoryview) else self._pixels.size


class Crop(Picture):
    """A picture of one box: `box` in pixels of the frame, `index` in the list of the module named by the analyzer."""

    __slots__ = ("box", "index")

    def __init__(self, pixels, width, height, format, box, index):
        super().__init__(pixels, width, height, format)
        self.box = box
        self.index = index


class Frame:
    """source (id), index, timeMs, width, height, and `input`, the pixels that the analyzer needs:

    a Picture, a list of Crops, or a list of Windows.
    """

    __slots__ = ("source", "index", "timeMs", "width", "height", "input")

    def __init__(self, facts, input=None):
        self.source = facts["source"]
        self.index = facts["index"]
        self.timeMs = facts["timeMs"]
        self.width = facts["width"]
        self.height = facts["height"]
        self.input = input


def read_input(pixels, packed, wanted):
    """The pictures of a question; the layout of `packed` is described at RunCallbacks in src/native.ts.

    pixels(offset, size)  returns the pixels at an offset of the shared memory
    """
    format = wanted.get("format", "rgb24")
    pictures = []
    for at in range(2, len(packed), 9):
        offset, size, width, height, x1, y1, x2, y2, index = packed[at : at + 9]
        found = pixels(int(packed[0] + offset), int(size))
        pictures.append(Crop(found, int(width), int(height), format, [x1, y1, x2, y2], int(index)))
    if wanted.get("crop"):
        return pictures
    only = pictures[0]
    return Picture(only._pixels, only.width, only.height, format)
