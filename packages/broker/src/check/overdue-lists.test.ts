import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { devices, PemFiles } from '../../../../test/rig/secure.ts'
import { Authority } from '../../../../test/support/authority.ts'
import { overdueLists } from './overdue-lists.ts'

test('each list that is overdue is named, and no other', () => {
  const files = new PemFiles()
  const term = { from: Date.UTC(2025, 0, 1), until: Date.UTC(2025, 5, 1) }
  const overdue = new Authority('Others').revocations([], term)
  writeFileSync(files.path('crl'), overdue + devices.revocations([]))
  expect(overdueLists(files.path('crl'), Date.now())).toEqual([
    `a list in ${files.path('crl')} was to be renewed by 2025-06-01T00:00:00.000Z: until it is, its authority’s clients are refused`,
  ])
  expect(overdueLists(files.path('crl'), Date.UTC(2025, 4, 1))).toEqual([])
})
