"""Windows: the last crops of every track, in memory that framepath shares with this process."""

from .frame import Picture


class Window:
    """A track that is seen in this frame, and what it looked like lately.

    track   its number
    box     where it is in this frame, [x1, y1, x2, y2] in pixels
    index   position in the list of the module that was named
    fresh   whether this frame is the last of `frames`: with a stride, False on the frames between
    frames  its crops, a list of Pictures, oldest first
    array   numpy array (frames, height, width, 3) or (frames, height, width): a copy, the crops lie apart
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


def read_windows(pixels, words, wanted):
    """The windows of `words`; `pixels(offset, size)` is where they lie (the layout is described at RunCallbacks in src/native.ts)."""
    format = wanted.get("format", "rgb24")
    windows = []
    at = 2
    while at < len(words):
        track, index, x1, y1, x2, y2, fresh, width, height, size, count = words[at : at + 11]
        at += 11
        frames = []
        for i in range(int(count)):
            first = int(words[at + 2 * i])
            frames.append(Picture(pixels(first, int(size)), int(width), int(height), format))
        at += 2 * len(frames)
        windows.append(Window(int(track), [x1, y1, x2, y2], int(index), fresh == 1, frames))
    return windows
