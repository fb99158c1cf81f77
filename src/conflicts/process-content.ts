/** Native code that a process has loaded, or would load. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Package, packageAround } from '../packages/package-file.js';
import { gpuProviders, type Provider } from '../providers/provider.js';
import { providerFile } from '../providers/provider-files.js';
import { readElf } from './elf.js';
import { loadedLibraries } from './loaded.js';
import { type NativeOf, type NativePackage, nativeOf, nativePackages } from './native-packages.js';

/** Native code that a module, framepath or the program loads into a process. */
export interface Content {
  /** for messages: `module 'smile'`, `framepath`, `this program` */
  who: string;
  packages: NativePackage[];
  runtimes: Runtime[];
  cuda: CudaLibrary[];
}

/** A library of ONNX Runtime. */
export interface Runtime {
  path: string;
  version: string;
}

/** A library of CUDA that a file needs, or that is loaded. */
export interface CudaLibrary {
  /** `libcudart` */
  name: string;
  major: number;
  /** the file that needs it, or its own path */
  path: string;
}

const isRuntime = (path: string): boolean => /^libonnxruntime\.so(\.|$)/.test(basename(path));

/** `libcudart.so.12` -> its name and major. */
function cudaLibrary(soname: string, path: string): CudaLibrary[] {
  const [, name, major] = /^(libcudart|libcublas|libcudnn)\.so\.(\d+)/.exec(soname) ?? [];
  return name ? [{ name, major: Number(major), path }] : [];
}

/** Version by its symbols, else by its file name. */
function runtimeAt(path: string): Runtime {
  const real = realpathSync(path);
  const symbols = readElf(real)?.versions.find((version) => version.startsWith('VERS_'));
  const version = symbols?.slice('VERS_'.length) ?? /\.so\.(\d[\d.]*)$/.exec(real)?.[1] ?? 'of unknown version';
  return { path: real, version };
}

/** Content of a module that imports these packages. */
export function contentOf(who: string, packages: Iterable<Package>, of: NativeOf = nativeOf): Content {
  const native = [...nativePackages(packages, of).values()];
  return {
    who,
    packages: native,
    runtimes: native.flatMap(({ files }) => {
      const runtime = files.find(({ path }) => isRuntime(path));
      return runtime ? [runtimeAt(runtime.path)] : [];
    }),
    cuda: native.flatMap(({ files }) =>
      files.flatMap(({ path, needed }) => needed.flatMap((soname) => cudaLibrary(soname, path))),
    ),
  };
}

/** Content that this process has loaded; only packages with these names. */
export function loadedContent(names: ReadonlySet<string>, of: NativeOf = nativeOf): Content {
  const libraries = loadedLibraries();
  const packages = new Map<string, NativePackage>();
  for (const path of libraries) {
    const owner = path.includes('/node_modules/') || /\.node$/.test(path) ? packageAround(dirname(path)) : undefined;
    if (!owner || packages.has(owner.folder) || !names.has(owner.name)) continue;
    const native = of(owner);
    if (native) packages.set(native.folder, native);
  }
  return {
    who: 'this program',
    packages: [...packages.values()],
    runtimes: libraries.filter(isRuntime).map(runtimeAt),
    cuda: libraries.flatMap((path) => cudaLibrary(basename(path), path)),
  };
}

/** Libraries, device and providers with which framepath runs models. */
export interface Inference {
  /** candidate paths of ONNX Runtime, preferred first */
  libraries: readonly string[];
  device: string;
  providers: readonly Provider[] | undefined;
}

/** Content of framepath itself: the first library that exists, and its GPU providers where they are used. */
export function frameworkContent({ libraries, device, providers }: Inference): Content {
  const path = libraries.map(locate).find((found) => found !== undefined);
  const onGpu = device.startsWith('cuda') || (device === 'auto' && hasGpu());
  const used = onGpu ? gpuProviders.filter((one) => providers === undefined || providers.includes(one)) : [];
  const files = used.flatMap((provider) => (path && providerFile(path, provider)) ?? []);
  return {
    who: 'framepath',
    packages: [],
    runtimes: path ? [runtimeAt(path)] : [],
    cuda: files.flatMap((file) => (readElf(file)?.needed ?? []).flatMap((soname) => cudaLibrary(soname, file))),
  };
}

/** Whether an NVIDIA driver is present, on Linux or WSL: without one `auto` is the CPU. */
const hasGpu = (): boolean => existsSync('/dev/nvidiactl') || existsSync('/dev/dxg');

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** Path of a library as the loader finds it: by its path, or by name in the default folders. */
function locate(library: string): string | undefined {
  if (library.includes('/')) return isFile(library) ? library : undefined;
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  const usual = [
    `/lib/${machine}-linux-gnu`,
    `/usr/lib/${machine}-linux-gnu`,
    '/lib64',
    '/usr/lib64',
    '/usr/local/lib',
    '/lib',
    '/usr/lib',
  ];
  const folders = [...(process.env.LD_LIBRARY_PATH?.split(':') ?? []), ...usual];
  return folders
    .filter((folder) => folder)
    .map((folder) => join(folder, library))
    .find(isFile);
}
