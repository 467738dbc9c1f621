// Packs every published package and has publint and attw look at what would be published. Wants a build.
// `--to DIR` keeps the tarballs there.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { packInto } from './pack.mjs'
import { root } from './workspace.mjs'

const execute = promisify(execFile)
const { to } = parseArgs({ options: { to: { type: 'string' } } }).values
const folder = to === undefined ? mkdtempSync(join(tmpdir(), 'mqtt-stack-tarballs-')) : resolve(to)
mkdirSync(folder, { recursive: true })

try {
  const queue = [...packInto(folder)]
  const checked = queue.length
  /** @type {string[]} */
  const problems = []
  const workers = Array.from({ length: availableParallelism() }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      for (const problem of await lookAt(next[1])) problems.push(`${next[0]}\n${problem}`)
    }
  })
  await Promise.all(workers)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
  else console.log(`${checked} tarballs are fit to publish`)
} finally {
  if (to === undefined) rmSync(folder, { recursive: true })
  else console.log(`they are in ${folder}`)
}

/**
 * @param {string} tarball
 * @returns {Promise<string[]>} what was found wrong with it
 */
async function lookAt(tarball) {
  return [
    ...(await complaint('publint', ['run', '--strict', tarball])),
    ...(await complaint('attw', ['--profile', 'esm-only', '--format', 'ascii', '--no-emoji', tarball])),
  ]
}

/**
 * @param {string} tool
 * @param {string[]} args
 */
async function complaint(tool, args) {
  try {
    await execute(join(root, 'node_modules/.bin', tool), args, { cwd: root })
    return []
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout: string, stderr: string }} */ (error)
    return [`${tool}: ${stdout}${stderr}`]
  }
}
