/** `framepath doctor`, in this process and on the real addon. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { nativeLines } from '../src/cli/doctor.js';
import type { MachineFindings } from '../src/generated/results.js';
import { framepath } from './command-line.js';
import { scratch } from './tiny.js';

const folder = scratch('cli-doctor');

describe('doctor', () => {
  test('shows what decided each setting', async () => {
    vi.stubEnv('FRAMEPATH_DEVICE', 'cpu');
    const { code, out } = await framepath(['doctor']);
    vi.unstubAllEnvs();
    expect(code).toBe(0);
    expect(out).toContain('device: cpu  (FRAMEPATH_DEVICE)');
    expect(out).toMatch(/^libav: libavcodec \d+\.\d+\.\d+/m);
    expect(out).toMatch(/^GPU readings: /m);
  });

  test('shows what decided each setting of modules', async () => {
    const path = join(folder, 'modules.json');
    const base = { smile: { isolation: 'process', stride: 2 }, people: { enabled: false } };
    const environments = { prod: { modules: { smile: { stride: 5 } } } };
    writeFileSync(path, JSON.stringify({ modules: base, environments }));
    vi.stubEnv('FRAMEPATH_CONFIG', path);
    vi.stubEnv('FRAMEPATH_ENV', 'prod');
    const { out } = await framepath(['doctor']);
    const { modules } = JSON.parse((await framepath(['doctor', '--json'])).out);
    vi.unstubAllEnvs();
    expect(out).toContain(
      `modules:\n  smile.stride: 5  (${path} (prod))\n  smile.isolation: "process"  (${path})\n  people.enabled: false  (${path})\n`,
    );
    expect(modules.smile.stride).toEqual({ value: 5, from: `${path} (prod)` });
  });
});

describe('of a GPU, doctor', () => {
  const gpu = {
    name: 'H100',
    driver: '580.0',
    uuid: 'GPU-1',
    pciBusId: '0000:65:00.0',
    mig: false,
    memoryTotalBytes: 80 * 2 ** 30,
    sm: 40,
    memoryController: 20,
    encoder: null,
    decoder: 60,
    memoryBytes: 3 * 2 ** 30,
    temperatureC: 55,
    powerW: 215.5,
    samplingMs: { encoder: 0, decoder: 167 },
    missing: { encoder: 'Not Supported (3)' },
    device: 'cuda:0',
  };
  const found: MachineFindings = {
    libav: { libavcodec: '59.37.100' },
    bundle: null,
    encoders: { h264: 'libx264' },
    runtime: { path: '/lib/libonnxruntime.so', version: '1.29.0', tried: [] },
    devices: [{ id: 'cuda:0', error: 'No kernels load.' }],
    cuda: {
      usable: false,
      library: 'libcuda.so.1',
      driverVersion: 13000,
      name: 'H100',
      computeCapability: [9, 0],
      multiprocessors: 132,
      totalBytes: 80e9,
      freeBytes: 77e9,
      kernels: '',
      steps: [
        { name: 'driver', works: true, result: 'CUDA 13.0', hint: '' },
        { name: 'kernels', works: false, result: 'No kernels load.', hint: 'Update the driver.' },
      ],
    },
    nvml: { gpus: [gpu], unreadable: ["NVML's GPU 1: GPU is lost (15)"] },
  };
  const linesOf = (more: Partial<MachineFindings> = {}) => nativeLines({ ...found, ...more }).join('');

  test('shows readings of NVML, and missing ones', () => {
    expect(linesOf()).toContain(
      '  H100 (0000:65:00.0, driver 580.0, cuda:0): SM 40 %, memory controller 20 %, NVDEC 60 %, memory 3.0 of 80.0 GiB, 55 °C, 215.5 W\n',
    );
    expect(linesOf()).toContain('    encoder not read: Not Supported (3)\n');
    expect(linesOf()).toContain("  not read: NVML's GPU 1: GPU is lost (15)\n");
    expect(linesOf({ nvml: { error: 'NVML cannot be opened.', hint: '' } })).toContain(
      'GPU readings: none. NVML cannot',
    );
  });

  test('shows whose libraries of FFmpeg there are: licence, configure line, sources', () => {
    expect(linesOf()).not.toContain('configured');
    const source = { name: 'dav1d', version: '1.5.1', licence: 'BSD-2-Clause', file: 'dav1d.tar.xz', sha256: '40' };
    const bundle = { name: '@framepath/av-linux-x64', licence: 'LGPL-3.0-or-later', ffmpeg: '7.1.5' };
    const out = linesOf({ bundle: { ...bundle, configure: '--enable-version3', sources: [source] } });
    expect(out).toContain(
      '  @framepath/av-linux-x64, FFmpeg 7.1.5, LGPL-3.0-or-later\n  configured: --enable-version3\n',
    );
    expect(out).toContain('  dav1d 1.5.1, BSD-2-Clause: dav1d.tar.xz, sha256 40\n');
  });

  test('shows how to get ONNX Runtime for a GPU where the library is ours', () => {
    expect(linesOf()).not.toContain('npm install onnxruntime-node');
    const path = '/app/node_modules/@framepath/onnxruntime-linux-x64/libonnxruntime.so.1';
    const out = linesOf({ runtime: { path, version: '1.29.0', tried: [] } });
    expect(out).toContain(
      `ONNX Runtime: 1.29.0, ${path}\n  for the CPU; for models on a GPU: npm install onnxruntime-node`,
    );
  });

  test('shows what the GPU decodes and encodes', () => {
    const video = {
      decodes: [{ codec: 'hevc', chroma: '4:2:0', depth: 10, from: [144, 144], to: [8192, 8192] }],
      encodes: { h264: true, av1: 'this GPU has no video encoder' },
    } as NonNullable<MachineFindings['cuda']['video']>;
    const out = linesOf({ cuda: { ...found.cuda, video } });
    expect(out).toContain('    decodes hevc 4:2:0 10-bit, 144x144 to 8192x8192\n');
    expect(out).toContain('    encodes h264\n    encodes av1: no, this GPU has no video encoder\n');
    const nothing = { decodes: [], decodesNothing: 'its library cannot be opened', encodes: {} };
    expect(linesOf({ cuda: { ...found.cuda, video: nothing } })).toContain(
      '    decodes nothing: its library cannot be opened\n',
    );
  });

  test('shows every step to the GPU, and what to do about the one that fails', () => {
    expect(linesOf()).toContain('  cuda:0: not usable\n    driver: CUDA 13.0\n');
    expect(linesOf()).toContain('    kernels: does not work. No kernels load.\n      Update the driver.\n');
  });
});
