/**
 * What the source of a file imports, and the analyzers that it defines. Parsed with acorn, which finds `import`, `import()`
 * and `require` alike; lexers of imports do not.
 */
import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import type { Node } from 'acorn';
import { messageOf } from '../errors.js';

/** Of one file. */
export interface Findings {
  /** specifiers of imports */
  asked: string[];
  /** names of analyzers */
  names: string[];
  unseen: string[];
}

export async function readFindings(file: string): Promise<Findings> {
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
