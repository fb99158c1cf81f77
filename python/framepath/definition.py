"""The definition of an analyzer: its name, its inputs, and `analyze(frame, deps)`."""

import inspect


class Definition:
    """An analyzer as the host uses it; made by `analyzer`."""

    def __init__(self, target, name, depends, input, stateless, schema=None):
        self.target = target
        self.name = name or target.__name__
        self.depends = list(depends)
        self.input = dict(input) if input else None
        self.stateless = bool(stateless)
        self.schema = schema

    def __call__(self, *args, **kwargs):
        """Calls the decorated function or class, so that tests can use it directly."""
        return self.target(*args, **kwargs)

    def facts(self):
        facts = {"name": self.name, "depends": self.depends, "stateless": self.stateless}
        if self.input:
            facts["input"] = self.input
        return facts

    def checked(self, value):
        """The value after the schema."""
        if self.schema is None:
            return value
        try:
            return self.schema(value)
        except ValueError as error:
            raise ValueError(f"The value does not fit the schema: {error}") from error

    def open(self, options):
        """(analyze, close) of one use: an object of a class, configured, or the function itself."""
        if not inspect.isclass(self.target):
            return self.target, lambda: None
        used = self.target()
        if hasattr(used, "configure"):
            used.configure(options)
        return used.analyze, getattr(used, "close", lambda: None)


def analyzer(target=None, *, name=None, depends=(), input=None, stateless=False, schema=None):
    """Makes an analyzer of a function `analyze(frame, deps)`, or of a class with that method.

    A class may also have `configure(options)`, called once before the first frame, and `close()`.

    name       default: the name of the function or class
    depends    names of the modules whose values are in `deps`
    input      the pixels in `frame.input`: {"width", "height", "format": "rgb24" | "gray8" | "nv12", "crop", "align",
               "memory": "host" | "device"}, with {"of", "window", "stride", "min"} the last crops of each track
    stateless  whether it keeps no state between frames: they may come in any order, several at once, and repeatedly
    schema     a callable that returns the validated value, and raises ValueError for an invalid one
               (pydantic: TypeAdapter(...).validate_python)
    """

    def define(decorated):
        return Definition(decorated, name, depends, input, stateless, schema)

    return define if target is None else define(target)
