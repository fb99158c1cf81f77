import os
import signal
import time

from framepath import analyzer


@analyzer(stateless=True)
class faulty:
    def configure(self, options):
        options = options or {}
        self.at, self.once = options.get("at", {}), options.get("once")
        time.sleep(options.get("slowMs", 0) / 1000)
        if options.get("fails"):
            raise RuntimeError("no such camera")

    def first(self, name):
        if not self.once:
            return True
        try:
            os.mkdir(os.path.join(self.once, name))
            return True
        except FileExistsError:
            return False

    def analyze(self, frame, deps):
        how = self.at.get(str(frame.index))
        if how and self.first(f"{frame.source}-{frame.index}"):
            return getattr(self, how)()
        return {"source": frame.source, "index": frame.index, "host": str(os.getpid())}

    def throw(self):
        raise ValueError("on purpose")

    def bad(self):
        return lambda: "a function cannot be sent"

    def exit(self):
        os._exit(1)

    def segfault(self):
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(60)

    def loop(self):
        while True:
            pass

    def memory(self):
        return len(bytearray(2 << 30))
