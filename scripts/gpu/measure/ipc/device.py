from framepath import analyzer
from sums import Sums


@analyzer(name="sums", input={"width": 1280, "height": 720, "memory": "device"})
class Picture(Sums):
    """Pixels in memory of the device."""
