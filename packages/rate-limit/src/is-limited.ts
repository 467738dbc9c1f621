import type { CallbackName, MiddlewareLike, PacketType } from '@mqtt-stack/core'

/** Who has to stand behind the limits: whoever lets in clients that come by, or relays what they publish. What it does by itself has no limits. */
export function isLimited({ handle, handles, uses = [], requires = [] }: MiddlewareLike): boolean {
  const takes = (cmd: PacketType): boolean => handle !== undefined && (handles?.includes(cmd) ?? true)
  const asks = (name: CallbackName): boolean => uses.includes(name) || requires.includes(name)
  return (asks('authenticateConnection') && takes('connect')) || (asks('relayMessage') && takes('publish'))
}
