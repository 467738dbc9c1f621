/** Three digits that count, with separators from a thousand on: the next one is noise. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const digits = value === 0 ? 1 : Math.floor(Math.log10(Math.abs(value))) + 1
  const unit = 10 ** (digits - 3)
  const rounded = digits >= 3 ? Math.round(value / unit) * unit : value
  return rounded.toLocaleString('en', { maximumFractionDigits: Math.max(0, 3 - digits) })
}

export function formatRatio(value: number): string {
  return value.toFixed(value < 0.1 ? 3 : value < 10 ? 2 : 1)
}

export function formatShare(value: number | undefined): string {
  return value === undefined ? '-' : `${Math.round(value * 100)} %`
}
