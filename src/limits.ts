/** Limits on what a source may be and reach. */
import { dirname, resolve } from 'node:path';
import { type SourceIsolation, sourceIsolationNames } from './generated/enums.js';
import { limitValuesRules } from './generated/rules.js';
import type { LimitsSpec, LimitValues } from './generated/specs.js';
import { localPath } from './local-path.js';
import { fields, flag, list, oneOf, type Rule, unexpected } from './validate.js';

/**
 * What a source may be and reach. Whatever exceeds it is an error: SOURCE_TOO_LARGE (the `max...`), SOURCE_REFUSED (the
 * others). `'untrusted'` is short for `{ untrusted: true }`.
 */
export interface Limits extends LimitValues {
  /**
   * Nothing about the source is trusted, its address included: at most 10 GiB, pictures of 8192x8192 and 24 hours; of
   * local files only the source's own folder, of protocols only its own; no private networks; a process of its own, and
   * 10 s to open. Each of these can be set beside it. Default false
   */
  untrusted?: boolean;
  /** where the source is opened, read and decoded: in this process, or in one that may crash; default `'inline'` */
  isolation?: SourceIsolation;
}

/** A name, a wildcard or an address, perhaps with a port; `native/media/host_policy.h` reads it. */
const host: Rule = (name, value) => {
  const form = /^(?:(?:\*\.)?[\w.-]+(?::\d{1,5})?|\[[\da-f:.]+\](?::\d{1,5})?|[\da-f:.]+)$/i;
  if (typeof value !== 'string' || !form.test(value))
    throw unexpected("a host such as 'camera.example.com', '*.example.com', '10.0.0.7:554' or '[::1]:80'", name, value);
};
const limitRules = {
  untrusted: flag,
  ...limitValuesRules,
  hosts: list(host),
  isolation: oneOf(...sourceIsolationNames),
};
/** @internal */
export const limits: Rule = (name, value) => {
  if (typeof value === 'string' && value !== 'untrusted') throw unexpected("'untrusted' or an object", name, value);
  if (value !== 'untrusted') fields(name, value, limitRules);
};
/** What nobody can need more of from a source that nobody vouches for. */
const untrusted = {
  maxBytes: 10 * 1024 ** 3,
  // Twice an 8K picture (7680x4320), and the photographs of nearly all cameras; 200 MB at 16 bits and 4:2:0.
  maxPixels: 8192 * 8192,
  maxDurationMs: 24 * 3_600_000,
  privateNetworks: false,
  isolation: 'process',
} as const satisfies Limits;

/** The folder or the protocols that an untrusted source has of its own. */
function ownPlace(uri: string): Pick<Limits, 'jail' | 'protocols'> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(uri)?.[1]?.toLowerCase();
  if (!scheme || scheme === 'file') return { jail: dirname(resolve(localPath(uri))), protocols: ['file'] };
  const family = scheme === 'https' || scheme === 'http' ? ['http', 'https'] : [scheme, 'tcp', 'udp', 'tls', 'rtp'];
  return { protocols: [...new Set(family)] };
}

/** The native form of limits for one URI. @throws INVALID_ARGUMENT @internal */
export function resolveLimits(uri: string, value: 'untrusted' | Limits | undefined): LimitsSpec | undefined {
  if (value === undefined) return undefined;
  const stated: Limits = value === 'untrusted' ? { untrusted: true } : value;
  const own: Limits = stated.untrusted ? { ...untrusted, ...ownPlace(uri) } : {};
  const privateNetworks = stated.privateNetworks ?? own.privateNetworks ?? true;
  const hosts = stated.hosts ?? [];
  const guarded = hosts.length > 0 || !privateNetworks;
  const isolation = stated.isolation ?? (guarded ? 'process' : own.isolation);
  if (guarded && isolation === 'inline') {
    const why =
      hosts.length > 0 ? 'beside hosts' : 'where private networks are closed (privateNetworks: true opens them)';
    throw unexpected(`'process' ${why}: connections are held to it there only,`, 'limits.isolation', isolation);
  }
  const { jail = own.jail } = stated;
  return {
    maxBytes: stated.maxBytes ?? own.maxBytes ?? 0,
    maxPixels: stated.maxPixels ?? own.maxPixels ?? 0,
    maxDurationMs: stated.maxDurationMs ?? own.maxDurationMs ?? 0,
    jail: jail ? resolve(jail) : '',
    protocols: stated.protocols ?? own.protocols ?? [],
    hosts,
    privateNetworks,
    isolated: isolation === 'process',
  };
}
