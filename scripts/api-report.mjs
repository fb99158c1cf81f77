// docs/api-report.md: every public type as the compiled declarations have it, so that a change of the surface shows in review.
// node scripts/api-report.mjs writes it (after a build); test/api-report.test.ts compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './steps/shell.mjs';

export const reportFile = join(root, 'docs/api-report.md');

/** Folders of the packages whose types are public. */
const packages = ['.', 'packages/models'];

/** What programs import, with the file of its types: `framepath`, `framepath/metrics`. */
function entriesOf(folder) {
  const { name, exports } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  return Object.entries(exports)
    .filter(([, target]) => target.types)
    .map(([path, target]) => ({ name: name + path.slice(1), file: join(root, folder, target.types) }));
}

const isHidden = (member) =>
  ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'internal') ||
  (member.name && ts.isPrivateIdentifier(member.name)) ||
  Boolean(ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private);

/** A declaration without what its users cannot reach. */
function withoutHidden(declaration) {
  const visitor = (context) => (node) => {
    if ((ts.isClassElement(node) || ts.isTypeElement(node)) && isHidden(node)) return undefined;
    return ts.visitEachChild(node, visitor(context), context);
  };
  return ts.transform(declaration, [(context) => visitor(context)]).transformed[0];
}

const printer = ts.createPrinter({ removeComments: true });

/** Variables are declared by their statement. */
const statementOf = (declaration) => (ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration);

function print(declaration) {
  const statement = statementOf(declaration);
  const text = printer.printNode(ts.EmitHint.Unspecified, withoutHidden(statement), statement.getSourceFile());
  return text
    .replace(/^(export )?(declare )?/, '')
    .replaceAll(/^( {4})+/gm, (indent) => indent.replaceAll('    ', '  '))
    .replaceAll(/\[\s+\]/g, '[]');
}

/** The declarations below lib/ of what `node` names. */
function named(node, checker, isOurs, found) {
  if (isHidden(node)) return;
  if (ts.isIdentifier(node)) {
    let symbol = checker.getSymbolAtLocation(node);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
    const declaration = symbol?.declarations?.[0];
    const isOwn = declaration && statementOf(declaration).parent && ts.isSourceFile(statementOf(declaration).parent);
    if (isOwn && isOurs(declaration.getSourceFile().fileName)) found.add(symbol);
  }
  ts.forEachChild(node, (child) => named(child, checker, isOurs, found));
}

function section(title, symbols) {
  const texts = [...symbols]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((one) => one.declarations.map(print).join('\n'));
  return texts.length > 0 ? `${title}\n\n\`\`\`ts\n${texts.join('\n')}\n\`\`\`\n` : '';
}

/** The report, of what is compiled now. */
export function apiReport() {
  const entries = packages.flatMap(entriesOf);
  const options = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, noLib: true, types: [] };
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    options,
  );
  const checker = program.getTypeChecker();
  const isOurs = (file) => !file.includes('/node_modules/');
  const sections = [];
  const reachable = new Set();
  for (const { name, file } of entries) {
    const exported = checker
      .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
    sections.push({ name, exported });
    for (const symbol of exported) reachable.add(symbol);
  }
  const exported = new Set(reachable);
  for (const symbol of reachable)
    for (const one of symbol.declarations) named(statementOf(one), checker, isOurs, reachable);
  return [
    '# Public types\n\nMade by `node scripts/api-report.mjs`; do not edit.\n',
    ...sections.map((one) => section(`## ${one.name}`, one.exported)),
    section(
      '## Not exported, but named by these',
      [...reachable].filter((one) => !exported.has(one)),
    ),
  ].join('\n');
}

if (import.meta.filename === process.argv[1]) writeFileSync(reportFile, apiReport());
