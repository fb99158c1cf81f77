from framepath import analyzer


def hash_of(data):
    value = 0
    for byte in data:
        value = (value * 31 + byte) % 1000003
    return value


@analyzer(input={"of": "tracks", "window": 4, "stride": 2, "min": 2, "width": 24, "format": "rgb24"})
def windows(frame, deps):
    results = []
    for window in frame.input:
        track = deps["tracks"][window.index]
        results.append(
            {
                "track": window.track,
                "box": window.box,
                "index": window.index,
                "fresh": window.fresh,
                "sizes": [[len(p.data), p.width, p.height, p.format] for p in window.frames],
                "hashes": [hash_of(p.data) for p in window.frames],
                "same": track["track"] == window.track and track["box"] == window.box,
            }
        )
    return results
