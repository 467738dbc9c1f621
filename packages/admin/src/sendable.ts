/** What no text of MQTT has: U+0000 and halves of characters [MQTT-1.5.4-1] [MQTT-1.5.4-2]. */
const UNSENDABLE = /[\0\p{Cs}]/gu

export function isSendable(text: string): boolean {
  return text.search(UNSENDABLE) === -1
}

/** The text without it. */
export function sendable(text: string): string {
  return text.replace(UNSENDABLE, '\uFFFD')
}
