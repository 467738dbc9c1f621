/** What the service is asked, and what it answers; `schemas.ts` says the same as JSON Schema. */

/** Where a client comes from. */
export interface Origin {
  clientId: string
  protocolVersion: 3 | 4 | 5
  /** Without the port; none on a Unix socket. */
  address?: string
  /** `tcp`, `tls`, `ws`, `wss`, … */
  transport: string
  /** What the listener is called in the configuration. */
  listener?: string
}

/** Nobody does it: somebody wants to know what would be answered (`explain`). */
export interface Dry {
  /** Nothing is to be counted, kept or told because of the question. */
  dry?: boolean
}

/** Is this client who it claims to be? */
export interface AuthenticateRequest extends Origin, Dry {
  username?: string
  /** The password, if it is text in UTF-8. */
  password?: string
  /** Any other password, in base64. */
  passwordBase64?: string
}

export interface AuthenticateAnswer {
  /** `ignore`: the service does not know the client, and other providers are asked. */
  result: 'allow' | 'deny' | 'ignore'
  /** Who the client is from now on; its user name unless said otherwise. */
  identity?: string
  groups?: string[]
  /** Of a refusal: a code of CONNACK (5.0). */
  reasonCode?: number
  /** Of a refusal, in words: for the client (5.0) and the log. */
  reason?: string
  /** How long the answer may be kept; never longer than the options say. */
  cacheSeconds?: number
}

export interface Question {
  action: 'publish' | 'subscribe' | 'will'
  /** The topic, or the topic filter of a subscription. */
  topic: string
  qos: 0 | 1 | 2
  /** Not of subscriptions. */
  retain?: boolean
}

/** May this client do these? */
export interface AuthorizeRequest extends Origin, Dry {
  /** Who the client is; none: nobody. */
  identity?: string
  groups: string[]
  questions: Question[]
}

export interface AuthorizeAnswer {
  /** One for each question, in their order. `ignore`: other rules say. */
  results: ('allow' | 'deny' | 'ignore')[]
  /** How long the answers may be kept; never longer than the options say. */
  cacheSeconds?: number
}
