"""Frames as analyzers see them; pixels lie in memory that framepath shares with this process, and are not copied."""


class Picture:
    """Pixels, rows without padding. They are there until `analyze` returns: copy what you keep.

    data    read-only memoryview of all bytes
    array   read-only numpy array, (height, width, 3) or (height, width); of nv12 (height * 3 / 2, width)
    """

    __slots__ = ("data", "width", "height", "format")

    def __init__(self, data, width, height, format):
        self.data = data
        self.width = width
        self.height = height
        self.format = format

    @property
    def array(self):
        import numpy  # only where somebody asks: it takes a tenth of a second to load

        flat = numpy.frombuffer(self.data, numpy.uint8)
        if self.format == "rgb24":
            return flat.reshape(self.height, self.width, 3)
        return flat.reshape(-1, self.width)

    def __len__(self):
        return len(self.data)


class Crop(Picture):
    """A picture of one box: `box` in pixels of the frame, `index` in the list of the module that was named."""

    __slots__ = ("box", "index")

    def __init__(self, data, width, height, format, box, index):
        super().__init__(data, width, height, format)
        self.box = box
        self.index = index


class Frame:
    """source (id), index, timeMs, width, height, and `input`, what the analyzer asked for.

    That is a Picture, a list of Crops, or a list of Windows.
    """

    __slots__ = ("source", "index", "timeMs", "width", "height", "input")

    def __init__(self, facts, input=None):
        self.source = facts["source"]
        self.index = facts["index"]
        self.timeMs = facts["timeMs"]
        self.width = facts["width"]
        self.height = facts["height"]
        self.input = input


def read_input(memory, words, wanted):
    """The pictures that `words` place in `memory` (the layout is described at RunCallbacks in src/native.ts)."""
    format = wanted.get("format", "rgb24")
    pictures = []
    for at in range(2, len(words), 9):
        offset, size, width, height, x1, y1, x2, y2, index = words[at : at + 9]
        first = int(words[0] + offset)
        data = memory[first : first + int(size)]
        pictures.append(Crop(data, int(width), int(height), format, [x1, y1, x2, y2], int(index)))
    if wanted.get("crop"):
        return pictures
    only = pictures[0]
    return Picture(only.data, only.width, only.height, format)
