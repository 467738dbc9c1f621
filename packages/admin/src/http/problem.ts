/** What an answer says that is none: RFC 9457 (problem+json), with a stable code. */

/** Codes of refusals, and the status that goes with each. */
export const PROBLEMS = {
  'bad-request': 400,
  'no-token': 401,
  'wrong-token': 401,
  'not-allowed': 403,
  'cross-site': 403,
  'unknown-host': 421,
  'not-found': 404,
  'wrong-method': 405,
  conflict: 409,
  'too-large': 413,
  'wrong-type': 415,
  'cannot-be-done': 422,
  'too-many': 429,
  'went-wrong': 500,
  'not-available': 501,
  unavailable: 503,
  'took-too-long': 504,
} as const

export type ProblemCode = keyof typeof PROBLEMS

/** An answer that is none: thrown by whoever refuses a request. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly status: number
  /** Header fields that go with it. */
  readonly headers: Readonly<Record<string, string>>

  /** @param detail What is wrong, and what to do, in words. */
  constructor(code: ProblemCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.code = code
    this.status = PROBLEMS[code]
    this.headers = headers
  }
}

/** Whether an error is one of ours: two copies of the package may be there. */
export function isProblem(error: unknown): error is Problem {
  return error instanceof Error && error.name === 'Problem' && 'code' in error && 'status' in error
}

/** The answer that a problem is. */
export function problemResponse({ code, status, message, headers }: Problem): Response {
  const body = { type: `urn:mqtt-stack:problem:${code}`, title: titleOf(code), status, detail: message, code }
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  })
}

function titleOf(code: string): string {
  const text = code.replaceAll('-', ' ')
  return `${text[0]?.toUpperCase()}${text.slice(1)}`
}
