/** A web service with TLS on a free port of this machine, whose certificate no machine knows. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Authority } from './authority.ts'

export interface SecureService {
  /** `https://localhost:1234`. */
  readonly origin: string
  /** A file with the certificate of its authority, and one with another's. */
  readonly caFile: string
  readonly otherFile: string
}

/** @param answer What each request is answered. */
export async function secureService(answer: unknown): Promise<SecureService> {
  const authority = new Authority('Company')
  const folder = mkdtempSync(join(tmpdir(), 'service-'))
  const [caFile, otherFile] = [join(folder, 'ca.pem'), join(folder, 'other.pem')]
  writeFileSync(caFile, authority.cert)
  writeFileSync(otherFile, new Authority('Others').cert)
  const { cert, key } = authority.issue({ subject: [['CN', 'service']], san: [['dns', 'localhost']] })
  const server = createServer({ cert, key }, (request, response) => {
    request.resume()
    response.end(JSON.stringify(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true })
  })
  return { origin: `https://localhost:${(server.address() as AddressInfo).port}`, caFile, otherFile }
}
