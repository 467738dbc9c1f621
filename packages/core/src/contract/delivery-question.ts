import { StackError } from '../errors/index.ts'
import { isValidTopicName } from '../topics/index.ts'
import type { OptionsSpec } from './options.ts'
import { resolveOptions } from './options.ts'

/** Why did a message not come? */
export interface DeliveryQuestion {
  /** Topic name. */
  readonly topic: string
  /** Who should have got it. */
  readonly clientId: string
  /** Who published it, where that is known: what it may publish is asked too. */
  readonly publisherId?: string | undefined
}

const TERMS: OptionsSpec<DeliveryQuestion> = {
  topic: { kind: 'string', doc: 'the topic name' },
  clientId: { kind: 'string', doc: 'who should have got it' },
  publisherId: { kind: 'string', optional: true, doc: 'who published it' },
}

/** @throws StackError `OPTION_UNKNOWN`, `OPTION_MISSING`, `OPTION_INVALID` or `TOPIC_INVALID`. */
export function checkDeliveryQuestion(question: DeliveryQuestion): void {
  const { topic, clientId } = resolveOptions('explainDelivery', question, TERMS)
  if (!isValidTopicName(topic))
    throw new StackError('TOPIC_INVALID', `not a topic name: ${JSON.stringify(topic)}`)
  if (clientId === '') throw new StackError('OPTION_INVALID', 'why: say who should have got it: a clientId')
}
