/** Names and values of one thing. */
export function Facts({ of }: { of: Readonly<Record<string, unknown>> }) {
  return (
    <dl>
      {Object.entries(of)
        .filter(([, value]) => value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd>
          </div>
        ))}
    </dl>
  )
}
