"""Frames of analyzers; their pixels are in memory that framepath shares with this process, without a copy."""

from .messages import PictureRow, SlotRow


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


def rows_at(packed, start, row, count=None):
    """Rows of numbers from `start`: `count` of them, or as many as there are."""
    size = len(row._fields)
    end = len(packed) if count is None else start + size * count
    return [row(*packed[at : at + size]) for at in range(start, end, size)]


def read_input(pixels, packed, wanted):
    """The pictures of a question: in `packed` a SlotRow, then a PictureRow each.

    pixels(offset, size)  returns the pixels at an offset of the shared memory
    """
    format = wanted.get("format", "rgb24")
    pictures = []
    slot = rows_at(packed, 0, SlotRow, 1)[0].slot
    for row in rows_at(packed, len(SlotRow._fields), PictureRow):
        found = pixels(int(slot + row.offset), int(row.bytes))
        box = [row.x1, row.y1, row.x2, row.y2]
        pictures.append(Crop(found, int(row.width), int(row.height), format, box, int(row.index)))
    if wanted.get("crop"):
        return pictures
    only = pictures[0]
    return Picture(only._pixels, only.width, only.height, format)
