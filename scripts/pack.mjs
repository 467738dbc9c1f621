// Packs every published package as `npm publish` would send it, for the tarball check and for examples that install.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pinnedPnpm, readPackages, root } from './workspace.mjs'

/**
 * Packs the built packages into a folder.
 * @param {string} folder an existing folder
 * @returns {Map<string, string>} each package's name and the path of its tarball
 */
export function packInto(folder) {
  const published = readPackages().filter((pkg) => pkg.role !== 'private')
  const filters = published.map((pkg) => `--filter=${pkg.manifest.name}`)
  const args = ['--yes', pinnedPnpm, ...filters, 'pack', '--pack-destination', folder]
  const { status, stdout, stderr } = spawnSync('npx', args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`pnpm pack failed\n${stdout}\n${stderr}`)
  return new Map(published.map(({ manifest }) => [manifest.name, join(folder, tarballName(manifest))]))
}

/** @param {import('./workspace.mjs').Manifest} manifest */
function tarballName({ name, version }) {
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
}
