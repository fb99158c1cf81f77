/** Messages of the Python host, made by the definitions of the schema, as this process checks them. */
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FromHost } from '../src/generated/messages.js';
import { fromHostShapes, mostMessageBytes } from '../src/generated/messages.js';
import { BadMessage, fromHost } from '../src/hosts/messages.js';
import { python, pythonWorks } from './api/analyzer-files.js';

const code = `
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
}))`;

interface Made {
  most: number;
  handled: boolean[];
  messages: FromHost[];
}
const env = { ...process.env, PYTHONPATH: join(resolve(import.meta.dirname, '..'), 'python') };
const made: Made = pythonWorks
  ? JSON.parse(execFileSync(python, ['-c', code], { encoding: 'utf8', env }))
  : { most: 0, handled: [], messages: [] };

describe.skipIf(!pythonWorks)('the Python host', () => {
  test('sends messages that are accepted as they are', () => {
    expect(made.messages.map(fromHost)).toEqual(made.messages);
    expect(made.messages.map(({ kind }) => kind)).toEqual(Object.keys(fromHostShapes));
    expect(made.most).toBe(mostMessageBytes);
  });

  test('has a method for every message that it is sent', () => {
    expect(made.handled).toEqual([true, true, true]);
  });

  test.each(made.messages)('sends no message $kind without one of its fields', (message) => {
    for (const [key, { optional }] of Object.entries(fromHostShapes[message.kind])) {
      const { [key as keyof FromHost]: _, ...rest } = message;
      if (optional) expect(fromHost(rest).kind).toBe(message.kind);
      else expect(() => fromHost(rest)).toThrow(BadMessage);
    }
    expect(fromHost({ ...message, more: 1 })).toEqual(message);
  });
});
