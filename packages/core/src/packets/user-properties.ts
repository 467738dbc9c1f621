/** User properties (5.0), the one kind of property whose order is part of a message [MQTT-3.3.2-18]. */

/** Pairs of name and value in the order of the packet; a name may come more than once. */
export type UserProperties = readonly (readonly [name: string, value: string])[]

/** As one may write them: pairs, or an object with one value or several for each name. */
export type UserPropertiesInit = UserProperties | Readonly<Record<string, string | readonly string[]>>

/** As pairs, however they were written: an object's names come in its own order. */
export function userPairs(given: UserPropertiesInit): UserProperties {
  if (Array.isArray(given)) return given
  return Object.entries(given as Exclude<UserPropertiesInit, UserProperties>).flatMap(([name, values]) =>
    (typeof values === 'string' ? [values] : values).map((value) => [name, value] as const),
  )
}

/** Properties with the user properties in another form. */
export type WithUserProperties<Properties, User> = Omit<Properties, 'userProperties'> & {
  userProperties?: User | undefined
}
