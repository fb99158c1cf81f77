// The bench suite from a clone: set-up with the native bench programs, then `framepath bench` with the same arguments.
import { setUp } from './setup.mjs';
import { main, runLoud } from './steps/shell.mjs';

await main(async () => {
  await setUp('conformance_test', 'native_bench');
  return runLoud(process.execPath, ['lib/cli.js', 'bench', ...process.argv.slice(2)]);
});
