// The other runtimes and the older compilers that the packages are tried with: exact versions from the npm registry, in
// a folder of their own, for they are large and nobody else needs them. `node scripts/platforms.mjs` installs them.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { root } from './workspace.mjs'

/** Where they are; ignored by git. */
const folder = join(root, '.platforms')

// The packages that hold the programs themselves, as they are called for Linux: others download them when installed.
const deno = `@deno/linux-${process.arch}-glibc`
const bun = `@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : process.arch}`
const node = `node-linux-${process.arch}`

/**
 * Runtimes that serve as the broker: the program, and what stands before the script.
 * @type {Record<string, { version: string, package: string, program: string, args: string[] }>}
 */
export const RUNTIMES = {
  'Node 24': { version: '24.21.0', package: node, program: 'bin/node', args: [] },
  'Deno 2': { version: '2.9.6', package: deno, program: 'deno', args: ['run', '--allow-all'] },
  'Bun 1.4': { version: '1.4.5', package: bun, program: 'bin/bun', args: [] },
}

/** Compilers of TypeScript that users have, by the name of their folder. */
export const COMPILERS = { 'typescript-5.0': '5.0.4', 'typescript-5.4': '5.4.5', 'typescript-5.9': '5.9.3' }

/**
 * The path of something in a package that was installed, or undefined.
 * @param {string} name
 * @param {string} path
 */
export function platformPath(name, path) {
  const found = join(folder, 'node_modules', name, path)
  return existsSync(found) ? found : undefined
}

/** Installs what is not there yet. */
function install() {
  const runtimes = Object.values(RUNTIMES).map((runtime) => `${runtime.package}@${runtime.version}`)
  const compilers = Object.entries(COMPILERS).map(([name, version]) => `${name}@npm:typescript@${version}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const args = ['install', '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', [...args, ...runtimes, ...compilers], { cwd: folder, stdio: 'inherit' })
  process.exitCode = status ?? 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) install()
