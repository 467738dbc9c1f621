import type { DeliveryQuestion } from '@mqtt-stack/core'

/** What somebody asks: a topic, who should have got it, and who published it where that is known. */
export type Question = DeliveryQuestion
