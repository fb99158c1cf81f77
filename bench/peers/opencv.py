#!/usr/bin/python3
"""Pipeline A in Python with OpenCV: VideoCapture, resize, cv2.dnn.   python3 opencv.py JOB

A thread reads and scales while the main thread runs the model: OpenCV releases the interpreter's lock meanwhile.

Tried: one thread for cv2.dnn (two cost a fifth more CPU), VideoCapture's decoder threads as they come, 1 and 2 (as they
come), INTER_AREA (agrees better with the others, 4.2 ms more a frame), the model with an NCHW input (4 % less in
cv2.dnn) and with framepath's channel padding (a third more). cv2.dnn 4.6 takes the published file as it is.
"""

import json
import queue
import re
import sys
import threading
import time

import cv2
import numpy as np

SIDE = 256
SCORE = 0.5
IOU = 0.3
# outputs of the published model by grid: cells a side, anchors a cell, scores, boxes
GRIDS = ((16, 2, "Identity:0", "Identity_2:0"), (8, 6, "Identity_1:0", "Identity_3:0"))


def anchor_centres(cells, per_cell):
    middle = (np.arange(cells, dtype=np.float32) + 0.5) / cells * SIDE
    x, y = np.meshgrid(middle, middle)
    return np.stack((x, y), -1).reshape(-1, 2).repeat(per_cell, 0)


CENTRES = [anchor_centres(cells, per_cell) for cells, per_cell, _, _ in GRIDS]


def candidates(outputs):
    """Rows x1, y1, x2, y2, score above the threshold, best first."""
    rows = []
    for (_, _, scores, boxes), centres in zip(GRIDS, CENTRES):
        logits = outputs[scores].reshape(-1)
        found = np.nonzero(logits >= np.log(SCORE / (1 - SCORE)))[0]
        values = outputs[boxes].reshape(-1, 16)[found]
        centre, half = centres[found] + values[:, 0:2], values[:, 2:4] / 2
        rows.append(np.column_stack((centre - half, centre + half, 1 / (1 + np.exp(-logits[found])))))
    rows = np.concatenate(rows)
    return rows[np.argsort(-rows[:, 4], kind="stable")]


def overlaps(box, others):
    size = np.clip(np.minimum(box[2:4], others[:, 2:4]) - np.maximum(box[0:2], others[:, 0:2]), 0, None)
    shared = size[:, 0] * size[:, 1]
    area = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    return shared / ((box[2] - box[0]) * (box[3] - box[1]) + area - shared)


def merge(rows):
    """Weighted NMS (arXiv 1907.05047): groups of overlapping boxes become their mean weighted by score."""
    merged = []
    while len(rows):
        group = overlaps(rows[0], rows) > IOU
        group[0] = True
        weights = rows[group, 4:5]
        merged.append(np.append((rows[group, 0:4] * weights).sum(0) / weights.sum(), rows[0, 4]))
        rows = rows[~group]
    return merged


class Letterbox:
    """The whole picture in the middle of the input, sides in proportion."""

    def __init__(self, width, height):
        scale = min(SIDE / width, SIDE / height)
        self.width, self.height = round(width * scale), round(height * scale)
        self.x, self.y = (SIDE - self.width) // 2, (SIDE - self.height) // 2
        self.back = np.array([width / self.width, height / self.height] * 2)

    def shrink(self, picture):
        below, right = SIDE - self.height - self.y, SIDE - self.width - self.x
        small = cv2.resize(picture, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        small = cv2.copyMakeBorder(small, self.y, below, self.x, right, cv2.BORDER_CONSTANT)
        rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.float32)
        return (rgb * (1 / 127.5) - 1)[np.newaxis]  # as the model was published: NHWC

    def to_picture(self, row):
        corner = np.array([self.x, self.y] * 2)
        return [*((row[0:4] - corner) * self.back).tolist(), float(row[4])]


def peak_bytes():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) * 1024


def main():
    job = json.loads(sys.argv[1])
    cv2.setNumThreads(job.get("threads", 1))
    net = cv2.dnn.readNetFromONNX(job["model"])
    names = net.getUnconnectedOutLayersNames()

    def run(blob):
        net.setInput(blob)
        return dict(zip(names, net.forward(names)))

    run(np.full((1, SIDE, SIDE, 3), -1, np.float32))
    clip = cv2.VideoCapture(job["clips"][0])
    letterbox = Letterbox(int(clip.get(cv2.CAP_PROP_FRAME_WIDTH)), int(clip.get(cv2.CAP_PROP_FRAME_HEIGHT)))

    blobs = queue.Queue(4)

    def read():
        try:
            while True:
                ok, picture = clip.read()
                if not ok:
                    break
                blobs.put(letterbox.shrink(picture))
        finally:
            blobs.put(None)  # also after an error: the main thread waits for it

    frames, first = [], None
    started, cpu = time.perf_counter(), time.process_time()
    threading.Thread(target=read, daemon=True).start()
    while (blob := blobs.get()) is not None:
        frames.append([letterbox.to_picture(row) for row in merge(candidates(run(blob)))])
        first = first or time.perf_counter() - started
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu

    if job.get("detections"):
        with open(job["detections"], "w") as file:
            file.writelines(json.dumps(boxes) + "\n" for boxes in frames)
    print(json.dumps({
        "frames": len(frames),
        "wallMs": wall * 1000,
        "cpuMs": cpu * 1000,
        "firstResultMs": first and first * 1000,
        "peakRssBytes": peak_bytes(),
        "eventLoopDelayMs": None,
        "settings": job.get("settings"),
        "versions": {"opencv": cv2.__version__, "python": sys.version.split()[0]},
    }))


main()
