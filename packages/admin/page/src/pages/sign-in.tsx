import { useState } from 'preact/hooks'

interface Props {
  readonly refused: string | undefined
  readonly signIn: (token: string) => void
}

export function SignIn({ refused, signIn }: Props) {
  const [token, setToken] = useState('')
  return (
    <main class="sign-in">
      <h1>mqtt-stack</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          signIn(token.trim())
        }}
      >
        <input
          type="text"
          class="hidden"
          autocomplete="username"
          value="operator"
          readOnly
          tabIndex={-1}
          aria-hidden="true"
        />
        <label>
          Token
          <input
            type="password"
            autocomplete="current-password"
            required
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <button type="submit">Sign in</button>
        <p class="quiet">
          The broker prints a link with a token when it starts, unless its configuration has tokens.
        </p>
        {refused !== undefined && <p role="alert">{refused}</p>}
      </form>
    </main>
  )
}
