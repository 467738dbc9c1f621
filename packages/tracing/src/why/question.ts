import type { Context } from '@mqtt-stack/core'

/** What somebody asks: a topic, who should have got it, and who published it where that is known. */
export type Question = Context<'explainDelivery'>
