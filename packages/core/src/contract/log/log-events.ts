/** Every line that the built-ins write; `docs/log.md` is printed from it. A name never changes its meaning; words may change. */
import { CLIENT_EVENTS } from './events-of-clients.ts'
import { FILE_EVENTS } from './events-of-files.ts'
import { MIDDLEWARE_EVENTS } from './events-of-middlewares.ts'
import { OPERATOR_EVENTS } from './events-of-operators.ts'
import { PROCESS_EVENTS } from './events-of-processes.ts'
import { STORE_EVENTS } from './events-of-stores.ts'

/** The names of events, with what is known of each. */
export type LogEvents = typeof CLIENT_EVENTS &
  typeof MIDDLEWARE_EVENTS &
  typeof STORE_EVENTS &
  typeof FILE_EVENTS &
  typeof OPERATOR_EVENTS &
  typeof PROCESS_EVENTS

/** Events by subject, in the order of the page. */
export const LOG_SUBJECTS: {
  readonly Clients: typeof CLIENT_EVENTS
  readonly 'The stack': typeof MIDDLEWARE_EVENTS
  readonly 'Stores and nodes': typeof STORE_EVENTS
  readonly 'Files and services': typeof FILE_EVENTS
  readonly Operators: typeof OPERATOR_EVENTS
  readonly 'Process and listeners': typeof PROCESS_EVENTS
} = {
  Clients: CLIENT_EVENTS,
  'The stack': MIDDLEWARE_EVENTS,
  'Stores and nodes': STORE_EVENTS,
  'Files and services': FILE_EVENTS,
  Operators: OPERATOR_EVENTS,
  'Process and listeners': PROCESS_EVENTS,
}

export const LOG_EVENTS: LogEvents = {
  ...CLIENT_EVENTS,
  ...MIDDLEWARE_EVENTS,
  ...STORE_EVENTS,
  ...FILE_EVENTS,
  ...OPERATOR_EVENTS,
  ...PROCESS_EVENTS,
}
