/** Messages of the Python host, made by the definitions of the schema, as this process checks them. */
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { FromHost } from '../src/generated/messages.js';
import { fromHostShapes, mostMessageBytes } from '../src/generated/messages.js';
import { BadMessage, fromHost } from '../src/hosts/messages.js';

const python = (code: string): string =>
  execFileSync('python3', ['-c', code], {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: join(resolve(import.meta.dirname, '..'), 'python') },
  });

const made = JSON.parse(
  python(`
import json
from framepath import messages
from framepath.host import Host
worked = {"id": 1, "startMs": 1.5, "endMs": 2.5}
error = {"name": "E", "message": "", "stack": "s"}
print(json.dumps({
  "most": messages.MOST_MESSAGE_BYTES,
  "handled": [hasattr(Host, kind) for kind in messages.TO_HOST],
  "messages": [
    messages.opened(definition={"name": "m", "depends": [], "stateless": True}),
    messages.unusable(error=error),
    messages.answer(**worked, value={"smile": 0.5}),
    messages.failed(**worked, error=error),
    messages.out_of_reach(**worked, reason="why"),
  ],
}))`),
) as { most: number; handled: boolean[]; messages: FromHost[] };

test('every message of the Python host is accepted as it is', () => {
  expect(made.messages.map(fromHost)).toEqual(made.messages);
  expect(made.messages.map(({ kind }) => kind)).toEqual(Object.keys(fromHostShapes));
  expect(made.most).toBe(mostMessageBytes);
});

test('the Python host has a method for every message that it is sent', () => {
  expect(made.handled).toEqual([true, true, true]);
});

test.each(made.messages)('without one of its fields $kind is no message', (message) => {
  for (const [key, { optional }] of Object.entries(fromHostShapes[message.kind])) {
    const { [key as keyof FromHost]: _, ...rest } = message;
    if (optional) expect(fromHost(rest).kind).toBe(message.kind);
    else expect(() => fromHost(rest)).toThrow(BadMessage);
  }
  expect(fromHost({ ...message, more: 1 })).toEqual(message);
});
