/**
 * Which of ONNX Runtime's GPU providers can be used without risking this process. A provider is a pile of libraries (its
 * own, CUDA's, cuDNN's, the driver's) that may not fit one another, and some combinations crash or hang: each is tried in a
 * child process first. What failed with a reason there fails with the same reason here, so only crashes and hangs count.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cacheFile, writeCached } from '../cache-folder.js';
import type { Provider } from './provider.js';
import { fingerprint, providerFiles } from './provider-files.js';

export interface ProbeRequest {
  provider: Provider;
  device: string;
  runtimeLibraries: string[];
}

/** What a child found out. `fails` is a coded failure; `crashes` and `hangs` make the provider off limits. */
export interface ProbeFinding {
  state: 'works' | 'fails' | 'crashes' | 'hangs';
  reason?: string;
  /** what it died of */
  signal?: NodeJS.Signals;
}

/** TensorRT compiles the model before it runs it. */
const longestMs: Partial<Record<Provider, number>> = { cuda: 20_000, tensorrt: 60_000 };

const script = fileURLToPath(new URL('../../lib/providers/probe-child.js', import.meta.url));

/** Tries the provider in a child process, now. */
export async function probe(
  request: ProbeRequest,
  timeout = longestMs[request.provider] ?? 20_000,
): Promise<ProbeFinding> {
  return new Promise((done) => {
    const options = { timeout, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, [script, JSON.stringify(request)], options, (error, out, err) => {
      const line = out.trim().split('\n').at(-1) ?? '';
      const answer = line.startsWith('{') ? (JSON.parse(line) as { error?: { message: string } }) : undefined;
      if (answer?.error) return done({ state: 'fails', reason: answer.error.message });
      if (answer && !error) return done({ state: 'works' });
      if (error?.killed) return done({ state: 'hangs', reason: `it was not done after ${timeout / 1000} s` });
      const last = err.trim().split('\n').at(-1);
      const how = error?.signal ? `it died of ${error.signal}` : `it ended with status ${error?.code}`;
      const signal = error?.signal;
      done({ state: 'crashes', reason: last ? `${how}: ${last}` : how, ...(signal && { signal }) });
    });
  });
}

/** Of an earlier process. */
export function readFinding(file: string): ProbeFinding | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { finding: ProbeFinding }).finding;
  } catch {
    return undefined; // none yet, or not ours: it is made again
  }
}

/**
 * Why a provider must not be tried in this process, else nothing. A provider whose library is not there is harmless; others
 * are tried in a child process once for every set of libraries and driver.
 */
export async function whyOff(request: ProbeRequest, timeout?: number): Promise<string | undefined> {
  const files = providerFiles(request);
  if (!files) return undefined;
  const facts = fingerprint(request, files);
  const cached = cacheFile(`provider-${request.provider}`, facts);
  let finding = readFinding(cached);
  if (!finding) {
    finding = await probe(request, timeout);
    try {
      writeCached(cached, { finding, ...facts });
    } catch {
      // a cache that cannot be written: the next process tries again
    }
  }
  if (finding.state === 'works' || finding.state === 'fails') return undefined;
  return `tried in a child process, it ${finding.state}: ${finding.reason} (to try again, remove ${cached})`;
}
