/** The table of routes: the server, the checks, `/openapi.json` and docs/admin.md are made of it. */
import { openApi } from '../http/openapi.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'
import { BAN_ROUTES } from './bans.ts'
import { CLIENT_ROUTES } from './clients.ts'
import { LIVE_ROUTES } from './live.ts'
import { MESSAGE_ROUTES } from './messages.ts'
import { METRIC_ROUTES } from './metrics.ts'
import { RULE_ROUTES } from './rules.ts'
import { SESSION_ROUTES } from './sessions.ts'
import { HEALTH_ROUTES, SYSTEM_ROUTES } from './system.ts'
import { TRACING_ROUTES } from './tracing.ts'
import { USER_ROUTES } from './users.ts'

const OPENAPI: Route = route({
  method: 'GET',
  path: '/openapi.json',
  role: undefined,
  tag: 'Broker',
  summary: 'This table, as OpenAPI 3.1.',
  answer: { type: 'object' },
  run: ({ desk }) => openApi(ROUTES, desk.operator.version),
})

/** All of them. */
export const ROUTES: readonly Route[] = [
  ...CLIENT_ROUTES,
  ...BAN_ROUTES,
  ...SESSION_ROUTES,
  ...MESSAGE_ROUTES,
  ...USER_ROUTES,
  ...RULE_ROUTES,
  ...SYSTEM_ROUTES,
  ...HEALTH_ROUTES,
  ...METRIC_ROUTES,
  ...LIVE_ROUTES,
  ...TRACING_ROUTES,
  OPENAPI,
]

/** Those that are had without a token on a listener of its own. */
export const OPEN_ROUTES: readonly Route[] = ROUTES.filter(({ open }) => open === true)
