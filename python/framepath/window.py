"""Windows: the last crops of every track, in memory that framepath shares with this process."""

from .frame import Picture, rows_at
from .messages import SlotRow, WindowRow


class Window:
    """A track in this frame, with its last crops.

    track   its id
    box     its box in this frame, [x1, y1, x2, y2] in pixels
    index   position in the list of the module named by the analyzer
    fresh   whether this frame is the last of `frames`: with a stride, False on the frames between
    frames  its crops, a list of Pictures, oldest first
    array   numpy array (frames, height, width, 3) or (frames, height, width): a copy, as the crops are not contiguous
    """

    __slots__ = ("track", "box", "index", "fresh", "frames")

    def __init__(self, track, box, index, fresh, frames):
        self.track = track
        self.box = box
        self.index = index
        self.fresh = fresh
        self.frames = frames

    @property
    def array(self):
        import numpy

        return numpy.stack([picture.array for picture in self.frames])

    def __len__(self):
        return len(self.frames)


def read_windows(pixels, packed, wanted):
    """The windows in `packed`: a SlotRow, then a WindowRow each with a SlotRow for each of its crops.

    pixels(offset, size)  returns the pixels at an offset of the shared memory
    """
    format = wanted.get("format", "rgb24")
    windows = []
    at = len(SlotRow._fields)
    while at < len(packed):
        row = rows_at(packed, at, WindowRow, 1)[0]
        at += len(WindowRow._fields)
        slots = rows_at(packed, at, SlotRow, int(row.count))
        at += len(SlotRow._fields) * len(slots)
        size = (int(row.width), int(row.height), format)
        frames = [Picture(pixels(int(slot.slot), int(row.bytes)), *size) for slot in slots]
        box = [row.x1, row.y1, row.x2, row.y2]
        windows.append(Window(int(row.track), box, int(row.index), row.fresh == 1, frames))
    return windows
