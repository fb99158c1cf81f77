# The mean brightness of every face, in Python: one crop per box, read without a copy.
from framepath import analyzer


@analyzer(name="lit", input={"width": 32, "format": "gray8", "crop": "faces"})
def lit(frame, deps):
    return [round(sum(face.data) / len(face.data)) for face in frame.input]
