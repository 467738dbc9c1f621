// Who may depend on whom, by which range, and whether sources import only what their manifest names.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, resolve, sep } from 'node:path'
import { needsCorePeer } from './package-texts.mjs'
import { scope } from './workspace.mjs'

/** @typedef {import('./workspace.mjs').Package} Package */

const core = `${scope}core`
const broker = `${scope}broker`

/**
 * Built-ins depend on core alone, as a peer; testing and conformance never on broker; core on none of ours.
 * @param {Package[]} packages
 * @returns {string[]}
 */
export function dependencyProblems(packages) {
  const names = new Set(packages.map((pkg) => pkg.manifest.name))
  return packages.flatMap(({ folder, role, manifest }) => {
    const { optionalDependencies = {}, peerDependencies = {}, devDependencies = {} } = manifest
    const dependencies = { ...manifest.dependencies, ...optionalDependencies }
    const ours = Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies }).filter(isOurs)
    /** @type {(string | false)[]} */
    const found = [
      ...ours.map((name) => !names.has(name) && `depends on ${name}, which is not here`),
      ...ours.map((name) => role !== 'private' && name === broker && `depends on ${broker}`),
      role === 'core' && ours.length > 0 && `core depends on ${ours.join(', ')}`,
      ...Object.entries({ ...dependencies, ...devDependencies })
        .filter(([name]) => isOurs(name))
        .map(([name, range]) => range !== 'workspace:^' && `${name} is ${range}, not workspace:^`),
    ]
    if (needsCorePeer(role)) {
      const others = ours.filter((name) => name !== core)
      found.push(
        core in dependencies && `${core} is a dependency, not a peer`,
        role !== 'tool' &&
          others.length > 0 &&
          `depends on ${others.join(', ')}; a built-in knows core alone`,
      )
    }
    return found.filter((problem) => problem !== false).map((problem) => `packages/${folder}: ${problem}`)
  })
}

/**
 * Dependencies of published packages that docs/dependencies.md gives no reason for.
 * @param {Package[]} packages
 * @param {string} page
 * @returns {string[]}
 */
export function reasonProblems(packages, page) {
  return packages.flatMap(({ folder, role, manifest }) => {
    if (role === 'private') return []
    const { dependencies = {}, optionalDependencies = {} } = manifest
    return Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !isOurs(name) && !page.includes(`| [\`${name}\`]`))
      .map((name) => `packages/${folder}: docs/dependencies.md says nothing of ${name}`)
  })
}

/**
 * The peer range holds core's version, one outside library has one range, and the root's tools are exact.
 * @param {Package[]} packages
 * @param {{ devDependencies: Record<string, string> }} rootManifest
 * @returns {string[]}
 */
export function rangeProblems(packages, rootManifest) {
  /** @type {string[]} */
  const problems = []
  const coreVersion = packages.find((pkg) => pkg.role === 'core')?.manifest.version ?? '0.0.0'
  /** @type {Map<string, string>} */
  const ranges = new Map()
  for (const { folder, role, manifest } of packages) {
    if (needsCorePeer(role)) {
      const range = manifest.peerDependencies?.[core] ?? ''
      if (!holds(range, coreVersion))
        problems.push(`packages/${folder}: core ${coreVersion} is not in ${range}`)
    }
    for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
      // Types of the platform: the user's own are the right ones, whatever their version.
      if (isOurs(name) || (name === '@types/node' && range === '*')) continue
      if (!/^\^?\d+\.\d+\.\d+$/.test(range))
        problems.push(`packages/${folder}: ${name} has the range ${range}`)
      const first = ranges.get(name) ?? range
      if (first !== range)
        problems.push(`packages/${folder}: ${name} is ${range} here and ${first} elsewhere`)
      ranges.set(name, first)
    }
  }
  for (const [name, range] of Object.entries(rootManifest.devDependencies)) {
    if (!/^\d+\.\d+\.\d+$/.test(range)) problems.push(`package.json: ${name} is ${range}, not exact`)
  }
  return problems
}

/**
 * Sources import what their manifest names and nothing outside their package.
 * @param {Package[]} packages
 * @returns {string[]}
 */
export function importProblems(packages) {
  return packages.flatMap(({ folder, dir, manifest }) => {
    const named = {
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    }
    const src = join(dir, 'src')
    return sourceFiles(src).flatMap((file) =>
      importsOf(readFileSync(join(src, file), 'utf8'))
        .filter((specifier) =>
          specifier.startsWith('.')
            ? !resolve(dirname(join(src, file)), specifier).startsWith(src + sep)
            : !isBuiltin(specifier) && !(packageOf(specifier) in named),
        )
        .map(
          (specifier) =>
            `packages/${folder}/src/${file}: imports ${specifier}, which its manifest does not name`,
        ),
    )
  })
}

/**
 * Values are not told by core's classes: a user may have two copies of core, and the classes of one are not the other's.
 * @param {Package[]} packages
 * @returns {string[]}
 */
export function classProblems(packages) {
  return packages.flatMap(({ folder, dir, role }) => {
    if (role === 'core' || role === 'private') return []
    const src = join(dir, 'src')
    return sourceFiles(src).flatMap((file) =>
      classesAskedIn(readFileSync(join(src, file), 'utf8')).map(
        (name) =>
          `packages/${folder}/src/${file}: asks instanceof ${name}, which another copy of core has too`,
      ),
    )
  })
}

/**
 * Classes of core that a source file asks for by `instanceof`.
 * @param {string} text
 * @returns {string[]}
 */
export function classesAskedIn(text) {
  const imported = [...text.matchAll(/^import (?:type )?\{([^}]*)\} from '@mqtt-stack\/core[^']*'/gm)]
    .flatMap(([, names]) => names.split(','))
    .map((name) => name.trim())
  return [...text.matchAll(/\binstanceof ([A-Z]\w*)/g)]
    .map(([, name]) => name)
    .filter((name) => imported.includes(name))
}

/**
 * The module specifiers of a source file; what stands in comments does not count.
 * @param {string} text
 * @returns {string[]}
 */
export function importsOf(text) {
  const code = text.replace(/^\s*(\/\/|\/?\*).*$/gm, '')
  const forms = /^(?:import|export|\})[^'"\n]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm
  return [...code.matchAll(forms)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic)
}

/** @param {string} src */
export function sourceFiles(src) {
  return readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  )
}

/**
 * Whether `>=a.b.c <n` holds a version.
 * @param {string} range
 * @param {string} version
 */
function holds(range, version) {
  const match = /^>=(\d+\.\d+\.\d+) <(\d+)$/.exec(range)
  if (!match) return false
  const [, from, below] = match
  return compare(version, from) >= 0 && Number(version.split('.')[0]) < Number(below)
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** @param {string} name */
function isOurs(name) {
  return name.startsWith(scope)
}

/** @param {string} specifier */
function isBuiltin(specifier) {
  return specifier.startsWith('node:') || builtinModules.includes(specifier)
}

/** @param {string} specifier */
function packageOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
