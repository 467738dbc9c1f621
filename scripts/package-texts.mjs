// The texts that every package has in the same words.
import { scope } from './workspace.mjs'

/** @typedef {import('./workspace.mjs').Package} Package */

const repository = 'https://github.com/mqtt-stack/mqtt-stack'
export const coreRange = '>=0.1.0 <1'

/** Further entries of packages, each a folder of its source: `@mqtt-stack/core/backend`. */
const further = { core: ['backend', 'users'], conformance: ['backend', 'wire'] }

/**
 * @param {string} folder
 * @returns {string[]}
 */
export const entriesOf = (folder) => further[/** @type {keyof typeof further} */ (folder)] ?? []

/** Files beside the code that are published: the JSON Schema of configurations. */
const beside = { broker: ['config.schema.json'] }

/**
 * @param {string} folder
 * @returns {string[]}
 */
export const besidesOf = (folder) => beside[/** @type {keyof typeof beside} */ (folder)] ?? []

/**
 * package.json: what all share is written here, what is a package's own is kept.
 * @param {Package} pkg
 */
export function manifestText({ folder, role, manifest }) {
  const {
    name,
    version,
    description,
    keywords = [],
    bin,
    dependencies,
    optionalDependencies,
    peerDependencies,
    ...own
  } = manifest
  const published = role !== 'private'
  const peers = needsCorePeer(role)
  const shared = {
    name,
    version,
    private: manifest.private,
    description,
    keywords: [...new Set(['mqtt', 'mqtt-stack', ...keywords])],
    license: 'MIT',
    author: 'mqtt-stack contributors',
    homepage: `${repository}/tree/main/packages/${folder}#readme`,
    repository: { type: 'git', url: `git+${repository}.git`, directory: `packages/${folder}` },
    bugs: `${repository}/issues`,
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20.19' },
    // For tools that do not read `exports`: TypeScript's node10 above all.
    main: published ? './dist/index.js' : undefined,
    types: published ? './dist/index.d.ts' : undefined,
    exports: published ? exportsOf(folder) : undefined,
    bin,
    files: published ? filesOf(folder) : undefined,
    scripts: { build: hasPage(folder) ? 'tsc -p . && vite build page' : 'tsc -p .' },
    dependencies: sorted(dependencies),
    optionalDependencies: sorted(optionalDependencies),
    peerDependencies: sorted(peers ? { [`${scope}core`]: coreRange, ...peerDependencies } : peerDependencies),
    devDependencies: sorted(
      peers ? { ...own.devDependencies, [`${scope}core`]: 'workspace:^' } : own.devDependencies,
    ),
    publishConfig: published ? { access: 'public' } : undefined,
  }
  return json({ ...shared, ...withoutKeys(own, shared) })
}

/**
 * Whether a package has a page for browsers: its source is in `page`, and what is built of it is published.
 * @param {string} folder
 */
export function hasPage(folder) {
  return folder === 'admin'
}

/** @param {string} folder */
function exportsOf(folder) {
  const entries = ['', ...entriesOf(folder)].map((entry) => {
    const place = entry === '' ? './dist/index' : `./dist/${entry}/index`
    return [entry === '' ? '.' : `./${entry}`, { types: `${place}.d.ts`, default: `${place}.js` }]
  })
  const files = besidesOf(folder).map((file) => [`./${file}`, `./${file}`])
  return Object.fromEntries([...entries, ...files])
}

/** @param {string} folder */
function filesOf(folder) {
  return [
    ...entriesOf(folder),
    ...besidesOf(folder),
    ...(hasPage(folder) ? ['dashboard'] : []),
    'dist',
    'src',
    '!dist/.tsbuildinfo',
    '!src/**/*.test.ts',
    'CHANGELOG.md',
  ]
}

/**
 * Where a further entry is, for tools that do not read `exports`.
 * @param {string} entry
 */
export function entryText(entry) {
  return json({ type: 'module', main: `../dist/${entry}/index.js`, types: `../dist/${entry}/index.d.ts` })
}

/**
 * Everybody but core itself, the broker (which depends on it) and what is private has core as a peer.
 * @param {import('./workspace.mjs').Role} role
 */
export function needsCorePeer(role) {
  return role === 'middleware' || role === 'backend' || role === 'tool'
}

/**
 * tsconfig.json: a reference for each package of ours that the manifest names.
 * @param {Package} pkg
 * @param {Package[]} packages
 */
