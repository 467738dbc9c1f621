// What the types say that no table holds: the fields of each callback's context and store, with their comments.
import { join } from 'node:path'
import { API, SymbolFlags } from 'typescript/unstable/sync'
import { root } from './workspace.mjs'

/** @typedef {{ name: string, type: string, optional: boolean, doc: string }} Field */
/** A context or a store; `item` is what a store that is a list holds.
 * @typedef {{ fields: Field[], item: string | undefined }} Shape */
/** @typedef {import('typescript/unstable/sync').Checker} Checker */
/** @typedef {import('typescript/unstable/sync').Symbol} Named */

/**
 * Context and store of each callback in core's interface `Callbacks`.
 * @returns {Map<string, { ctx: Shape, store: Shape }>}
 */
export function callbackShapes() {
  const api = new API({ cwd: root })
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, 'packages/core/tsconfig.json')] })
    const [{ program, checker }] = snapshot.getProjects()
    const file = program.getSourceFile(join(root, 'packages/core/src/contract/callbacks.ts'))
    const module = file && checker.getSymbolAtLocation(file)
    const callbacks = module && checker.getMemberInModuleExports(module, 'Callbacks')
    if (!callbacks) throw new Error('core/src/contract/callbacks.ts exports no Callbacks')
    const type = checker.getDeclaredTypeOfSymbol(callbacks)
    return new Map(
      checker
        .getPropertiesOfType(type)
        .map((callback) => [
          callback.name,
          { ctx: shapeOf(checker, callback, 'ctx'), store: shapeOf(checker, callback, 'store') },
        ]),
    )
  } finally {
    api.close()
  }
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
