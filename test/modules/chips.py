from framepath import analyzer


@analyzer(input={"width": 32, "format": "rgb24", "crop": "faces", "align": "arcface"})
def chips(frame, deps):
    results = []
    for chip in frame.input:
        value = 0
        for byte in chip.data:
            value = (value * 31 + byte) % 1000003
        same = chip.box == deps["faces"][chip.index]["box"]
        fields = {"hash": value, "width": chip.width, "height": chip.height, "box": chip.box, "index": chip.index}
        results.append(dict(fields, same=same))
    return results
