// Pipeline A as most Node programs do it: the ffmpeg program decodes, scales and writes RGB into a pipe, this process
// runs the model on every picture.   node ffmpeg-pipe.mjs JOB
//
// Tried: bicubic (ffmpeg's default; finds what area finds, 1 ms more a frame), bilinear (loses a tenth of the faces),
// accurate_rnd+full_chroma_int (3.6 ms more), padding in JavaScript instead (the same), decoder threads 1, 2 and auto.
import { letterbox, normalise, side } from './blazeface.mjs';
import { ffmpegVersion, probe } from './clip.mjs';
import { startFfmpeg } from './ffmpeg.mjs';
import { openDetector, runtimeVersion } from './infer.mjs';
import { report, Window, writeDetections } from './measure.mjs';

const job = JSON.parse(process.argv[2]);
const [clip] = job.clips;
const { width, height } = probe(clip);
const box = letterbox(width, height);
const detector = await openDetector(job.model);
const filters = `scale=${box.width}:${box.height}:flags=area,pad=${side}:${side}:${box.x}:${box.y}`;
const output = ['-vf', filters, '-pix_fmt', 'rgb24', '-fps_mode', 'passthrough', '-f', 'rawvideo', 'pipe:1'];
const ffmpeg = await startFfmpeg(['-threads', String(job.threads ?? 0), '-i', clip, '-an', ...output]);

const window = new Window({ children: [ffmpeg.child] });
const frames = [];
const wanted = detector.input.length;
let filled = 0;
for await (const chunk of ffmpeg.child.stdout) {
  window.sample();
  for (let at = 0; at < chunk.length; ) {
    const part = chunk.subarray(at, at + wanted - filled);
    normalise(detector.input, part, filled);
    at += part.length;
    filled += part.length;
    if (filled < wanted) continue;
    filled = 0;
    frames.push(await detector.detect(box));
    window.result();
  }
}
await ffmpeg.done();
const measured = window.close();

writeDetections(job.detections, frames);
report(job, { frames: frames.length, ...measured }, { ffmpeg: ffmpegVersion(), onnxruntime: runtimeVersion });
