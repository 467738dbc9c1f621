/** From the path of a configuration to what it says. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileProblem } from '@mqtt-stack/core'
import type { ConfigValue } from './config-value.ts'
import { conform } from './conform.ts'
import type { JsonSchema } from './json-schema.ts'
import type { Gathered } from './listener-rules.ts'
import { gatherRules } from './listener-rules.ts'
import type { Parsed } from './parsed.ts'
import { ConfigError } from './problem.ts'

/** A configuration that fits its schema. */
export interface LoadedConfig extends Gathered {
  readonly parsed: Parsed
}

const LARGEST = 16_777_216
const FIXES: Readonly<Record<string, string>> = { ENOENT: 'mqtt-stack init makes one' }

let schema: JsonSchema | undefined

/** The schema that is published with the package. */
export function configSchema(): JsonSchema {
  schema ??= JSON.parse(
    readFileSync(new URL('../../config.schema.json', import.meta.url), 'utf8'),
  ) as JsonSchema
  return schema
}

/**
 * Reads YAML or JSON. The library for it is loaded here, and by nobody else.
 * @throws ConfigError with everything that is wrong, each with its line.
 */
export async function loadConfig(
  file: string,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<LoadedConfig> {
  return readText(file, await contentsOf(file), env)
}

/** As {@link loadConfig}, of a text that was read already. */
export async function readText(
  file: string,
  text: string,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<LoadedConfig> {
  const { parseConfig } = await import('./parse-config.ts')
  const parsed = parseConfig(file, text, env)
  return { parsed, ...gatherRules(parsed, conform(parsed, configSchema()) as ConfigValue) }
}

async function contentsOf(file: string): Promise<string> {
  try {
    const text = await readFile(file)
    if (text.length > LARGEST) throw new Error(`it is larger than ${LARGEST} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(text)
  } catch (error) {
    throw new ConfigError([{ where: file, message: `cannot be read: ${fileProblem(error, FIXES)}` }], error)
  }
}
