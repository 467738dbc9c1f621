/** Changes of a file of rules in our lines: comments and empty lines stay as they are. */

/** Lines that go together: a rule with the comments right above it, or others without a rule. */
interface Piece {
  readonly comments: readonly string[]
  /** The line of the rule. */
  readonly rule: string | undefined
}

/** What becomes of one rule. Rules are counted from 0, as they stand in the file. */
export type RuleEdit =
  | { readonly kind: 'add'; readonly to: number | undefined; readonly text: string }
  | {
      readonly kind: 'change'
      readonly index: number
      /** Where it is moved, with the comments right above it. */
      readonly to: number
      readonly text: string | undefined
    }
  /** Its comments stay. */
  | { readonly kind: 'remove'; readonly index: number }

/** The text of the file with one change. */
export function editRules(text: string, edit: RuleEdit): string {
  const [mark, rest] = text.startsWith(MARK) ? [MARK, text.slice(1)] : ['', text]
  const end = /\r\n/.test(rest) ? '\r\n' : '\n'
  const lines = rest.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  const edited = apply(piecesOf(lines), edit)
  const all = edited.flatMap(({ comments, rule }) => (rule === undefined ? comments : [...comments, rule]))
  return `${mark}${all.map((line) => `${line}${end}`).join('')}`
}

/** What some editors begin UTF-8 with. */
const MARK = '\uFEFF'

function apply(pieces: Piece[], edit: RuleEdit): Piece[] {
  if (edit.kind === 'add') {
    insert(pieces, { comments: [], rule: edit.text }, edit.to)
    return pieces
  }
  const at = placeOf(pieces, edit.index)
  const { comments, rule } = pieces[at] as Piece
  if (edit.kind === 'remove') {
    pieces[at] = { comments, rule: undefined }
    return pieces
  }
  const changed = { comments, rule: edit.text ?? rule }
  if (edit.to === edit.index) {
    pieces[at] = changed
    return pieces
  }
  pieces.splice(at, 1)
  insert(pieces, changed, edit.to)
  return pieces
}

/** Before the rule that stands there now, or as the last line. */
function insert(pieces: Piece[], piece: Piece, to: number | undefined): void {
  const at = to === undefined ? -1 : placeOf(pieces, to)
  if (at < 0) pieces.push(piece)
  else pieces.splice(at, 0, piece)
}

/** Where a rule is among the pieces; -1 if there are not so many. */
function placeOf(pieces: readonly Piece[], index: number): number {
  let before = 0
  return pieces.findIndex(({ rule }) => rule !== undefined && before++ === index)
}

function piecesOf(lines: readonly string[]): Piece[] {
  const pieces: Piece[] = []
  let comments: string[] = []
  for (const line of lines) {
    const text = line.trim()
    if (text.startsWith('#')) {
      comments.push(line)
      continue
    }
    pieces.push(text === '' ? { comments: [...comments, line], rule: undefined } : { comments, rule: line })
    comments = []
  }
  if (comments.length > 0) pieces.push({ comments, rule: undefined })
  return pieces
}
