/** Stage costs of this machine: measured in child processes, kept in the user's cache folder. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAddon } from '../addon.js';
import { cacheFile, writeCached } from '../cache-folder.js';
import { FramepathError, toFramepathError, toOutputError } from '../errors.js';
import type { StageFigures } from '../generated/results.js';
import type { ModelFileSpec, StageRequest } from '../generated/specs.js';
import { type Costs, type Profile, type StageCost, skips } from './workload.js';

/** What is to be measured, and on what. */
export interface MeasureOptions {
  /** the user's clip; absent: a rendered pattern of `height` */
  clip: string | undefined;
  width: number;
  height: number;
  /** absent: nothing is detected */
  model: ModelFileSpec | undefined;
  /** encoder profiles that are asked about */
  profiles: readonly Profile[];
  device: string;
  runtimeLibraries: string[];
  /** measure anew */
  fresh: boolean;
  /** gets a line for every stage that is measured */
  progress(text: string): void;
}

export interface Measured {
  costs: Costs;
  machine: { cpu: string; cores: number; device: string };
  /** when the oldest of the figures was measured, ISO 8601 */
  measuredAt: string;
  /** part of the time that measuring had to wait because the machine was busy with other things, 0 to 1 */
  disturbed: number;
}

/** Objects that the tracker is measured with. */
export const trackedObjects = 20;

const minSeconds = 0.6;
const patternFrames = 48;
const patternFps = 30;

interface Entry extends StageCost {
  disturbed: number;
  measuredAt: string;
}
type Entries = Record<string, Entry>;

/** What the figures depend on. */
async function fingerprint({ clip, width, height, model, device, runtimeLibraries }: MeasureOptions) {
  const addon = loadAddon();
  const found = JSON.parse(await addon.doctor(JSON.stringify({ runtimeLibraries }))) as {
    libav: Record<string, string>;
    runtime: { version?: string };
    devices: { id: string; description?: string }[];
  };
  const best = found.devices.filter((one) => one.description).at(-1);
  const id = device === 'auto' ? (best?.id ?? 'cpu') : device;
  const fileOf = (path: string) => {
    const { size, mtimeMs } = statSync(path);
    return { path, size, mtimeMs };
  };
  return {
    version: addon.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    // names the instruction set too
    device: found.devices.find((one) => one.id === id)?.description ?? id,
    libav: found.libav,
    runtime: found.runtime.version ?? null,
    picture: clip === undefined ? `pattern ${width}x${height}` : fileOf(clip),
    model: model ? fileOf(model.file) : null,
    minSeconds,
  };
}

/** What an earlier call left; nothing when the file is not there or not ours. */
function readEntries(file: string): Entries {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { stages: Entries }).stages ?? {};
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw toFramepathError(error);
  }
}

function writeEntries(file: string, key: object, stages: Entries): void {
  try {
    writeCached(file, { ...key, stages });
  } catch (error) {
    throw toOutputError(error, file, true);
  }
}

/** Measures one stage in a process of its own, so that nothing else of this one counts. */
async function measureStage(request: StageRequest): Promise<StageFigures> {
  const script = fileURLToPath(new URL('stage-child.js', import.meta.url));
  const { out, err, failed } = await new Promise<{ out: string; err: string; failed: boolean }>((done) =>
    execFile(process.execPath, [script, JSON.stringify(request)], (error, out, err) =>
      done({ out, err: err || (error?.message ?? ''), failed: error !== null }),
    ),
  );
  const line = out.trim().split('\n').at(-1) ?? '';
  if (!failed) return JSON.parse(line) as StageFigures;
  if (!line.startsWith('{')) throw new FramepathError('INTERNAL', `Measuring ${request.stage} failed: ${err.trim()}`);
  const { error } = JSON.parse(line) as { error: { message: string } };
  throw toFramepathError(Object.assign(new Error(error.message), error));
}

