"""torch-peer.py CLIP FRAMES: decodes with OpenCV, resizes and normalises with PyTorch on the CPU, as a detector's input
is made. Writes {skipped} or {torch, opencv, threads, frames, decodeFps, fps}."""

import json
import sys
import time

try:
    import cv2
    import torch
except ImportError as missing:
    print(json.dumps({"skipped": str(missing)}))
    sys.exit(0)

clip, wanted = sys.argv[1], int(sys.argv[2])


def frames():
    reader = cv2.VideoCapture(clip)
    for _ in range(wanted):
        there, picture = reader.read()
        if not there:
            return
        yield picture


def tensor(picture):
    """256x144, RGB, -1 to 1, in the middle of 256x256."""
    pixels = torch.from_numpy(picture).permute(2, 0, 1).unsqueeze(0).float()
    small = torch.nn.functional.interpolate(pixels, size=(144, 256), mode="bilinear", antialias=True)
    return torch.nn.functional.pad(small.flip(1) / 127.5 - 1, (0, 0, 56, 56))


def timed(work):
    begun, count = time.monotonic(), 0
    for picture in frames():
        work(picture)
        count += 1
    return count, count / (time.monotonic() - begun)


_, decode_fps = timed(lambda picture: None)
count, fps = timed(tensor)
print(json.dumps({
    "torch": torch.__version__, "opencv": cv2.__version__, "threads": torch.get_num_threads(),
    "frames": count, "decodeFps": decode_fps, "fps": fps,
}))
