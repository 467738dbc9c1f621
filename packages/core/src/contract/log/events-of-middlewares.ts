/** Lines about the stack itself and the middlewares in it. */
export const MIDDLEWARE_EVENTS = {
  'handler.failed': {
    level: 'error',
    text: '{middleware} ({callback}): {cause}',
    fields: 'clientId',
    about: 'A handler of a middleware failed; the connection that it was about is closed.',
    act: 'A fault of that middleware: report it, with the stack trace.',
  },
  'handler.slow': {
    level: 'warn',
    text: '{middleware} has taken {ms} ms to answer {callback} so far',
    fields: 'clientId',
    about:
      'A handler lets a client wait for longer than the option `slowAfter` of the stack says; looked for once a second.',
    act: 'Look after what the middleware waits for: a database, a web service, the disk.',
  },
  'handler.stalled': {
    level: 'warn',
    text: '{middleware} has not answered {callback} for {ms} ms',
    fields: 'clientId',
    about: 'Nobody waits for this answer any more (option `stallTimeout`).',
    act: 'As with `handler.slow`; what the handler was to decide is refused.',
  },
  'middleware.unasked': {
    level: 'warn',
    text: '{cause}',
    about: 'A middleware answers a callback that nobody executes.',
    act: 'Add the middleware that asks, or leave this one out.',
  },
  'error-handler.failed': {
    level: 'error',
    text: 'errorHandler failed',
    about: 'The option `errorHandler` threw.',
    act: 'Mend it: it must not throw.',
  },
  'stack.failed': {
    level: 'error',
    text: '{cause}',
    fields: 'clientId',
    about: 'An error that no caller waits for and that came out of no handler.',
    act: 'Report it, with the stack trace.',
  },
  'memory.refused': {
    level: 'warn',
    text: 'memory was refused {count} times, the last time for {owner}, which holds {held} bytes; {owners} owners hold {total} of {ceiling} bytes',
    about:
      'What clients want to have kept is more than `memoryCeiling`, or than the share of one; told once a minute.',
    act: 'Have that client or user leave less behind, or raise `memoryCeiling` or `memoryShare`.',
  },
  'overload.began': {
    level: 'warn',
    text: 'new clients are refused: {cause}',
    about: 'The event loop is late, or memory is short (rate-limit).',
    act: 'Wait; if it comes often, give the broker more, or a second node.',
  },
  'overload.ended': {
    level: 'info',
    text: 'new clients are let in again',
    about: 'The overload is over.',
    act: 'Nothing.',
  },
  'log.limited': {
    level: 'info',
    text: '{count} more lines of {limited} were left out',
    about: 'One event came more often than it is logged (option `logLines`); at the level of that event.',
    act: 'See that event.',
  },
} as const
