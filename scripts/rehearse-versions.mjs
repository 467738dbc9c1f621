// Rehearses `changeset version` on a copy: the changesets of the tree apply, and a minor of core touches no dependent
// but the broker (which holds it by a caret range), and makes nobody major.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPackages, root, scope } from './workspace.mjs'

const core = `${scope}core`
const copy = mkdtempSync(join(tmpdir(), 'mqtt-stack-versions-'))

try {
  copyManifests()
  const pending = changes(() => changeset('version'))
  console.log(`pending: ${told(pending)}`)

  writeFileSync(join(copy, '.changeset/rehearsal.md'), `---\n'${core}': minor\n---\n\nA rehearsal.\n`)
  const after = changes(() => changeset('version'))
  console.log(`a minor of core: ${told(after)}`)
  const wrong = after.filter(
    ({ name, from, to }) => major(from) !== major(to) || ![core, `${scope}broker`].includes(name),
  )
  if (!after.some(({ name }) => name === core)) fail('core itself was not versioned')
  if (wrong.length > 0) fail(`a minor of core also changed ${told(wrong)}`)
} finally {
  rmSync(copy, { recursive: true })
}

/** What `changeset version` reads, in a repository of its own. */
function copyManifests() {
  for (const file of ['package.json', 'pnpm-workspace.yaml', '.changeset']) {
    cpSync(join(root, file), join(copy, file), { recursive: true })
  }
  for (const { folder, dir } of readPackages()) {
    mkdirSync(join(copy, 'packages', folder), { recursive: true })
    for (const file of ['package.json', 'CHANGELOG.md']) {
      cpSync(join(dir, file), join(copy, 'packages', folder, file))
    }
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  writeFileSync(join(copy, '.gitignore'), 'node_modules\n')
  const identity = ['-c', 'user.name=rehearsal', '-c', 'user.email=rehearsal@localhost']
  call('git', ['init', '--quiet', '--initial-branch=main'])
  call('git', ['add', '.'])
  call('git', [...identity, 'commit', '--quiet', '--message=Rehearsal'])
}

/** @typedef {{ name: string, from: string, to: string }} Change */
/**
 * @param {() => void} act
 * @returns {Change[]} the packages whose manifest it changed, with their versions before and after
 */
function changes(act) {
  const before = readPackages(copy)
  act()
  return readPackages(copy).flatMap(({ manifest }, index) => {
    const old = before[index].manifest
    if (JSON.stringify(old) === JSON.stringify(manifest)) return []
    return { name: manifest.name, from: old.version, to: manifest.version }
  })
}

/** @param {string} command */
function changeset(command) {
  call(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), command])
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function call(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: copy, encoding: 'utf8' })
  if (status !== 0) fail(`${command} ${args.join(' ')}\n${stdout}${stderr}`)
}

/** @param {Change[]} list */
function told(list) {
  return list.map(({ name, from, to }) => `${name} ${from} -> ${to}`).join(', ') || 'nothing'
}

/** @param {string} version */
function major(version) {
  return version.split('.')[0]
}

/**
 * @param {string} problem
 * @returns {never}
 */
function fail(problem) {
  throw new Error(problem)
}
