/** Lines about what operators do and see: the API, and what is counted. */
export const OPERATOR_EVENTS = {
  'admin.opened': {
    level: 'info',
    text: 'admin: listening on {url}',
    about: 'The API for operators is there.',
    act: 'Nothing.',
  },
  'admin.unencrypted': {
    level: 'warn',
    text: 'admin: {cause}',
    about: 'The API is reached from elsewhere without TLS: tokens can be read on the way.',
    act: 'Give it a certificate, put a proxy with TLS before it, or let it listen on this machine alone.',
  },
  'admin.acted': {
    level: 'info',
    text: '{by} did {did}',
    fields: 'target given',
    about:
      'An operator changed something by the API: `target` is whom the path names, and `given` what else was said, but for secrets and payloads.',
    act: 'Nothing: it is there for who asks later.',
  },
  'admin.refused': {
    level: 'warn',
    text: 'admin: refused {remote}: {cause}',
    about:
      'Somebody asked the API without a token that may do that, by a name that is not known here, from a page of another site, or too often. No token is told.',
    act: 'Where it was nobody of yours, keep the address away; otherwise see the cause.',
  },
  'admin.failed': {
    level: 'error',
    text: 'admin: {cause}',
    about: 'The API could not answer a request.',
    act: 'Report it, with the stack trace.',
  },
  'metrics.opened': {
    level: 'info',
    text: 'metrics are at {url}',
    about: 'Prometheus may ask there.',
    act: 'Nothing.',
  },
  'metrics.left-out': {
    level: 'warn',
    text: 'metrics: {metric} {cause}: it is left out',
    about: 'A middleware answers `lookupMetrics` with what cannot be told. Told once of each.',
    act: 'Mend that middleware.',
  },
  'metrics.failed': {
    level: 'warn',
    text: '{cause}',
    about: 'OpenTelemetry could not be told.',
    act: 'Look after the SDK and its exporter.',
  },
  'metrics.published': {
    level: 'debug',
    text: 'metrics: {count} values are published below {topic}',
    about:
      'What has changed was published to `$SYS`: one line for all of it, in place of one for each message.',
    act: 'Nothing.',
  },
  'metrics.unpublished': {
    level: 'warn',
    text: 'metrics: $SYS was not published: {cause}',
    about: 'What is counted could not be published to `$SYS`.',
    act: 'See the cause; it is tried again at the next interval.',
  },
} as const
