/** The JSON Schema of a configuration, out of the tables of options. `npm run docs:write` writes it down. */
import type { OptionSpec } from '@mqtt-stack/core'
import { describeOption } from '@mqtt-stack/core'
import { LOG_OPTIONS } from '../log-options.ts'
import { ORDER } from '../order.ts'
import { FROM_FILE } from './conform.ts'
import type { JsonSchema } from './json-schema.ts'
import { ACL, ADMIN, ANONYMOUS, LIMITS, LMDB, METRICS, PROVIDERS, REDIS, TRACING } from './sections.ts'

/** A table of options, whosoever they are. */
export type Rows = Readonly<Record<string, OptionSpec>>

/** All tables that a configuration is made of. */
export interface ConfigTables {
  /** Of each transport. */
  readonly listeners: Readonly<Record<string, Rows>>
  readonly stack: Rows
  /** Of each package, by the name behind `@mqtt-stack/`. */
  readonly packages: Readonly<Record<string, Rows>>
}

const ID = 'https://unpkg.com/@mqtt-stack/broker/config.schema.json'
/** What the address of a listener says. */
const IN_ADDRESS: ReadonlySet<string> = new Set(['transport', 'host', 'port', 'path'])
const ADDRESSES = 'mqtt, mqtts, ws or wss with host and port, or unix with a path'

/** @param tables As the packages export them; those of packages that are not there are left out. */
export function makeSchema(tables: ConfigTables): JsonSchema {
  const places = ORDER.filter((place) => place !== 'backend').map((place) => [place, placeOf(place, tables)])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: ID,
    description: 'The configuration of mqtt-stack.',
    ...mapOf({
      listeners: {
        type: 'array',
        minItems: 1,
        description: 'Where clients connect; by default mqtt://127.0.0.1:1883.',
        items: listenerOf(tables),
      },
      auth: { ...mapOf(authOf(tables)), description: 'Who clients are: providers, asked in this order.' },
      ...sectionOf(ACL, tables),
      ...sectionOf(LIMITS, tables),
      store: {
        ...mapOf({
          memory: {
            ...tableOf(tables.packages['memory-backend'] ?? {}),
            description: 'Gone with the process.',
          },
          ...sectionOf(LMDB, tables),
          ...sectionOf(REDIS, tables),
        }),
        minProperties: 1,
        maxProperties: 1,
        description: 'Where sessions and messages are kept; by default in memory.',
      },
      stack: { ...tableOf(tables.stack), description: 'Sizes and times of the whole stack.' },
      ...Object.fromEntries(places),
      ...sectionOf(ADMIN, tables),
      ...sectionOf(METRICS, tables),
      ...sectionOf(TRACING, tables),
      use: { type: 'array', items: useOf(), description: 'Middlewares of other packages.' },
      log: {
        ...tableOf(LOG_OPTIONS as Rows),
        description: 'What is logged, to standard output.',
      },
    }),
    $defs: {
      fromFile: {
        ...mapOf({ file: { type: 'string', format: 'path' } }, ['file']),
        title: 'a map with "file"',
        description: 'The text of a file, without its last line end.',
      },
    },
  }
}

/** A table as a map. */
export function tableOf(rows: Rows, without: ReadonlySet<string> = new Set()): JsonSchema {
  const kept = Object.entries(rows).filter(
    ([key, { kind, schema }]) => !without.has(key) && kind !== 'function' && schema !== false,
  )
  const required = kept.filter(([, row]) => row.default === undefined && row.optional !== true)
  const properties = kept.map(([key, row]) => [key, optionOf(row)])
  return mapOf(
    Object.fromEntries(properties),
    required.map(([key]) => key),
  )
}

function optionOf(row: OptionSpec): JsonSchema {
  const { kind, choices, default: usual, min = 0, max, unit, format, schema, doc } = row
  const range = kind === 'number' && choices === undefined ? `${describeOption(row)}. ` : ''
  const shared = {
    description: unit === undefined ? doc : `${range[0]?.toUpperCase() ?? ''}${range.slice(1)}${doc}`,
    ...(usual !== undefined && typeof usual !== 'object' && { default: usual }),
  }
  if (choices !== undefined) return { enum: choices, ...shared }
  if (format === 'path' && schema === undefined) return { type: 'string', format, ...shared }
  if (kind === 'any') return { ...schema, ...shared }
  if (kind === 'number')
    return { type: kind, minimum: min, ...(max !== undefined && { maximum: max }), ...shared }
  if (kind === 'boolean') return { type: kind, ...shared }
  return { anyOf: [{ type: 'string' }, { $ref: FROM_FILE }], ...shared }
}

