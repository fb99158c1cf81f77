// Width and height of a clip by ffprobe, read before the clock starts.
import { execFileSync } from 'node:child_process';

export function probe(file) {
  const args = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=width,height', '-of', 'json', file];
  const { width, height } = JSON.parse(execFileSync('ffprobe', args, { encoding: 'utf8' })).streams[0];
  return { width, height };
}

/** "5.1.9-0+deb12u1" */
export function ffmpegVersion() {
  return /^ffmpeg version (\S+)/.exec(execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';
}
