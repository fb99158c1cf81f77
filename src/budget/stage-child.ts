/** One stage measured in this process: argv[2] is a StageRequest, standard output gets its figures or `{error}`. */
import { loadAddon } from '../addon.js';
import { toFramepathError } from '../errors.js';

try {
  process.stdout.write(`${await loadAddon().benchStage(process.argv[2] ?? '{}')}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: toFramepathError(error) })}\n`);
  process.exitCode = 1;
}
