"""Windows: the last crops of every track, in memory that framepath shares with this process."""

from .frame import Picture


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
    """The windows in `packed` (layout: RunCallbacks in src/native.ts); `pixels(offset, size)` returns their pixels."""
    format = wanted.get("format", "rgb24")
    windows = []
    at = 2
    while at < len(packed):
        track, index, x1, y1, x2, y2, fresh, width, height, size, count = packed[at : at + 11]
        at += 11
        frames = []
        for i in range(int(count)):
            first = int(packed[at + 2 * i])
            frames.append(Picture(pixels(first, int(size)), int(width), int(height), format))
        at += 2 * len(frames)
        windows.append(Window(int(track), [x1, y1, x2, y2], int(index), fresh == 1, frames))
    return windows
