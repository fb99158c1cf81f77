"""What the analyzers of this folder do with a picture, on the host or on a GPU."""

import hashlib


def torch_or_none():
    try:
        import torch
    except ImportError:
        return None
    return torch if torch.cuda.is_available() else None


class Sums:
    """`options`: {"work": "hash"}, of all bytes, or "mean", by PyTorch on the GPU."""

    def configure(self, options):
        self.torch = torch_or_none() if options["work"] == "mean" else None
        self.analyze_one = self.mean if options["work"] == "mean" else self.hash

    def analyze(self, frame, deps):
        return self.analyze_one(frame.input)

    def hash(self, picture):
        return {"device": picture.device, "hash": hashlib.sha1(picture.data).hexdigest()}

    def mean(self, picture):
        if self.torch is None:
            return {"skipped": "there is no PyTorch for CUDA"}
        if picture.device == "cpu":
            pixels = self.torch.frombuffer(picture.data, dtype=self.torch.uint8).cuda()
        else:
            pixels = self.torch.as_tensor(picture, device=picture.device)
            if pixels.data_ptr() != picture.__cuda_array_interface__["data"][0]:
                raise RuntimeError("PyTorch has copied the picture")
        # Whole numbers: the same sum in whatever order the GPU adds.
        return {"device": picture.device, "torch": self.torch.__version__, "sum": int(pixels.sum(dtype=self.torch.int64))}
