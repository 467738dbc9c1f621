/** The table of routes as OpenAPI 3.1. */
import type { Fields, JsonSchema } from './fields.ts'
import { schemaOf } from './fields.ts'
import { PROBLEMS } from './problem.ts'
import type { Route } from './route.ts'

const PROBLEM: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What is wrong, and what to do.' },
    code: { enum: Object.keys(PROBLEMS), description: 'Stable.' },
  },
}

/** The document; `version` is the program's. */
export function openApi(routes: readonly Route[], version: string = '0'): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const one of routes) {
    const item = paths[one.path] ?? {}
    item[one.method.toLowerCase()] = operationOf(one)
    paths[one.path] = item
  }
  return {
    openapi: '3.1.0',
    info: { title: 'mqtt-stack', version, description: 'The API for operators of an mqtt-stack broker.' },
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: PROBLEM },
    },
  }
}

function operationOf({
  method,
  path,
  tag,
  summary,
  role,
  params,
  query,
  body,
  answer,
  type,
}: Route): JsonSchema {
  const content = type ?? 'application/json'
  const ok =
    answer === undefined
      ? { 204: { description: 'Done.' } }
      : { 200: { description: 'Done.', content: { [content]: { schema: answer } } } }
  return {
    operationId: `${operationId(method, path)}${type === 'text/plain' ? 'Text' : ''}`,
    tags: [tag],
    summary,
    ...(role !== undefined && { security: [{ token: [role] }], 'x-role': role }),
    ...(role === undefined && { security: [] }),
    parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query')],
    ...(body !== undefined && {
      requestBody: {
        required: Object.values(body).some(({ required }) => required),
        content: { 'application/json': { schema: schemaOf(body) } },
      },
    }),
    responses: {
      ...ok,
      default: {
        description: 'A refusal.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

function parametersOf(fields: Fields, place: 'path' | 'query'): readonly JsonSchema[] {
  return Object.entries(fields).map(([name, { schema, doc, required }]) => ({
    name,
    in: place,
    required: place === 'path' || required,
    description: doc,
    schema,
  }))
}

/** `getClientsByClientId`. */
function operationId(method: string, path: string): string {
  const words = path.replace(/^\/(?:api\/)?/, '').split(/[/.]/)
  const name = words.map((word) => (word.startsWith('{') ? `By${capital(word.slice(1, -1))}` : capital(word)))
  return `${method.toLowerCase()}${name.join('')}`
}

function capital(word: string): string {
  return `${word[0]?.toUpperCase() ?? ''}${word.slice(1)}`
}
