"""What a picture on a GPU is to Python: a CUDA array; and what happens when its process dies with memory mapped."""

import os
import signal

from framepath import analyzer


@analyzer(input={"width": 32, "height": 18, "memory": "device"})
class Residence:
    def configure(self, options):
        self.die_at = (options or {}).get("dieAt", [])
        self.pictures = set()

    def analyze(self, frame, deps):
        picture = frame.input
        if frame.index in self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if picture.device == "cpu":
            return {"on": "cpu", "first": picture.data[0], "array": hasattr(picture, "__cuda_array_interface__")}
        seen = dict(picture.__cuda_array_interface__)
        address, read_only = seen.pop("data")
        self.pictures.add(address)
        return dict(seen, on=picture.device, first=picture.data[0], readOnly=read_only, size=len(picture), places=len(self.pictures))
