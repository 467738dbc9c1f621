/** Says that whoever waits for a promise hears of its failure, sooner or later: it is not unhandled meanwhile. */
export function heard<Later extends Promise<unknown>>(promise: Later): Later {
  promise.catch(() => {})
  return promise
}
