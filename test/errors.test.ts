import { expect, test } from 'vitest';
import { errorCodes, FramepathError, toFramepathError, toOutputError } from '../src/errors.js';

test('every code is documented in a sentence', () => {
  for (const [code, words] of Object.entries(errorCodes)) expect(words, code).toMatch(/^[A-Z].{15,}\.$/);
});

test('native errors keep code, hint, source and module, and are the cause', () => {
  const native = Object.assign(new Error('no'), { code: 'DECODE_FAILED', hint: 'h', source: 's', module: '' });
  const error = toFramepathError(native);
  expect(error).toMatchObject({
    name: 'FramepathError',
    code: 'DECODE_FAILED',
    message: 'Source "s": no',
    hint: 'h',
    source: 's',
    cause: native,
  });
  expect(error.module).toBeUndefined();
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    code: 'DECODE_FAILED',
    message: 'Source "s": no',
    hint: 'h',
    source: 's',
  });
  expect(toFramepathError(error)).toBe(error);
});

test('the sentence itself names module and source', () => {
  const of = (message: string, details: object) => new FramepathError('MODULE_FAILED', message, details).message;
  expect(of('it broke', { module: 'faces', source: 'cam' })).toBe('Module "faces", Source "cam": it broke');
  expect(of('it broke', { source: '0' })).toBe('Source "0": it broke');
  for (const named of ['Module "faces" broke', "faces: 'faces' broke", 'module faces broke'])
    expect(of(named, { module: 'faces' })).toBe(named);
  expect(of('The pixels of source 0 are gone', { source: '0' })).toBe('The pixels of source 0 are gone');
  expect(of('10 of 20', { source: '0' })).toBe('Source "0": 10 of 20');
  expect(of('it broke', {})).toBe('it broke');
});

test('an error that brings no hint has the usual one of its code', () => {
  expect(new FramepathError('SOURCE_NOT_FOUND', 'no').hint).toBe('Check the path or URL.');
  expect(new FramepathError('SOURCE_NOT_FOUND', 'no', { hint: 'h' }).hint).toBe('h');
  expect(new FramepathError('INVALID_ARGUMENT', 'Expected a number for x but received 1').hint).toBeUndefined();
});

test('what has no code of the table is a defect', () => {
  expect(toFramepathError(new TypeError('x is not a function')).code).toBe('INTERNAL');
  expect(toFramepathError({ code: 'toString' }).code).toBe('INTERNAL');
  expect(toFramepathError('text').message).toBe('text');
});

test('file system errors of outputs are distinguished', () => {
  const errno = (code: string) => Object.assign(new Error(code), { code });
  expect(toOutputError(errno('ENOSPC'), '/x', false).code).toBe('OUTPUT_DISK_FULL');
  expect(toOutputError(errno('ENOSPC'), '/x', true).code).toBe('OUTPUT_DISK_FULL');
  expect(toOutputError(errno('EACCES'), '/x', true).code).toBe('OUTPUT_UNWRITABLE');
  expect(toOutputError(errno('EIO'), '/x', false).code).toBe('OUTPUT_FAILED');
  const coded = new FramepathError('ABORTED', 'a');
  expect(toOutputError(coded, '/x', true)).toBe(coded);
});
