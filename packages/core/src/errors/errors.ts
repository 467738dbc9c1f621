/**
 * The codes of all errors, and the error for who puts a stack together or uses one. `docs/errors.md` is printed from the
 * table; tests and users compare codes, never messages.
 */
/** Every code that mqtt-stack raises, with what it means and what to do about it. */
export const ERRORS = {
  MIDDLEWARE_INVALID:
    'What was given to use() is not a middleware: an object with a name and at least one member core knows. Give it a name and a handler.',
  MIDDLEWARE_IDLE:
    'A middleware handles no packet, answers no callback and has no start, stop or install: it would never be called. Check the spelling of its members.',
  CALLBACK_MISSPELT:
    'A method of a middleware has nearly the name of a callback that the middleware does not answer: nobody would call it. Give it the name that the error says; if it is a helper, make it private (#name) or choose a name that is less alike.',
  CALLBACK_UNKNOWN:
    'A callback was executed that nobody defined. Check the name, or define it with stack.define().',
  CALLBACK_RESERVED:
    'stack.define() was given the name of a middleware member (handle, install, start, stop, ...). Choose another name.',
  CALLBACK_REDEFINED:
    'stack.define() was called twice for one callback with different rules. Agree on one rule.',
  CALLBACK_UNANSWERED:
    'A middleware requires, or somebody asks, a callback that nobody in the stack answers. Add a middleware that does: the error names it, or prints who answers what.',
  CALLBACK_CONTESTED: 'Two middlewares answer a callback that is meant for one. Leave one of them out.',
  ORDER_INVALID:
    'A middleware stands before one that it has to stand behind, so that it would act on what nobody has decided yet. Move it: the error names both, and prints the stack.',
  NEXT_TWICE:
    'A handler called next or done after it had already answered. Answer once; the error names the middleware.',
  ANSWER_INVALID:
    'A handler answered with what is no answer there. Return nothing, DONE, `instead(packet)` for a packet, or a promise of them; nothing later than by return where the callback is synchronous. A message that is put in place of another has a topic name.',
  STORE_KEY_TAKEN: 'Two handlers set the same key where each key has one owner.',
  HANDLER_FAILED:
    'A handler failed with something that is not an Error. Throw or pass an Error; the value is its cause.',
  HANDLER_STALLED:
    'A handler has not answered within the stall timeout. Nobody waits for it any more; what it answers later moves nothing. Answer in time, or do what takes long behind the answer.',
  OPTION_UNKNOWN: 'An option that the table of options does not know. Check the spelling.',
  OPTION_MISSING: 'An option without a default was not given.',
  OPTION_INVALID: 'An option is not of the kind, or not in the range, that its table names.',
  FILE_INVALID:
    'A file that an option names cannot be read, or holds what cannot be used. The error names the file, the line and what to do.',
  LOG_EVENT_INVALID:
    'A line of the log was to be written by a name that its table does not have, or a table of such names cannot be used. The error names it and the fix.',
  CONFIG_INVALID:
    'A configuration file has an error. The message has its line, and `mqtt-stack check` lists all.',
  STACK_RUNNING: 'The stack was changed, or started again, after it had started.',
  STACK_NOT_STARTED:
    'A stack, or a middleware, was asked something before it had started, or after its start had failed. Await broker.start(), broker.listen() or stack.start() first.',
  STACK_STOPPED: 'The stack was used after it had been stopped. Make a new one.',
  LISTEN_FAILED:
    'A listener could not be opened: the port is taken, the address is not ours, or a file cannot be read.',
  STALE_EPOCH: 'A backend was called for a session that somebody else has opened since.',
  BACKEND_STOPPED: 'A backend was called after it had been stopped. Make a new one.',
  MESSAGE_UNREADABLE: 'Bytes that no Publish.encode() of this version or an earlier one wrote.',
  STORE_CLOSED: 'A store was used before it was opened, or after it was closed.',
  STORE_FORMAT:
    'A store holds what a later version wrote, or what no backend of ours wrote. Use that version, or another place; nothing was changed in it.',
  STORE_DAMAGED:
    'A store holds bytes that nobody wrote there. Put a copy of it back, or begin with an empty one; the error says where the damaged one is.',
  WORKER_FAILED: 'One of the processes of --workers could not start; it has said why in a line of its own.',
  STORE_LOCKED:
    'Another process, or another store of this one, has the store open. Stop it, or name another place.',
  STORE_UNUSABLE:
    'A store cannot be opened where it is to be: the place may not be written, is full or is no directory. The error names it and what to do.',
  STORE_FAILED:
    'A store could not commit: what waited for it is not kept. The cause is the store’s own error.',
  NODE_TAKEN:
    'Another node of this name is alive in the service, or what it left is being moved. Give each node a name of its own, or wait until its lease has ended.',
  LEASE_LOST:
    'A node was out of reach of the service’s store for longer than its lease, and another node has claimed what was its own. It joins anew.',
  MALFORMED_PACKET: 'Bytes that cannot be read as the packet they claim to be.',
  PROTOCOL_ERROR: 'A well-formed packet that the protocol does not allow there.',
  UNSUPPORTED_VERSION: 'A CONNECT with a protocol level that the stack does not serve.',
  PACKET_TOO_LARGE: 'A packet larger than the maximum frame size.',
  QUOTA_EXCEEDED: 'A client asked for more than a limit of the broker allows.',
  TOPIC_INVALID: 'A topic name that is empty, holds a wildcard or U+0000, or is too large.',
  SUBSCRIBE_REFUSED:
    'The process itself could not subscribe: a middleware refused it, or a bound was met. The message says which.',
  FILTER_INVALID: 'A topic filter that is empty, places a wildcard wrongly, or is too large.',
} as const

/** A code of the table {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS

/** Something wrong with how the stack is put together or used: for the user. */
export class StackError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StackError'
    this.code = code
  }
}

/** Whether an error is a {@link StackError}, whatever copy of core made it. */
export function isStackError(error: unknown): error is StackError {
  return (error as Partial<StackError> | undefined)?.name === 'StackError'
}
