/**
 * Static analysis of a module's imports: its own files, followed by `import` and `require`, and the packages they name.
 * Parsed with acorn, which finds `import`, `import()` and `require` alike; lexers of imports do not.
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Node } from 'acorn';
import { messageOf } from '../errors.js';
import { findPackage, isPath, type Package, packageAround, packageOf } from '../packages/package-file.js';

/** The imports reachable from one file. */
export interface Scan {
  /** imported packages, by folder */
  packages: Map<string, Package>;
  /** name of the analyzer, where it is a literal in the file */
  name: string | undefined;
  /** imports that could not be followed, with the reason */
  unseen: string[];
}

const { createRequire, isBuiltin } = nodeModule;
const mostFiles = 1000;
/** Packages that load the native file of their caller. */
const loaders = new Set([
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  '@mapbox/node-pre-gyp',
  'node-pre-gyp',
  'pkg-prebuilds',
  'prebuild-install',
]);

interface Findings {
  asked: string[];
  names: string[];
  unseen: string[];
}

/** Follows `file` through its own files. A file that cannot be read is named in `unseen`. */
export async function scanImports(file: string): Promise<Scan> {
  const scan: Scan = { packages: new Map(), name: undefined, unseen: [] };
  const seen = new Set<string>();
  const waiting = [existsSync(file) ? realpathSync(file) : file];
  const names: string[][] = [];
  while (waiting.length > 0) {
    const path = waiting.pop()!;
    if (seen.has(path)) continue;
    if (seen.size >= mostFiles) {
      scan.unseen.push(`imports beyond the first ${mostFiles} of its files`);
      break;
    }
    seen.add(path);
    if (path.endsWith('.json')) continue;
    const found = await readFindings(path);
    names.push(found.names);
    scan.unseen.push(...found.unseen);
    for (const specifier of found.asked) follow(specifier, path, scan, waiting);
  }
  scan.name = names[0]?.length ? onlyOne(names[0]) : onlyOne(names.flat());
  return scan;
}

const onlyOne = (names: readonly string[]): string | undefined => (new Set(names).size === 1 ? names[0] : undefined);

function follow(specifier: string, from: string, scan: Scan, waiting: string[]): void {
  const file = pathOf(specifier);
  if (file === undefined || isPath(file)) {
    const path = file && ownFile(resolve(dirname(from), file));
    if (path === undefined) scan.unseen.push(`'${specifier}' of ${from}, which is not there`);
    else if (/\.node$/.test(path)) addPackage(scan, packageAround(dirname(path)));
    else waiting.push(path);
    return;
  }
  if (isBuiltin(specifier) || /^(data|node|https?):/.test(specifier)) return;
  if (specifier.startsWith('#')) {
    followPrivate(specifier, from, scan, waiting);
    return;
  }
  const name = packageOf(specifier);
  if (name === 'framepath') return; // framepath itself: its libraries are known
  if (loaders.has(name)) addPackage(scan, packageAround(dirname(from)));
  const found = findPackage(name, dirname(from));
  if (found) addPackage(scan, found);
  else if (packageAround(dirname(from))?.name !== name)
    scan.unseen.push(`'${specifier}' of ${from}, which is not installed`);
}

/** A `file:` URL as a path, anything else as it is; undefined where the URL names no file of this machine. */
function pathOf(specifier: string): string | undefined {
  if (!specifier.startsWith('file:')) return specifier;
  try {
    return fileURLToPath(specifier);
  } catch {
    return undefined;
  }
}

function addPackage(scan: Scan, found: Package | undefined): void {
  if (found) scan.packages.set(found.folder, found);
}

/** `#name`, from the `imports` of its package.json. */
function followPrivate(specifier: string, from: string, scan: Scan, waiting: string[]): void {
  try {
    const path = createRequire(from).resolve(specifier);
    const inside = packageAround(dirname(path));
    if (inside?.folder === packageAround(dirname(from))?.folder) waiting.push(realpathSync(path));
    else addPackage(scan, inside);
  } catch {
    scan.unseen.push(`'${specifier}' of ${from}`);
  }
}

