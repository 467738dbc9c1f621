// The routes of admin, as docs/admin.md has them.

/** @typedef {import('../packages/admin/src/index.ts').Route} Route */
/** @typedef {import('../packages/admin/src/index.ts').Fields} Fields */

/**
 * A section for each group of routes, in the order of the table.
 * @param {readonly Route[]} routes
 */
export function routeSections(routes) {
  const tags = [...new Set(routes.map(({ tag }) => tag))]
  return tags
    .map((tag) =>
      sectionOf(
        tag,
        routes.filter((one) => one.tag === tag),
      ),
    )
    .join('\n\n')
}

/** @param {string} tag @param {readonly Route[]} routes */
function sectionOf(tag, routes) {
  return [`## ${tag}`, ...routes.map(entryOf)].join('\n\n')
}

/** @param {Route} route */
function entryOf({ method, path, role, summary, params, query, body }) {
  const needs = role === undefined ? 'No token is needed.' : `Role: \`${role}\`.`
  const rows = [...rowsOf(params, 'path'), ...rowsOf(query, 'query'), ...rowsOf(body ?? {}, 'body')]
  const table = ['| name | where | kind | what it is |', '| --- | --- | --- | --- |', ...rows]
  const head = `### \`${method} ${path}\`\n\n${summary} ${needs}`
  return rows.length === 0 ? head : `${head}\n\n${table.join('\n')}`
}

/** @param {Fields} fields @param {string} place */
function rowsOf(fields, place) {
  return Object.entries(fields).map(([name, { schema, doc, required }]) => {
    const wanted = place === 'path' || !required ? '' : ', required'
    return `| \`${name}\` | ${place}${wanted} | ${kindOf(schema)} | ${doc.replaceAll('|', '\\|')} |`
  })
}

/** @param {Readonly<Record<string, any>>} schema */
function kindOf(schema) {
  const { type, enum: choices, minimum, maximum, default: usual } = schema
  const held = usual === undefined ? '' : `; \`${usual === '' ? "''" : usual}\` by default`
  if (choices !== undefined)
    return `${choices.map((/** @type {unknown} */ one) => `\`${one}\``).join(', ')}${held}`
  const range = minimum === undefined ? '' : `, ${number(minimum)} to ${number(maximum)}`
  return `${type === 'string' ? 'text' : type}${range}${held}`
}

/** @param {number} value */
function number(value) {
  return value.toLocaleString('en-US')
}
