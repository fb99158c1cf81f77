// The small FFmpeg of the packs: this distribution's own version from its source package, so that programs that were
// built here run with it, with the codecs that the suite uses, NVDEC and NVENC, and no library but x264 and zlib.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../steps/packages.mjs';
import { hasProgram, progress, run, runLoud, StepError } from '../steps/shell.mjs';
import { ensureSystemPackages, library, program } from '../steps/system-packages.mjs';

const libraries = ['avutil', 'avcodec', 'avformat', 'swscale', 'swresample'];

const enabled = {
  decoder: 'h264,hevc,vp9,av1,mjpeg,png,rawvideo,aac,mp3,opus,pcm_s16le,wrapped_avframe',
  hwaccel: 'h264_nvdec,hevc_nvdec,vp9_nvdec,av1_nvdec',
  encoder: 'libx264,h264_nvenc,hevc_nvenc,mjpeg,png,aac,rawvideo,pcm_s16le,wrapped_avframe',
  parser: 'h264,hevc,vp9,av1,mjpeg,png,aac,mpegaudio,opus',
  demuxer: 'mov,matroska,mpegts,flv,h264,hevc,ivf,rawvideo,image2,wav,concat,hls,sdp,rtsp,rtp',
  muxer: 'mp4,mov,matroska,mpegts,flv,hls,h264,hevc,null,rawvideo,rtsp,rtp',
  protocol: 'file,pipe,tcp,udp,rtp,http,crypto,data',
  bsf: 'h264_mp4toannexb,hevc_mp4toannexb,h264_metadata,extract_extradata,aac_adtstoasc,vp9_superframe,vp9_superframe_split,av1_frame_split,av1_frame_merge,dump_extra,setts,null',
};
const options = [
  '--disable-everything',
  '--disable-autodetect',
  ...['doc', 'debug', 'programs', 'static', 'avdevice', 'avfilter', 'postproc'].map((name) => `--disable-${name}`),
  ...['shared', 'gpl', 'pthreads', 'libx264', 'zlib', 'ffnvcodec', 'cuda', 'cuvid', 'nvdec', 'nvenc'].map(
    (name) => `--enable-${name}`,
  ),
  ...Object.entries(enabled).map(([kind, names]) => `--enable-${kind}=${names}`),
];

const needs = {
  'pkg-config': program('pkg-config'),
  'dpkg-dev': program('dpkg-source'),
  nasm: program('nasm'),
  make: program('make'),
  'libx264-dev': library('x264'),
  'zlib1g-dev': library('zlib'),
  'libffmpeg-nvenc-dev': library('ffnvcodec'),
};

/** The source package's files, by apt with lists of its own: the system's configuration stays as it is. */
function fetchSource(folder, version) {
  const lists = join(folder, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const sources = join(folder, 'debian.sources');
  const key = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const about = (uri, suites) =>
    `Types: deb-src\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\nSigned-By: ${key}\n`;
  const release = run('sh', ['-c', '. /etc/os-release; echo "$VERSION_CODENAME"']).trim();
  writeFileSync(
    sources,
    `${about('http://deb.debian.org/debian', `${release} ${release}-updates`)}\n${about('http://deb.debian.org/debian-security', `${release}-security`)}`,
  );
  const apt = ['Dir::Etc::SourceList', 'Dir::Etc::SourceParts', 'Dir::State::Lists'].flatMap((name, i) => [
    '-o',
    `${name}=${[sources, '/dev/null', lists][i]}`,
  ]);
  run('apt-get', ['-q', ...apt, 'update']);
  run('apt-get', ['-q', ...apt, 'source', '--download-only', `ffmpeg=${version}`], { cwd: folder });
  const description = readdirSync(folder).find((file) => file.endsWith('.dsc'));
  run('dpkg-source', ['--no-check', '-x', description, 'source'], { cwd: folder });
}

/**
 * Builds it where it is not in the cache (some minutes, once).
 * @returns the folder of its libraries, named as their sonames
 */
export async function smallFfmpeg() {
  if (!hasProgram('dpkg-query')) throw new StepError('The packs are built on Debian, or on what has its packages.');
  await ensureSystemPackages(needs);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a field of dpkg-query's format
  const version = run('dpkg-query', ['-W', '-f', '${source:Version}', 'libavcodec-dev']);
  const folder = join(cacheFolder, `gpu-ffmpeg-${version.replace(/[^\w.+-]/g, '_')}`);
  if (existsSync(folder)) return folder;
  progress(`building FFmpeg ${version} with the codecs of the suite alone, once, into ${folder}`);
  const scratch = `${folder}.${process.pid}`;
  mkdirSync(join(scratch, 'build'), { recursive: true });
  try {
    fetchSource(scratch, version);
    run('sh', ['../source/configure', ...options], { cwd: join(scratch, 'build') });
    if ((await runLoud('make', ['-s', '-j2'], { cwd: join(scratch, 'build') })) !== 0)
      throw new StepError('FFmpeg cannot be built: see above.');
    const out = join(scratch, 'libraries');
    mkdirSync(out);
    for (const name of libraries) {
      const built = join(scratch, 'build', `lib${name}`);
      const soname = readdirSync(built).find((file) => /\.so\.\d+$/.test(file));
      run('cp', ['-L', join(built, soname), join(out, soname)]);
    }
    renameSync(out, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return folder;
}
