/** Why there is no answer. */
import { ReasonCode } from '@mqtt-stack/core'

/** The service does not answer, or says that it cannot now: it may if asked again. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'
}

/** What came is no answer: asking again changes nothing. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

/** Too much is asked at once. */
export class Busy extends Error {
  override readonly name = 'Busy'
}

/** The circuit is open: nothing was asked. */
export class CircuitOpen extends Error {
  override readonly name = 'CircuitOpen'
}

/** What a client is told of it: nothing of the service. The log says more. */
export function explain(error: unknown): { readonly reasonCode: ReasonCode; readonly reason: string } {
  if (error instanceof Busy)
    return {
      reasonCode: ReasonCode.SERVER_BUSY,
      reason: 'too many clients wait for the service that knows them',
    }
  if (error instanceof WrongAnswer) {
    const reason = 'the service that knows clients does not answer as it should'
    return { reasonCode: ReasonCode.SERVER_UNAVAILABLE, reason }
  }
  if (error instanceof Unanswered || error instanceof CircuitOpen)
    return {
      reasonCode: ReasonCode.SERVER_UNAVAILABLE,
      reason: 'the service that knows clients does not answer',
    }
  // Ours: the chain fails with it.
  throw error
}
