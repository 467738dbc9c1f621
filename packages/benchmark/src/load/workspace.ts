/**
 * All sockets of the load read into this one buffer: a read is handled before the next begins, so 10,000
 * connections need no buffer each. The headroom before a read takes the incomplete frame left from the
 * connection's last one, so that a frame always lies in one piece.
 */
const HEADROOM = 64 * 1024
const READ = 256 * 1024

const buffer = Buffer.allocUnsafeSlow(HEADROOM + READ)

export const workspace: { readonly buffer: Buffer; readonly inbound: Buffer; readonly start: number } = {
  buffer,
  inbound: buffer.subarray(HEADROOM),
  start: HEADROOM,
}

export const MAX_CARRY: number = HEADROOM
