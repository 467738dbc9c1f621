import { connect } from 'node:tls'

/** Asks for so many TLS renegotiations on one connection; resolves when they are done, refused, or the time is over. */
export function renegotiations(port: number, count: number, patience: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
    const timer = setTimeout(() => socket.destroy(), patience)
    let left = count
    const again = (error?: Error | null): void => {
      if (error || left-- === 0 || socket.destroyed) socket.destroy()
      else socket.renegotiate({ rejectUnauthorized: false }, again)
    }
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.on('secureConnect', () => again())
  })
}
