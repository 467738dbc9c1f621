/** The part of JSON Schema (2020-12) that the configuration's schema is made of. */
export interface JsonSchema {
  readonly $schema?: string
  readonly $id?: string
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly type?: JsonType
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  /** `{}`: nothing fits; its `title` says why. */
  readonly not?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: boolean | JsonSchema
  readonly required?: readonly string[]
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly examples?: readonly unknown[]
  /** `path`: of a file or folder, relative to the configuration's folder. */
  readonly format?: string
}

export type JsonType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean'