export function tsconfigText({ manifest }, packages) {
  const { dependencies, optionalDependencies, peerDependencies, devDependencies } = manifest
  const named = new Set(
    Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies, ...devDependencies }),
  )
  const references = packages
    .filter((other) => named.has(other.manifest.name))
    .map((other) => `{ "path": "../${other.folder}" }`)
  const short = `  "references": [${references.join(', ')}]`
  const long = `  "references": [\n    ${references.join(',\n    ')}\n  ]`
  const list = references.length > 0 ? `,\n${short.length <= 110 ? short : long}` : ''
  return `{\n  "extends": "../../tsconfig.base.json"${list}\n}\n`
}

/**
 * README.md: title, first sentence, install and license are written here; the sections between are a package's own.
 * @param {Package} pkg
 * @param {string} text
 */
export function readmeText(pkg, text) {
  const { role, manifest } = pkg
  const { name, description } = manifest
  const sections = sectionsOf(text || firstReadme(role))
  const own = [...sections].filter(([title]) => title && !['Install', 'License'].includes(title))
  const install = role === 'private' ? [] : [['Install', `\`\`\`sh\n${installCommand(pkg)}\n\`\`\``]]
  return [
    `# ${name}\n\n${description}`,
    ...[...install, ...own].map(([title, body]) => `## ${title}\n\n${body}`),
    '## License\n\n[MIT](LICENSE)\n',
  ].join('\n\n')
}

/**
 * The root README's table: what runs, what it is made of, what helps.
 * @param {Package[]} packages
 */
export function packagesTable(packages) {
  /** @type {import('./workspace.mjs').Role[]} */
  const order = ['broker', 'core', 'middleware', 'backend', 'tool', 'private']
  const rows = order
    .flatMap((role) => packages.filter((pkg) => pkg.role === role))
    .map(({ folder, role, manifest }) => {
      const name = role === 'private' ? `${folder} (private)` : `${manifest.name}`
      return `| [${name}](packages/${folder}) | ${manifest.description} |`
    })
  return ['| package | what it does |', '| --- | --- |', ...rows].join('\n')
}

/**
 * `text` with what stands between `<!-- name -->` and `<!-- /name -->` replaced.
 * @param {string} text
 * @param {string} name
 * @param {string} body
 */
export function section(text, name, body) {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(open), text.indexOf(close)]
  if (from < 0 || to < from) throw new Error(`no ${open} … ${close} to write between`)
  return `${text.slice(0, from + open.length)}\n${body}\n${text.slice(to)}`
}

/** @param {string} text a README, as a map of its second-level titles to their text; what precedes the first is '' */
function sectionsOf(text) {
  /** @type {Map<string, string>} */
  const sections = new Map()
  let title = ''
  let fenced = false
  /** @type {string[]} */
  let lines = []
  for (const line of [...text.split('\n'), '## ']) {
    if (line.startsWith('```')) fenced = !fenced
    if (fenced || !line.startsWith('## ')) {
      lines.push(line)
      continue
    }
    sections.set(title, lines.join('\n').trim())
    title = line.slice(3).trim()
    lines = []
  }
  return sections
}

/** @param {import('./workspace.mjs').Role} role */
function firstReadme(role) {
  const tables =
    '## Options\n\n<!-- options -->\n<!-- /options -->\n\n## Callbacks\n\n<!-- callbacks -->\n<!-- /callbacks -->\n'
  return `## Usage\n\n${role === 'middleware' || role === 'backend' ? tables : ''}`
}

/**
 * With the peers that are ours, those of a further entry too.
 * @param {Pick<Package, 'role' | 'manifest'>} pkg
 */
function installCommand({ role, manifest: { name, peerDependencies = {} } }) {
  if (!needsCorePeer(role)) return `npm install ${name}`
  const peers = Object.keys(peerDependencies).filter((peer) => peer.startsWith(scope))
  const names = [...new Set([`${scope}core`, ...peers, name])]
  return `npm install ${role === 'tool' ? '--save-dev ' : ''}${names.join(' ')}`
}

/** @param {Record<string, string> | undefined} ranges */
function sorted(ranges) {
  if (!ranges || Object.keys(ranges).length === 0) return undefined
  return Object.fromEntries(Object.entries(ranges).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * @param {object} value
 * @param {object} keys
 */
function withoutKeys(value, keys) {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !(key in keys)))
}

/** @param {unknown} value */
function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`
}
