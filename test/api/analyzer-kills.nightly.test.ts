/** A thousand kills. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostsWork } from './analyzer-files.js';
import { killed } from './analyzer-kills.js';
import { folderFor, patternClip } from './clips.js';

test.skipIf(!hostsWork)('a run loses no frame and no value to a thousand kills', async () => {
  const clip = patternClip(join(folderFor('kills'), 'clip.mp4'), { seconds: 600, size: '64x48' });
  expect(await killed(clip, 1000)).toBe(1000);
});
