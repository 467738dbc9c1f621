/** Figures for people. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let size = value
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit++
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`
}

/** Of seconds: `3 d 4 h`, `2 min 5 s`. */
export function span(seconds: number): string {
  const steps: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ]
  const at = Math.max(
    0,
    steps.findIndex(([size]) => seconds >= size),
  )
  let left = Math.round(seconds)
  const words: string[] = []
  for (const [size, unit] of steps.slice(at === -1 ? 3 : at, (at === -1 ? 3 : at) + 2)) {
    const whole = Math.floor(left / size)
    left -= whole * size
    if (whole > 0 || words.length === 0) words.push(`${whole} ${unit}`)
  }
  return words.join(' ')
}

export function since(iso: string | undefined): string {
  return iso === undefined ? '' : `${span((Date.now() - Date.parse(iso)) / 1_000)} ago`
}