/** A file as Node, `require` or a loader of TypeScript would find it. */
function ownFile(path: string): string | undefined {
  const extensions = ['js', 'mjs', 'cjs', 'json', 'node', 'ts', 'mts', 'cts'];
  const typed = path.replace(/\.([mc]?)js$/, '.$1ts');
  const plain = path.replace(/[?#].*$/, ''); // an import can carry a query
  const candidates = [path, ...extensions.map((end) => `${path}.${end}`), typed, join(path, 'index.js'), plain];
  const found = candidates.find((one) => existsSync(one) && statSync(one).isFile());
  return found && realpathSync(found);
}

async function readFindings(file: string): Promise<Findings> {
  const findings: Findings = { asked: [], names: [], unseen: [] };
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    findings.unseen.push(`${file}: ${messageOf(error)}`);
    return findings;
  }
  if (/\.[mc]?tsx?$/.test(file)) {
    const strip = (nodeModule as { stripTypeScriptTypes?: (text: string) => string }).stripTypeScriptTypes;
    if (!strip) {
      findings.unseen.push(`${file}: this Node reads no TypeScript`);
      return findings;
    }
    try {
      source = strip(source);
    } catch (error) {
      findings.unseen.push(`${file}: ${messageOf(error)}`);
      return findings;
    }
  }
  const tree = await parse(source);
  if (tree instanceof Error) findings.unseen.push(`${file}: ${tree.message}`);
  else collect(tree, file, findings);
  return findings;
}

/** As a module, else as a script. */
async function parse(source: string): Promise<Node | SyntaxError> {
  const acorn = await import('acorn'); // loaded on first use
  const options = {
    ecmaVersion: 'latest',
    locations: true,
    allowHashBang: true,
    allowReturnOutsideFunction: true,
  } as const;
  try {
    return acorn.parse(source, { ...options, sourceType: 'module' });
  } catch {
    try {
      return acorn.parse(source, { ...options, sourceType: 'script' });
    } catch (error) {
      return error as SyntaxError;
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: nodes of every kind
type AnyNode = Node & Record<string, any>;

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

/** The text of a literal, also of a template without holes. */
function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked;
  return undefined;
}

function collect(tree: Node, file: string, findings: Findings): void {
  const requires = new Set(['require']);
  const calls: AnyNode[] = [];
  const nodes: unknown[] = [tree];
  const ask = (what: string, argument: unknown, node: AnyNode) => {
    const text = textOf(argument);
    if (text !== undefined) findings.asked.push(text);
    else findings.unseen.push(`${what} with a name that is computed (${file}:${node.loc!.start.line})`);
  };
  while (nodes.length > 0) {
    const node = nodes.pop();
    if (Array.isArray(node)) nodes.push(...node);
    if (!isNode(node)) continue;
    if (node.type === 'ImportExpression') ask('import()', node.source, node);
    else if (/^(Import|Export(Named|All))Declaration$/.test(node.type) && node.source) ask('import', node.source, node);
    else if (node.type === 'CallExpression') calls.push(node);
    else if (node.type === 'VariableDeclarator' && makesRequire(node.init) && node.id.type === 'Identifier')
      requires.add(node.id.name);
    else if (node.type === 'ObjectExpression') findings.names.push(...nameOfDefinition(node));
    for (const [key, value] of Object.entries(node)) if (key !== 'loc' && typeof value === 'object') nodes.push(value);
  }
  for (const call of calls) {
    const { callee } = call;
    const isRequire = callee.type === 'Identifier' ? requires.has(callee.name) : makesRequire(callee);
    if (isRequire && call.arguments.length > 0) ask('require()', call.arguments[0], call);
    else if (callee.type === 'MemberExpression' && callee.property.name === 'dlopen')
      findings.unseen.push(`dlopen() (${file}:${call.loc!.start.line})`);
  }
}

/** `createRequire(...)`, also as a property. */
function makesRequire(node: unknown): boolean {
  if (!isNode(node) || node.type !== 'CallExpression') return false;
  const { callee } = node;
  return (callee.type === 'MemberExpression' ? callee.property.name : callee.name) === 'createRequire';
}

/** `{ name: 'smile', analyze... }` -> smile. */
function nameOfDefinition({ properties }: AnyNode): string[] {
  const keyOf = ({ key, computed }: AnyNode) => (computed || !key ? undefined : (key.name ?? key.value));
  const all = properties as AnyNode[];
  if (!all.some((property) => keyOf(property) === 'analyze')) return [];
  const name = textOf(all.find((property) => keyOf(property) === 'name')?.value);
  return name === undefined ? [] : [name];
}
