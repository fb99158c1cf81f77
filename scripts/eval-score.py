#!/usr/bin/python3
"""Scores tracker results with the evaluation data's own tools.

stdin: {"tools": DIR, "jobs": [{"name", "group", "gt", "res", "full"?}], "palace": {"res", "ref"}?}
stdout: {"jobs": {name: {idf1, mota, hota, idsw}}, "groups": {group: the same, pooled}, "palace": agreement in percent}
`full`: ground truth with ignore rows (confidence 0); results on them are dropped before scoring, as synth_eval.py does.
"""
import json
import re
import subprocess
import sys

import numpy as np

request = json.load(sys.stdin)
sys.path.insert(0, request["tools"])
import mot_eval  # noqa: E402

IOU = 0.5


def without_ignored(result, full):
    keep = []
    for row in result:
        frame = full[full[:, 0] == row[0]]
        overlap = mot_eval.iou_matrix(row[None, 2:6], frame[:, 2:6])[0] if len(frame) else np.zeros(0)
        best = int(overlap.argmax()) if len(overlap) else -1
        if best < 0 or overlap[best] < IOU or frame[best, 6] != 0:
            keep.append(row)
    return np.array(keep) if keep else np.zeros((0, 9))


def figures(counts):
    done = mot_eval.finish(counts)
    figures = {key: round(100 * done[name], 2) for key, name in (("idf1", "IDF1"), ("mota", "MOTA"), ("hota", "HOTA"))}
    return {**figures, "idsw": int(done["IDSW"])}


jobs, groups = {}, {}
for job in request["jobs"]:
    result = mot_eval.load(job["res"])
    if job.get("full"):
        result = without_ignored(result, mot_eval.load(job["full"]))
    counts = mot_eval.evaluate(mot_eval.load(job["gt"]), result, "plain", IOU)
    jobs[job["name"]] = figures(counts)
    groups.setdefault(job["group"], []).append(counts)
answer = {"jobs": jobs, "groups": {name: figures(mot_eval.combine(list_)) for name, list_ in groups.items()}}
if request.get("palace"):
    command = [sys.executable, request["tools"] + "/cmptracks.py", request["palace"]["res"], request["palace"]["ref"]]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    paired, rows, consistent = (int(re.search(p, text).group(1)) for p in (r"paired (\d+)/", r"paired \d+/(\d+)", r"consistent-id (\d+)"))
    answer["palace"] = round(100 * consistent / max(1, rows), 2)
json.dump(answer, sys.stdout)
