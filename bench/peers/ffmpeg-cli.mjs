// Pipeline B without detection, in the ffmpeg program alone: two clips side by side into a file. What composing and
// encoding cost when no picture meets JavaScript.   node ffmpeg-cli.mjs JOB
import { ffmpegVersion } from './clip.mjs';
import { startFfmpeg } from './ffmpeg.mjs';
import { report, Window } from './measure.mjs';

const job = JSON.parse(process.argv[2]);
const threads = String(job.threads ?? 0);
const inputs = job.clips.flatMap((clip) => ['-threads', threads, '-i', clip]);
const tile = 'scale=960:1080:flags=area';
const graph = `[0:v]${tile}[l];[1:v]${tile}[r];[l][r]hstack,setsar=1[out]`;
const encoder = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '21', '-g', '60', '-fps_mode', 'passthrough'];
const ffmpeg = await startFfmpeg([
  ...['-y', ...inputs, '-filter_complex', graph, '-map', '[out]'],
  ...[...encoder, '-an', '-progress', 'pipe:1', job.out],
]);

const window = new Window({ children: [ffmpeg.child], own: false });
let progress = '';
ffmpeg.child.stdout.setEncoding('utf8').on('data', (text) => {
  progress += text;
});
await ffmpeg.done();
const measured = window.close();

const frames = Number([...progress.matchAll(/^frame=\s*(\d+)$/gm)].at(-1)?.[1]);
report(job, { frames, ...measured }, { ffmpeg: ffmpegVersion() });