/** All options of all transports: which of them a transport has is looked at when its address is known. */
function listenerOf({ listeners: transports, packages }: ConfigTables): JsonSchema {
  const all = Object.assign({}, ...Object.values(transports)) as Rows
  const { properties } = tableOf(all, IN_ADDRESS)
  const limits = limitsOf(packages['rate-limit'] ?? {})
  const rules = rulesOf(packages.acl ?? {})
  const names = [...Object.keys(PROVIDERS), ANONYMOUS]
  const listen: JsonSchema = {
    type: 'string',
    pattern: '^(?:(?:mqtts?|wss?)://|unix:).+',
    title: `an address: ${ADDRESSES}`,
    description: `Where: ${ADDRESSES}.`,
    examples: [
      'mqtt://127.0.0.1:1883',
      'mqtts://0.0.0.0:8883',
      'wss://0.0.0.0:8084/mqtt',
      'unix:/run/mqtt.sock',
    ],
  }
  const providers: JsonSchema = {
    type: 'array',
    items: { anyOf: [{ enum: names }, { type: 'string' }], title: 'the name of a provider' },
    description:
      'The sections of `auth` that are asked here, and middlewares of `use` by their names; all by default.',
  }
  return mapOf({ listen, ...properties, providers, limits, rules }, ['listen'])
}

/** Of one listener: what it leaves out holds as the section says. Of what it cannot have a person is told where it belongs. */
function limitsOf(rows: Rows): JsonSchema {
  const ours = Object.fromEntries(Object.entries(rows).filter(([, { perListener }]) => perListener))
  const own = tableOf(ours).properties ?? {}
  const others = Object.keys(tableOf(rows).properties ?? {}).filter((key) => !(key in own))
  const named = Object.entries(own).map(([key, { default: _, ...schema }]) => [key, schema])
  return {
    ...mapOf(Object.fromEntries([...named, ...others.map((key) => [key, ELSEWHERE])])),
    description: 'Limits of this listener, in place of those of the section `limits`.',
  }
}

/** As those of the section, without the condition that they have all. */
function rulesOf(rows: Rows): JsonSchema {
  const { items = {} } = tableOf(rows).properties?.rules ?? {}
  return {
    type: 'array',
    items: { ...items, properties: { ...items.properties, listener: THIS } },
    description:
      'Rules for clients of this listener, by its `name`: they stand before those of the section `acl`, in the order of the listeners.',
  }
}

const THIS: JsonSchema = { not: {}, title: 'is this listener already: leave it out' }

const ELSEWHERE: JsonSchema = {
  not: {},
  title: 'holds for the whole broker: write it into the section "limits"',
}

function authOf(tables: ConfigTables): Record<string, JsonSchema> {
  const anonymous: JsonSchema = {
    enum: [true, false, 'local'],
    description:
      'Clients without a name: everywhere, nowhere, or from this machine alone (`local`); by default `local` where there is no provider, and nowhere otherwise.',
  }
  const providers = Object.values(PROVIDERS).map((one) => sectionOf(one, tables))
  return Object.assign({ anonymous }, ...providers) as Record<string, JsonSchema>
}

function sectionOf(
  { path, package: name, doc }: typeof ACL,
  tables: ConfigTables,
): Record<string, JsonSchema> {
  const rows = tables.packages[name.replace('@mqtt-stack/', '')]
  return rows === undefined ? {} : { [path.at(-1) as string]: { ...tableOf(rows), description: doc } }
}

function placeOf(place: string, tables: ConfigTables): JsonSchema {
  const name = place.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const options = tableOf(tables.packages[name] ?? {})
  return { anyOf: [options, { enum: [false] }], description: `Options of ${name}; \`false\` leaves it out.` }
}

function useOf(): JsonSchema {
  const place = { enum: ORDER }
  return mapOf(
    {
      package: { type: 'string', description: 'Its package, or the path of a module, beginning with `./`.' },
      name: {
        type: 'string',
        description:
          'How it is called from then on, by listeners and in the log: two of one class need two names.',
      },
      export: { type: 'string', description: 'What the package exports; `default`, or its only class.' },
      options: { type: 'object', description: 'What it is made with.' },
      before: { ...place, description: 'It stands right before this place.' },
      after: { ...place, description: 'It stands right behind this place.' },
    },
    ['package'],
  )
}

function mapOf(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema {
  return {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(required.length > 0 && { required }),
  }
}
