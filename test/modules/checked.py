from framepath import analyzer


def schema(value):
    if not 0 <= value["index"] < 5:
        raise ValueError("index: Expected an index below 5")
    return {"number": value["index"] + 1}


@analyzer(schema=schema)
def checked(frame, deps):
    return {"index": frame.index, "own": schema}
