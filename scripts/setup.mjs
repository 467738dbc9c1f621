// Before `npm start` and `npm test`: installs with the pinned pnpm and builds; seconds at first, one when nothing changed.
import { spawnSync } from 'node:child_process'
import { pinnedPnpm, root } from './workspace.mjs'

const steps = 'pnpm install --frozen-lockfile --reporter=append-only && turbo run build'
const npx = ['--yes', `--package=${pinnedPnpm}`, '-c', steps]
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }

console.log(`Installing and building with ${pinnedPnpm} ...`)
const { status, stdout, stderr, error } = spawnSync('npx', npx, {
  cwd: root,
  env,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  stdio: ['ignore', 'pipe', 'pipe'],
})
if (status !== 0) {
  console.error([stdout, stderr, error?.message].filter(Boolean).join('\n'))
  process.exit(status ?? 1)
}
