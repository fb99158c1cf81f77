from framepath import analyzer
from chips import chips


@analyzer(name="chips", input=dict(chips.input, memory="device"))
def resident_chips(frame, deps):
    return chips(frame, deps)
