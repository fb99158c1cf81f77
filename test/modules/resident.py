from framepath import analyzer
from brightness import brightness


@analyzer(stateless=True, input=dict(brightness.input, memory="device"))
def resident(frame, deps):
    return dict(brightness(frame, deps), on=frame.input.device)
