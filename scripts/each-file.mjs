// Every native file compiled alone, a step of npm run test:nightly: other builds compile several of a folder as one.
import { buildEachFile } from './steps/native-build.mjs';
import { main } from './steps/shell.mjs';

await main(async () => {
  await buildEachFile();
});
