import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder in an XDG variable, else `inHome` of the user's home. `undefined`: there is none, as for a user of a container
 * without HOME and without an entry in /etc/passwd.
 */
export function userFolder(variable: string, inHome: string): string | undefined {
  const stated = process.env[variable];
  if (stated) return stated;
  try {
    return join(homedir(), inHome);
  } catch {
    return undefined;
  }
}
