// Writes (--write) and checks what packages share: shape, manifests, dependency rule, licences, references, READMEs.
// `node scripts/packages.mjs --new rate-limit 'One sentence.'` starts a package.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix, relative } from 'node:path'
import { parseArgs } from 'node:util'
import {
  classProblems,
  dependencyProblems,
  importProblems,
  rangeProblems,
  reasonProblems,
} from './package-rules.mjs'
import {
  besidesOf,
  entriesOf,
  entryText,
  hasPage,
  manifestText,
  packagesTable,
  readmeText,
  section,
  tsconfigText,
} from './package-texts.mjs'
import { roomProblems, sourcesOf } from './room-rules.mjs'
import { readJson, readPackages, root, scope } from './workspace.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean' }, new: { type: 'string' } },
})

if (values.new) startPackage(values.new, positionals[0])
const write = Boolean(values.write || values.new)

/** @type {string[]} */
const problems = []
for (const pkg of readPackages()) keep(join(pkg.dir, 'package.json'), () => manifestText(pkg))

// Read again: what was just written counts.
const packages = readPackages()
const license = readFileSync(join(root, 'LICENSE'), 'utf8')

for (const pkg of packages) {
  const at = (/** @type {string} */ file) => join(pkg.dir, file)
  keep(at('tsconfig.json'), () => tsconfigText(pkg, packages))
  keep(at('LICENSE'), () => license)
  for (const entry of entriesOf(pkg.folder)) keep(at(`${entry}/package.json`), () => entryText(entry))
  keep(at('README.md'), (text) => readmeText(pkg, text))
  keep(at('CHANGELOG.md'), (text) => text || `# ${pkg.manifest.name}\n`)
  keep(at('src/index.ts'), (text) => text || 'export {}\n')
  shape(pkg)
}
keep(join(root, 'README.md'), (text) => section(text, 'packages', packagesTable(packages)))

if (/https?:\/\/|\bfile:[./]/.test(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8'))) {
  problems.push('pnpm-lock.yaml: holds the address of a registry or a path')
}
problems.push(
  ...dependencyProblems(packages),
  ...reasonProblems(packages, readFileSync(join(root, 'docs/dependencies.md'), 'utf8')),
  ...rangeProblems(packages, readJson(join(root, 'package.json'))),
  ...importProblems(packages),
  ...classProblems(packages),
  ...packages.filter(({ role }) => role === 'core').flatMap(({ dir }) => roomProblems(sourcesOf(dir))),
)

for (const problem of problems) console.error(problem)
if (problems.length > 0) {
  console.error(`\n${problems.length} to mend; \`pnpm packages:write\` writes what is generated`)
  process.exit(1)
}
console.log(`${packages.length} packages are in shape`)

/**
 * Holds a file equal to what it should be, given what it is.
 * @param {string} path
 * @param {(text: string) => string} wanted
 */
function keep(path, wanted) {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const target = wanted(text)
  if (existsSync(path) && target === text) return
  if (!write) return void problems.push(`${relative(root, path)}: is not as generated`)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, target)
}

/**
 * Every package has the same files and no others.
 * @param {import('./workspace.mjs').Package} pkg
 */
function shape({ folder, dir, role, manifest }) {
  const files = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'tsconfig.json', 'src']
  const untracked = ['dist', 'node_modules', '.turbo']
  // What was measured is kept beside what measures.
  if (folder === 'benchmark') untracked.push('results')
  // What makes docs/conformance.md stands beside the suite, and is not published.
  if (folder === 'conformance') untracked.push('page')
  if (hasPage(folder)) untracked.push('page', 'dashboard')
  for (const entry of readdirSync(dir)) {
    if (![...files, ...entriesOf(folder), ...besidesOf(folder), ...untracked].includes(entry))
      problems.push(`packages/${folder}/${entry}: is in no package`)
  }
  if (manifest.name !== scope + folder) problems.push(`packages/${folder}: is named ${manifest.name}`)
  if (!/^[A-Z].*\.$/.test(manifest.description ?? '')) {
    problems.push(`packages/${folder}: its description is not one sentence`)
  }
  if (role !== 'private' && !/^\d+\.\d+\.\d+/.test(manifest.version ?? '')) {
    problems.push(`packages/${folder}: has no version`)
  }
}

/**
 * The least that a new package needs; the rest is written around it.
 * @param {string} folder
 * @param {string | undefined} description
 */
function startPackage(folder, description) {
  const path = posix.join('packages', folder, 'package.json')
  if (!/^[a-z][a-z0-9-]*$/.test(folder) || !description) {
    console.error("usage: node scripts/packages.mjs --new kebab-case-name 'One sentence.'")
    process.exit(1)
  }
  if (existsSync(join(root, path))) {
    console.error(`${path} exists`)
    process.exit(1)
  }
  mkdirSync(join(root, 'packages', folder), { recursive: true })
  const manifest = { name: scope + folder, version: '0.0.0', description }
  writeFileSync(join(root, path), `${JSON.stringify(manifest, null, 2)}\n`)
}
