/** The files a run writes beside its video: results, MOT, timeline, report, contact sheet. */
import { parse } from 'node:path';
import type { FrameView } from '../frame.js';
import type { PipelineSpec } from '../generated/specs.js';
import type { NativeRun } from '../native.js';
import { OutputFile } from './output-file.js';
import { ResultsWriter } from './results-writer.js';
import { readFiles, refuseSharedFiles, writtenFiles } from './shared-files.js';

/** Paths of the files; absent ones are not written. */
export interface FilePaths {
  results?: string;
  mot?: string;
  timeline?: string;
  report?: string;
  contactSheet?: string;
  trace?: string;
}

/** The part of a run that writers use. */
export interface WriterRun {
  readonly sourceIds: readonly string[];
  /** positions of the sources that may still deliver */
  open(): readonly number[];
  report(): object;
}

/** Path of a source's MOT file: with several sources, the id goes before the extension. */
export function motPath(path: string, id: string, sources: number): string {
  if (sources === 1) return path;
  const { dir, name, ext } = parse(path);
  return `${dir}${dir ? '/' : ''}${name}.${id.replace(/[^\w.-]+/g, '_')}${ext}`;
}

/** Name of a file in error messages. */
function useOf(key: string): string {
  return key === 'contactSheet' ? 'contact sheet' : `${key.replace(/^mot\d+$/, 'MOT')} file`;
}

/** Opened before the run starts, finished when it has ended. */
export class Writers {
  readonly #files = new Map<string, OutputFile>();
  #results: ResultsWriter | undefined;

  private constructor(private readonly run: WriterRun) {}

  /**
   * @throws OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL; INVALID_ARGUMENT when one of the files, or the encoder's, is something
   * else in this run too
   */
  static async open(run: WriterRun, paths: FilePaths, spec: PipelineSpec): Promise<Writers> {
    const writers = new Writers(run);
    const { mot, ...others } = paths;
    const ids = run.sourceIds;
    const all = {
      ...others,
      ...Object.fromEntries(mot ? ids.map((id, i) => [`mot${i}`, motPath(mot, id, ids.length)]) : []),
    };
    const written = Object.entries(all).map(([key, path]) => ({ path, use: useOf(key) }));
    const outputs = (spec.compositions ?? []).flatMap((composition) => composition.outputs);
    written.unshift(...outputs.flatMap(({ path }) => (path === undefined ? [] : writtenFiles(path))));
    refuseSharedFiles(written, readFiles(spec));
    try {
      for (const [key, path] of Object.entries(all)) writers.#files.set(key, await OutputFile.open(path));
    } catch (error) {
      await writers.#closeAll();
      throw error;
    }
    const results = writers.#files.get('results');
    if (results) writers.#results = new ResultsWriter(results, () => run.open());
    return writers;
  }

  /** The run has started: the files are emptied. @throws OUTPUT_FAILED */
  async begin(): Promise<void> {
    for (const file of this.#files.values()) await file.begin();
  }

  /** Whether every frame must pass through `frames`. */
  get wantsFrames(): boolean {
    return this.#results !== undefined;
  }

  async frames(frames: readonly FrameView[]): Promise<void> {
    await this.#results?.frames(frames);
  }

  /** The run has ended: everything is written. */
  async finish(native: NativeRun): Promise<void> {
    try {
      await this.#results?.finish(JSON.parse(await native.relink()));
      if (this.#files.has('timeline'))
        await this.#files.get('timeline')!.write(pretty(JSON.parse(await native.timeline())));
      await this.#writeContactSheet(native);
      // The MOT store can have lost rows; the other files are written anyway.
      const rows = await this.#mot(native).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      await this.#files.get('report')?.write(pretty(this.run.report()));
      await this.#files.get('trace')?.write(native.trace() ?? '');
      if (rows) throw rows.error;
    } finally {
      await this.#closeAll();
    }
  }

  async #writeContactSheet(native: NativeRun): Promise<void> {
    const file = this.#files.get('contactSheet');
    const sheet = file && (await native.contactSheet());
    if (sheet) await file.write(sheet);
    else if (file)
      native.recovered(
        JSON.stringify({ where: file.path, what: 'no contact sheet', reason: 'No identity was found.' }),
      );
  }

  async #mot(native: NativeRun): Promise<void> {
    for (let i = 0; i < this.run.sourceIds.length; i++) {
      const file = this.#files.get(`mot${i}`);
      if (!file) continue;
      await file.write(''); // without tracks: a file without rows
      for (let part = await native.mot(i); part !== null; part = await native.mot(i)) await file.write(part);
    }
  }

  /** The run failed: results so far and the report remain, the rest is not written. Never throws. */
  async abandon(native?: NativeRun): Promise<void> {
    try {
      await this.#results?.finish(undefined);
      if (native) await this.#files.get('report')?.write(pretty(this.run.report()));
    } catch {
      // the caller gets the failure of the run instead
    }
    await this.#closeAll().catch(() => undefined);
  }

  async #closeAll(): Promise<void> {
    const closed = await Promise.allSettled([...this.#files.values()].map((file) => file.close()));
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
  }
}

function pretty(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
