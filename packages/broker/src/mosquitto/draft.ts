/** A configuration that is being made of a file of Mosquitto. */
import type { Path } from '../config/parsed.ts'

/** What a line of Mosquitto's became. */
export interface Note {
  /** From 1 on. */
  readonly line: number
  /** The line as it was. */
  readonly text: string
  /** Why it, or a part of it, was not translated. */
  readonly why: string
}

/** A value with the line that it comes from; 0 where Mosquitto does so by itself. */
export interface Setting {
  readonly path: Path
  readonly value: unknown
  readonly line: number
}

/** A listener, by Mosquitto's names. */
export interface ListenerDraft {
  readonly line: number
  port: number
  host: string | undefined
  /** Of a Unix socket. */
  socket: string | undefined
  websockets: boolean
  cafile: string | undefined
  needsCertificate: boolean
  /** The certificate says who a client is, whatever else it says of itself. */
  isNamedByCertificate: boolean
  /** What it says of itself, where listeners may differ. */
  allowAnonymous: boolean | undefined
  passwordFile: string | undefined
  /** What is the same for us: option, value and line. */
  readonly settings: Setting[]
}

export class Draft {
  readonly settings: Setting[] = []
  readonly notes: Note[] = []
  readonly listeners: ListenerDraft[] = []
  /** Whether clients without a name are let in; nothing where no line says so. */
  allowAnonymous: boolean | undefined
  /** Each listener says who is let in. */
  isPerListener = false
  /** What may wait for a client, by the part of our option's name that is the same for a session and a connection. */
  readonly queued: Map<'Messages' | 'Bytes', Setting> = new Map()
  /** Kinds of lines that are logged, and the line that named the first. */
  readonly logTypes: Set<string> = new Set()
  logLine = 0
  #line = 0
  #text = ''

  /** The line that is read now. */
  at(line: number, text: string): void {
    this.#line = line
    this.#text = text
  }

  get line(): number {
    return this.#line
  }

  /** The listener that options belong to; before the first one, Mosquitto's own. */
  get listener(): ListenerDraft {
    return this.listeners.at(-1) ?? this.addListener(1883, undefined)
  }

  addListener(port: number, host: string | undefined): ListenerDraft {
    const made: ListenerDraft = {
      line: this.#line,
      port,
      host,
      socket: undefined,
      websockets: false,
      cafile: undefined,
      needsCertificate: false,
      isNamedByCertificate: false,
      allowAnonymous: undefined,
      passwordFile: undefined,
      settings: [],
    }
    this.listeners.push(made)
    return made
  }

  set(path: Path, value: unknown): void {
    const id = JSON.stringify(path)
    const former = this.settings.find((one) => JSON.stringify(one.path) === id)
    if (former !== undefined && former.value !== value)
      this.note(`there is one for all listeners, that of line ${former.line}`)
    else if (former === undefined) this.settings.push({ path, value, line: this.#line })
  }

  setListener(option: string, value: unknown): void {
    this.listener.settings.push({ path: [option], value, line: this.#line })
  }

  note(why: string): void {
    this.notes.push({ line: this.#line, text: this.#text, why })
  }
}
