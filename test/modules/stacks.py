from framepath import analyzer


@analyzer(input={"of": "tracks", "window": 3, "width": 8, "height": 6, "format": "rgb24"})
def stacks(frame, deps):
    return [
        {"shape": list(w.array.shape), "same": all((w.array[i] == p.array).all() for i, p in enumerate(w.frames))}
        for w in frame.input
    ]
