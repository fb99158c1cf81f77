from framepath import analyzer


@analyzer(input={"width": 32, "format": "rgb24"})
def arrays(frame, deps):
    array = frame.input.array
    return {
        "shape": array.shape,
        "writable": bool(array.flags.writeable),
        "owns": bool(array.flags.owndata),
        "mean": array.mean(),
    }
