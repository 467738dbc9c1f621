/** The files of the dashboard, which are built into the package. */
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../dashboard/', import.meta.url))
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

/**
 * Answers paths of files that are there, and nothing else: what is asked is looked up in the list of them.
 * @returns Nothing where the dashboard was not built.
 */
export function dashboardFiles(
  folder: string = FOLDER,
): ((path: string) => Promise<Response | undefined>) | undefined {
  let names: readonly string[]
  try {
    names = readdirSync(folder, { recursive: true }) as string[]
  } catch {
    return undefined
  }
  const files = new Map(names.map((name) => [`/${name.replaceAll('\\', '/')}`, join(folder, name)]))
  return async (path) => {
    const name = path === '/' ? '/index.html' : path
    const file = files.get(name)
    const type = TYPES[extname(name)]
    if (file === undefined || type === undefined) return undefined
    return new Response(await readFile(file), { headers: { 'content-type': type } })
  }
}
