import type { QoS, TraceStep } from '@mqtt-stack/core'

/**
 * `nothing`: it leaves the question to others. `not asked`: somebody before it decided, or the listener does not ask it.
 * `depends`: on what the question does not say, such as a token. */
export type ExplainedAnswer = 'yes' | 'no' | 'depends' | 'nothing' | 'not asked' | 'failed'

/** What one middleware answers. */
export interface ExplainedStep {
  readonly middleware: string
  readonly answer: ExplainedAnswer
  readonly reason: string | undefined
}

/** Whether somebody may do something, and why. */
export interface Explanation {
  readonly allowed: boolean
  /** Nobody can say without what is missing in the question, such as a token; `allowed` is `false` then. */
  readonly depends: boolean
  /** Whose answer decided, with its reason: `Acl: acl rule 4, broker.yaml:31: deny publish plant/#`. */
  readonly reason: string
  /** The QoS that a subscription would be granted. */
  readonly granted: QoS | undefined
  /** Who it was asked of: `user alice, client lamp, groups staff`. */
  readonly who: string
  /** In the order in which they are asked. */
  readonly steps: readonly ExplainedStep[]
}

/** What is in the stores of questions that are asked of many. */
interface Said {
  readonly valid?: boolean
  readonly reason?: string
  readonly grants?: readonly number[]
  readonly depends?: boolean
  readonly detail?: string
}

/** What a middleware answered, out of what it put in the store. */
export function explainStep({ middleware, asked, said, ended, error }: TraceStep): ExplainedStep {
  const { valid, detail, reason = detail, grants, depends } = said as Said
  const step = (answer: ExplainedAnswer, why = reason): ExplainedStep => ({
    middleware,
    answer,
    reason: why,
  })
  if (!asked) return step('not asked')
  if (error !== undefined) return step('failed', error.message)
  if (valid === false || (grants?.[0] ?? 0) >= 0x80) return step('no')
  if (depends === true) return step('depends')
  if (valid === true || grants !== undefined) return step('yes')
  return ended ? step('no', 'it ends the question without an answer') : step('nothing')
}

/**
 * What comes of all answers: one yes is needed, and no no.
 * @param unasked What is so where nobody can answer.
 */
export function outcomeOf(
  steps: readonly ExplainedStep[],
  isAllowed: boolean,
): Pick<Explanation, 'allowed' | 'depends' | 'reason'> {
  const refusal = steps.find(({ answer }) => answer === 'no' || answer === 'failed')
  const missing = refusal === undefined ? steps.find(({ answer }) => answer === 'depends') : undefined
  const yes = isAllowed ? steps.findLast(({ answer }) => answer === 'yes') : undefined
  const decider = refusal ?? missing ?? yes
  const said = {
    allowed: isAllowed && refusal === undefined && missing === undefined,
    depends: missing !== undefined,
  }
  if (decider === undefined)
    return { ...said, reason: steps.find(({ reason }) => reason)?.reason ?? 'nobody says yes' }
  return { ...said, reason: reasonOf(decider) }
}

/** A reason that begins with who says it is not told whose it is. */
function reasonOf({ middleware, answer, reason = `says ${answer}` }: ExplainedStep): string {
  return reason.toLowerCase().startsWith(`${middleware.toLowerCase()}: `)
    ? reason
    : `${middleware}: ${reason}`
}
