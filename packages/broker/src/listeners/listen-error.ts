/** Why a listener could not be opened, and what to do about it. */
import { StackError } from '@mqtt-stack/core'
import type { Address } from './address.ts'

const PORT_FIXES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken: stop what listens there, or choose another port (0: a free one)',
  EACCES: 'needs rights that this user does not have: choose a port from 1024 on',
  EADDRNOTAVAIL: 'is no address of this machine: choose another host',
  ENOTFOUND: 'cannot be resolved: choose an address of this machine',
  EAI_AGAIN: 'cannot be resolved now: choose a numeric address',
}

const FILE_FIXES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken: stop who listens there, remove it if it is no socket, or choose another file',
  // Node says so of a missing folder, too.
  EACCES: 'cannot be made: its folder is missing, or not for this user to write to',
  ENAMETOOLONG: 'is too long for a socket: choose a shorter path',
}

/** `LISTEN_FAILED`, and what it was that could not be opened. */
export class ListenError extends StackError {
  readonly transport: Address['transport']

  constructor(transport: Address['transport'], message: string, cause: unknown) {
    super('LISTEN_FAILED', message, { cause })
    this.transport = transport
  }
}

/** @param where What was to be opened: `host:port`, or the file of a Unix socket. */
export function listenFailed(transport: Address['transport'], where: string, error: unknown): ListenError {
  const { code = '', message } = error as NodeJS.ErrnoException
  const fix = (transport === 'unix' ? FILE_FIXES : PORT_FIXES)[code] ?? `cannot be listened on: ${message}`
  return new ListenError(transport, `${transport} listener: ${where} ${fix}`, error)
}
