"""Analyzers for framepath in Python.

    from framepath import analyzer

    @analyzer(name="brightness", input={"width": 64, "format": "gray8"})
    def brightness(frame, deps):
        return sum(frame.input.data) / len(frame.input.data)

Only the standard library is needed; `frame.input.array` is a numpy array where numpy is installed.
"""

from .definition import Definition, analyzer
from .frame import Crop, Frame, Picture
from .window import Window

__all__ = ["Crop", "Definition", "Frame", "Picture", "Window", "analyzer"]
