// What the scripts share: where things are, which packages there are, and how the pinned pnpm is called.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {Record<string, string>} Ranges */
/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {string} description
 * @property {boolean} [private]
 * @property {string[]} [keywords]
 * @property {Record<string, string>} [bin]
 * @property {Ranges} [dependencies]
 * @property {Ranges} [optionalDependencies]
 * @property {Ranges} [peerDependencies]
 * @property {Ranges} [devDependencies]
 */
/** @typedef {'core' | 'broker' | 'middleware' | 'backend' | 'tool' | 'private'} Role */
/** @typedef {{ folder: string, dir: string, role: Role, manifest: Manifest }} Package */

export const root = fileURLToPath(new URL('..', import.meta.url))
export const scope = '@mqtt-stack/'
const tools = ['testing', 'conformance']

/**
 * A JSON file's value.
 * @param {string} path
 * @returns {any}
 */
export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/**
 * All packages of the workspace, by folder name.
 * @param {string} [at] the workspace's root
 * @returns {Package[]}
 */
export function readPackages(at = root) {
  return readdirSync(join(at, 'packages'))
    .sort()
    .filter((folder) => existsSync(join(at, 'packages', folder, 'package.json')))
    .map((folder) => {
      const dir = join(at, 'packages', folder)
      const manifest = readJson(join(dir, 'package.json'))
      return { folder, dir, manifest, role: roleOf(folder, manifest) }
    })
}

/**
 * A package's role follows from its name, so that no list of packages is kept by hand.
 * @param {string} folder
 * @param {Manifest} manifest
 * @returns {Role}
 */
export function roleOf(folder, manifest) {
  if (manifest.private) return 'private'
  if (folder === 'core' || folder === 'broker') return folder
  if (tools.includes(folder)) return 'tool'
  return folder.endsWith('-backend') ? 'backend' : 'middleware'
}

/**
 * Runs a program to its end; a failure ends this process with the program's own exit code.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

/** The pnpm which package.json pins, as npx is told: `npx --yes ${pinnedPnpm} ...` needs none installed. */
export const pinnedPnpm = readJson(join(root, 'package.json')).packageManager
