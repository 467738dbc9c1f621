/** The body of a request: JSON, and no longer than it may be. */
import { Buffer } from 'node:buffer'
import type { Fields } from './fields.ts'
import { Problem } from './problem.ts'

/**
 * @param fields What it may say: where nothing of that is required, there may be no body.
 * @param limit Bytes; what is longer is read no further.
 * @throws Problem `too-large`, `wrong-type` or `bad-request`
 */
export async function bodyOf(
  request: Request,
  fields: Fields,
  limit: number,
): Promise<Readonly<Record<string, unknown>>> {
  const text = await textOf(request, limit)
  if (text === '' && Object.values(fields).every(({ required }) => !required)) return {}
  // Pages of other sites cannot send this type without being asked who they are.
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    throw new Problem('wrong-type', 'the body must be JSON: content-type: application/json')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Problem('bad-request', 'the body is not JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new Problem('bad-request', 'the body must be an object')
}

async function textOf({ body, headers }: Request, limit: number): Promise<string> {
  const tooLarge = (): Problem => new Problem('too-large', `the body is larger than ${limit} bytes`)
  if (Number(headers.get('content-length')) > limit) throw tooLarge()
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > limit) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
