/** Topic filters compared with each other. */

/**
 * Whether all topics that `asked` may match are matched by `allowed`; both are valid. As when matching topics, a wildcard
 * in the first level reaches no topic that begins with `$`.
 */
export function covers(allowed: string, asked: string): boolean {
  if (asked.startsWith('$') && /^[+#]/.test(allowed)) return false
  const wide = allowed.split('/')
  const narrow = asked.split('/')
  for (const [i, level] of wide.entries()) {
    // `a/#` is `a` too.
    if (level === '#') return true
    if (i >= narrow.length || narrow[i] === '#') return false
    if (level !== '+' && level !== narrow[i]) return false
  }
  return wide.length === narrow.length
}
