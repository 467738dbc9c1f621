import { flow } from './flow.ts'
import { shareGroups } from './layouts.ts'
import type { Scenario } from './scenario.ts'

/** Shared subscriptions (5.0): each group gets each message, and in it one member. */
export const shared: Scenario = flow(
  'shared',
  '10 publishers to 4 groups of 10 members that share a wildcard',
  {
    layout: shareGroups(4, 10),
    scenario: {
      version: 5,
      needs: ['v5', 'shared'],
      conditions: 'MQTT 5.0; each message makes 4 deliveries',
    },
  },
)