/** Every stage of the plan by its name in the cache. */
function requests(options: MeasureOptions, clip: string): Record<string, StageRequest> {
  const { width, height, model, device, runtimeLibraries } = options;
  const canvas = { width: width - (width % 2), height: height - (height % 2) };
  const common = { device, runtimeLibraries, minSeconds };
  const all: Record<string, StageRequest> = { decode: { ...common, stage: 'decode', clip } };
  for (const skipLoopFilter of skips)
    all[`decode ${skipLoopFilter}`] = { ...common, stage: 'decode', clip, skipLoopFilter };
  if (model) {
    all.detect = { ...common, stage: 'detect', clip, model };
    all.track = { ...common, stage: 'track', objects: trackedObjects };
  }
  if (options.profiles.length > 0)
    all.compose = { ...common, stage: 'compose', clips: [clip], layout: 'whole', ...canvas };
  for (const profile of options.profiles)
    all[`encode ${profile}`] = { ...common, stage: 'encode', clip, profile, ...canvas, fps: patternFps };
  return all;
}

function entryOf({ cpuMs, wallMs, items, delayFrames }: StageFigures, threads: number): Entry {
  return {
    cpuMs: cpuMs / items,
    ...(typeof delayFrames === 'number' && { delayFrames }),
    // A stage of one thread that computes all the time uses all the time, unless others have the cores.
    disturbed: threads === 1 ? Math.max(0, 1 - cpuMs / wallMs) : 0,
    measuredAt: new Date().toISOString(),
  };
}

/** The costs of the stages, from the cache where they were measured before. @throws FramepathError of the stages */
export async function measureCosts(options: MeasureOptions): Promise<Measured> {
  const key = await fingerprint(options);
  const file = cacheFile('plan', key);
  const entries = options.fresh ? {} : readEntries(file);
  const missing = Object.keys(requests(options, '')).filter((name) => !entries[name]);
  if (missing.length > 0) {
    await measureMissing(options, missing, entries);
    writeEntries(file, key, { ...readEntries(file), ...entries });
  }
  const asked = Object.keys(requests(options, '')).map((name) => entries[name]!);
  const { cpu, cores, device } = key;
  return {
    costs: costsOf(entries, cores, options),
    machine: { cpu, cores, device },
    measuredAt: asked.map(({ measuredAt }) => measuredAt).sort()[0]!,
    disturbed: Math.max(...asked.map(({ disturbed }) => disturbed)),
  };
}

async function measureMissing(options: MeasureOptions, missing: readonly string[], entries: Entries): Promise<void> {
  const { width, height, progress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'framepath-plan-'));
  try {
    const clip = options.clip ?? join(folder, 'pattern.mp4');
    if (options.clip === undefined) {
      progress(`rendering a pattern of ${width}x${height}`);
      const pattern = { path: clip, width, height, fps: patternFps, frames: patternFrames };
      await loadAddon()
        .benchClip(JSON.stringify(pattern))
        .catch((error) => Promise.reject(toFramepathError(error)));
    }
    const all = requests(options, clip);
    for (const name of missing) {
      progress(`measuring ${name} at ${width}x${height}`);
      entries[name] = entryOf(await measureStage(all[name]!), name.startsWith('encode') ? 0 : 1);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function costsOf(entries: Entries, cores: number, { height, model, profiles }: MeasureOptions): Costs {
  const cost = (name: string): StageCost => {
    const { cpuMs, delayFrames } = entries[name]!;
    return { cpuMs, ...(delayFrames !== undefined && { delayFrames }) };
  };
  return {
    cores,
    height,
    decode: cost('decode'),
    decodeSkipping: { nonref: cost('decode nonref'), all: cost('decode all') },
    ...(model && { detect: cost('detect'), track: cost('track') }),
    ...(profiles.length > 0 && {
      compose: cost('compose'),
      encode: Object.fromEntries(profiles.map((profile) => [profile, cost(`encode ${profile}`)])),
    }),
  };
}
