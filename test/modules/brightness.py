from framepath import analyzer


@analyzer(stateless=True, input={"width": 64, "format": "gray8"})
def brightness(frame, deps):
    total, weighted = 0, 0
    for value in frame.input.data:
        total += value
        weighted = (weighted * 31 + value) % 1000003
    size = [frame.input.width, frame.input.height]
    return {"index": frame.index, "mean": total / len(frame.input.data), "hash": weighted, "size": size}
