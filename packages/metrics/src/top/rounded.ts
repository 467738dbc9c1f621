/** A figure of a list, to six places behind the point: what is measured is not known better, and is read by people. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
