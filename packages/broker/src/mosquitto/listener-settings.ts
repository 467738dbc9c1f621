/** What each setting of a listener of Mosquitto means here. */
import type { Draft, ListenerDraft } from './draft.ts'
import type { Take } from './settings.ts'

const VERSIONS: Readonly<Record<string, string>> = { 'tlsv1.2': 'TLSv1.2', 'tlsv1.3': 'TLSv1.3' }
const isTrue = (value: string): boolean => value === 'true' || value === '1'
const as =
  (option: string): Take =>
  (draft, value) =>
    draft.setListener(option, value)

export const LISTENER_SETTINGS: Readonly<Record<string, Take>> = {
  listener: (draft, value) => {
    const [port, host] = value.split(/\s+/)
    const listener = draft.addListener(portOf(port, draft), host)
    if (host?.startsWith('/')) listener.socket = host
  },
  port: (draft, value) => {
    // The listener of its own stands before all others.
    const own = draft.addListener(portOf(value, draft), undefined)
    draft.listeners.unshift(...draft.listeners.splice(draft.listeners.indexOf(own), 1))
  },
  bind_address: (draft, value) => {
    draft.listener.host = value
  },
  bind_interface: (draft) => draft.note('name an address of that interface in "listen"'),
  socket_domain: (draft, value) => {
    if (value === 'ipv4') draft.listener.host ??= '0.0.0.0'
  },
  protocol: (draft, value) => {
    if (value === 'websockets') draft.listener.websockets = true
    else if (value !== 'mqtt') draft.note(`${value} is not spoken here`)
  },
  cafile: (draft, value) => {
    draft.listener.cafile = value
    draft.setListener('ca', value)
  },
  // It does not start until somebody has done so: without authorities everybody would be let in.
  capath: (draft, value) => {
    draft.setListener('ca', value)
    draft.note('"ca" is one file: put the certificates of that folder into one, and name it')
  },
  certfile: as('cert'),
  keyfile: as('key'),
  crlfile: as('crl'),
  ciphers: as('ciphers'),
  'ciphers_tls1.3': (draft) => draft.note('add them to "ciphers"'),
  dhparamfile: (draft) => draft.note('the runtime chooses'),
  tls_engine: (draft) => draft.note('keys are in files'),
  tls_version: (draft, value) => {
    if (Object.hasOwn(VERSIONS, value)) draft.setListener('minVersion', VERSIONS[value])
    else draft.note(`${value} is not safe, and not spoken here`)
  },
  require_certificate: (draft, value) => {
    draft.listener.needsCertificate = isTrue(value)
  },
  use_identity_as_username: (draft, value) => useCertificate(draft, value, 'cn'),
  use_subject_as_username: (draft, value) => useCertificate(draft, value, 'subject'),
  use_username_as_clientid: (draft, value) => {
    if (isTrue(value)) draft.note('write a rule of "acl" for "%u" instead')
  },
  max_connections: (draft, value) => {
    const most = Number(value)
    if (most > 0) draft.setListener('maxConnections', most)
  },
  mount_point: (draft) =>
    draft.note('topics stay as they are: see examples/tenants.ts for a middleware that does it'),
  http_dir: (draft) => draft.note('no files are served: put a web server before it'),
  accept_protocol_versions: (draft) => draft.note('3.1, 3.1.1 and 5.0 are served'),
  websockets_headers_size: (draft) => draft.note('headers of a request may have 8,192 bytes'),
  websockets_origin: (draft, value) => addOrigin(draft.listener, value, draft.line),
  enable_proxy_protocol: (draft) =>
    draft.note('"proxy" of a listener does it, with the addresses of your proxies'),
}

/** `NaN`, and a note, where it is none: there is no such listener then. */
function portOf(text: string, draft: Draft): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  draft.note(`"${text}" is no port`)
  return Number.NaN
}

function useCertificate(draft: Draft, value: string, username: string): void {
  if (!isTrue(value)) return
  draft.set(['auth', 'certificate', 'username'], username)
  draft.listener.isNamedByCertificate = true
}

function addOrigin({ settings }: ListenerDraft, origin: string, line: number): void {
  const known = settings.find(({ path }) => path[0] === 'origins')
  if (known === undefined) settings.push({ path: ['origins'], value: [origin], line })
  else (known.value as string[]).push(origin)
}
