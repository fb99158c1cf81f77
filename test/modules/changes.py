from framepath import analyzer


@analyzer(name="changes", depends=["brightness"])
class Changes:
    def configure(self, options):
        self.above = (options or {}).get("above", 0)
        self.seen = {}

    def analyze(self, frame, deps):
        before = self.seen.get(frame.source, (0, 0))
        mean, frames = deps["brightness"]["mean"], before[1] + 1
        self.seen[frame.source] = (mean, frames)
        by = mean - before[0]
        return {"timeMs": frame.timeMs, "by": by, "changed": by > self.above, "frames": frames}
