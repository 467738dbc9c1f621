// What the types say that no table holds: the documentation of each callback, and the fields of its context and store.
import { join } from 'node:path'
import { API, SymbolFlags } from 'typescript/unstable/sync'
import { root } from './workspace.mjs'

/** @typedef {{ name: string, type: string, optional: boolean, doc: string }} Field */
/** A context or a store; `item` is what a store that is a list holds.
 * @typedef {{ fields: Field[], item: string | undefined }} Shape */
/** `by` and `answered`: who executes it, and who answers it, from its tags.
 * @typedef {{ doc: string, by: string, answered: string, ctx: Shape, store: Shape }} CallbackType */
/** @typedef {import('typescript/unstable/sync').Checker} Checker */
/** @typedef {import('typescript/unstable/sync').Symbol} Named */

/**
 * What core's interface `Callbacks` says of each callback.
 * @returns {Map<string, CallbackType>}
 */
export function callbackTypes() {
  const api = new API({ cwd: root })
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, 'packages/core/tsconfig.json')] })
    const [{ program, checker }] = snapshot.getProjects()
    const file = program.getSourceFile(join(root, 'packages/core/src/contract/callbacks/callbacks.ts'))
    const module = file && checker.getSymbolAtLocation(file)
    const callbacks = module && checker.getMemberInModuleExports(module, 'Callbacks')
    if (!callbacks) throw new Error('core/src/contract/callbacks/callbacks.ts exports no Callbacks')
    const type = checker.getDeclaredTypeOfSymbol(callbacks)
    return new Map(
      checker.getPropertiesOfType(type).map((callback) => [
        callback.name,
        {
          doc: oneLine(checker.getDocumentationCommentOfSymbol(callback)),
          by: tagOf(checker, callback, 'executedBy'),
          answered: tagOf(checker, callback, 'answeredBy'),
          ctx: shapeOf(checker, callback, 'ctx'),
          store: shapeOf(checker, callback, 'store'),
        },
      ]),
    )
  } finally {
    api.close()
  }
}

/**
 * What editors show at the handler of a callback in a middleware.
 * @param {string} callback
 */
export function handlerDoc(callback) {
  const api = new API({ cwd: root })
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, 'packages/core/tsconfig.json')] })
    const [{ program, checker }] = snapshot.getProjects()
    const file = program.getSourceFile(join(root, 'packages/core/src/contract/middleware.ts'))
    const module = file && checker.getSymbolAtLocation(file)
    const middleware = module && checker.getMemberInModuleExports(module, 'MiddlewareLike')
    if (!middleware) throw new Error('core/src/contract/middleware.ts exports no MiddlewareLike')
    const handler = checker.getPropertyOfType(checker.getDeclaredTypeOfSymbol(middleware), callback)
    return handler === undefined ? '' : oneLine(checker.getDocumentationCommentOfSymbol(handler))
  } finally {
    api.close()
  }
}

/**
 * @param {Checker} checker
 * @param {Named} callback
 * @param {string} tag
 */
function tagOf(checker, callback, tag) {
  const texts = checker.getJsDocTagsOfSymbol(callback).filter(({ name }) => name === tag)
  return oneTag(
    callback.name,
    tag,
    texts.map(({ text }) => text ?? ''),
  )
}

/**
 * The one text that a tag has.
 * @param {string} callback
 * @param {string} tag
 * @param {readonly string[]} texts
 */
export function oneTag(callback, tag, texts) {
  if (texts.length > 1) throw new Error(`${callback} has @${tag} ${texts.length} times: make it one line`)
  return oneLine(texts.join(' '))
}

/**
 * @param {Checker} checker
 * @param {Named} callback
 * @param {'ctx' | 'store'} part
 * @returns {Shape}
 */
function shapeOf(checker, callback, part) {
  const whole = checker.getTypeOfSymbol(callback)
  const member = whole && checker.getPropertyOfType(whole, part)
  const type = member && checker.getTypeOfSymbol(member)
  if (!type) throw new Error(`Callbacks.${callback.name} has no ${part}`)
  if (checker.isArrayType(type)) {
    const [item] = checker.getTypeArguments(/** @type {any} */ (type))
    return { fields: fieldsOf(checker, item), item: checker.typeToString(item) }
  }
  return { fields: fieldsOf(checker, type), item: undefined }
}

/**
 * @param {Checker} checker
 * @param {import('typescript/unstable/sync').Type} type
 * @returns {Field[]}
 */
function fieldsOf(checker, type) {
  return checker
    .getPropertiesOfType(type)
    .filter(({ name }) => !name.startsWith('__#'))
    .filter((symbol) => !checker.getJsDocTagsOfSymbol(symbol).some(({ name }) => name === 'internal'))
    .map((symbol) => {
      const method = (symbol.flags & SymbolFlags.Method) !== 0
      return {
        name: method ? `${symbol.name}()` : symbol.name,
        type: written(symbol) ?? checker.typeToString(/** @type {any} */ (checker.getTypeOfSymbol(symbol))),
        optional: (symbol.flags & SymbolFlags.Optional) !== 0,
        doc: oneLine(checker.getDocumentationCommentOfSymbol(symbol)),
      }
    })
}

/**
 * The type as the source says it, which is shorter than what it comes to: `ConnectPacket`, `ReasonCode`.
 * @param {Named} symbol
 */
function written(symbol) {
  const node = symbol.valueDeclaration?.resolve()
  const type = /** @type {any} */ (node)?.type
  const text = type && node?.getSourceFile().text.slice(type.pos, type.end)
  // What refers to a part of another type says too little by itself.
  return text && !text.includes("['") ? oneLine(text) : undefined
}

/** @param {string} text */
function oneLine(text) {
  return text.trim().replace(/\s+/g, ' ')
}
