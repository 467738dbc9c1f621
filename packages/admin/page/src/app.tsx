import type { ComponentType } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { Api, Refusal } from './api.ts'
import type { About, Desk } from './context.ts'
import { DeskContext } from './context.ts'
import { Bans } from './pages/bans.tsx'
import { Clients } from './pages/clients.tsx'
import { Configuration } from './pages/configuration.tsx'
import { MqttClient } from './pages/mqtt-client.tsx'
import { Nodes } from './pages/nodes.tsx'
import { Overview } from './pages/overview.tsx'
import { Rules } from './pages/rules.tsx'
import { Sessions } from './pages/sessions.tsx'
import { SignIn } from './pages/sign-in.tsx'
import { StackPicture } from './pages/stack.tsx'
import { Subscriptions } from './pages/subscriptions.tsx'
import { Topics } from './pages/topics.tsx'
import { Trace } from './pages/trace.tsx'
import { Users } from './pages/users.tsx'
import { Why } from './pages/why.tsx'
import { forgetToken, keepToken, takeToken } from './token.ts'

const PAGES: readonly { path: string; title: string; Page: ComponentType<{ rest: string }> }[] = [
  { path: '', title: 'Overview', Page: Overview },
  { path: 'clients', title: 'Clients', Page: Clients },
  { path: 'sessions', title: 'Sessions', Page: Sessions },
  { path: 'subscriptions', title: 'Subscriptions', Page: Subscriptions },
  { path: 'topics', title: 'Topics', Page: Topics },
  { path: 'users', title: 'Users', Page: Users },
  { path: 'rules', title: 'Access rules', Page: Rules },
  { path: 'bans', title: 'Bans', Page: Bans },
  { path: 'stack', title: 'Stack', Page: StackPicture },
  { path: 'trace', title: 'Live trace', Page: Trace },
  { path: 'why', title: 'Explain & why', Page: Why },
  { path: 'client', title: 'MQTT client', Page: MqttClient },
  { path: 'nodes', title: 'Cluster', Page: Nodes },
  { path: 'config', title: 'Configuration', Page: Configuration },
]

/** `#/clients/lamp` is the page `clients` with the rest `lamp`. */
function useRoute(): { path: string; rest: string } {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const listen = (): void => setHash(location.hash)
    addEventListener('hashchange', listen)
    return () => removeEventListener('hashchange', listen)
  }, [])
  const [, path = '', rest = ''] = /^#\/([^/]*)\/?(.*)$/.exec(hash) ?? []
  return { path, rest: decodeURIComponent(rest) }
}

export function App() {
  const [token, setToken] = useState(takeToken)
  const [desk, setDesk] = useState<Desk | undefined>(undefined)
  const [refused, setRefused] = useState<string | undefined>(undefined)
  const api = useMemo(() => (token === undefined ? undefined : new Api(token)), [token])
  useEffect(() => {
    if (api === undefined) return
    api.get<About>('/api/about').then(
      (about) => {
        setRefused(undefined)
        const can = (ability: string): boolean => about.can.includes(ability)
        setDesk({ api, about, can, operates: about.role === 'operate' })
      },
      (error: Error) => {
        setRefused(error.message)
        if (error instanceof Refusal && error.status === 401) {
          forgetToken()
          setToken(undefined)
        }
      },
    )
  }, [api])
  const signIn = (given: string): void => {
    keepToken(given)
    setToken(given)
  }
  const signOut = (): void => {
    forgetToken()
    setDesk(undefined)
    setToken(undefined)
  }
  if (desk === undefined) return <SignIn refused={refused} signIn={signIn} />
  return (
    <DeskContext.Provider value={desk}>
      <Frame about={desk.about} signOut={signOut} />
    </DeskContext.Provider>
  )
}

function Frame({ about, signOut }: { about: About; signOut: () => void }) {
  const { path, rest } = useRoute()
  const { title, Page } = PAGES.find((one) => one.path === path) ?? PAGES[0]
  useEffect(() => {
    document.title = `${title} · mqtt-stack`
  }, [title])
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header>
        <strong>mqtt-stack</strong>
        <span class="quiet">
          {about.version} · {about.role === 'operate' ? 'may change things' : 'may look only'}
        </span>
        <button type="button" onClick={signOut}>
          Sign out
        </button>
      </header>
      <div class="frame">
        <nav aria-label="Pages">
          <ul>
            {PAGES.map((one) => (
              <li key={one.path}>
                <a href={`#/${one.path}`} aria-current={one.path === path ? 'page' : undefined}>
                  {one.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <main id="main" tabIndex={-1}>
          <h1>{title}</h1>
          <Page rest={rest} />
        </main>
      </div>
    </>
  )
}
