import { useEffect, useRef } from 'preact/hooks'
import UPlot from 'uplot'

interface Props {
  readonly title: string
  readonly unit: string
  /** Seconds since 1970, and one list of values for each series. */
  readonly times: readonly number[]
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[]
}

const COLOURS = ['#2563eb', '#d97706', '#059669', '#dc2626']
const HEIGHT = 160

/** The last values of some figures, as lines; a sentence says the newest of them. */
export function Chart({ title, unit, times, series }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot | undefined>(undefined)
  const names = series.map(({ name }) => name).join()
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const ink = getComputedStyle(element).color
    const axis = { stroke: ink, grid: { stroke: 'rgba(128,128,128,.2)' }, ticks: { show: false } }
    const options: UPlot.Options = {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      axes: [axis, { ...axis, size: 60 }],
      scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
      series: [{}, ...series.map(({ name }, i) => ({ label: name, stroke: COLOURS[i], width: 2 }))],
    }
    const made = new UPlot(options, [[], ...series.map(() => [])] as unknown as UPlot.AlignedData, element)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
    // `names` stands for the series.
  }, [names])
  useEffect(() => {
    plot.current?.setData([times, ...series.map(({ values }) => values)] as unknown as UPlot.AlignedData)
  }, [times, series])
  const newest = series.map(({ name, values }) => `${name} ${(values.at(-1) ?? 0).toLocaleString('en')}`)
  return (
    <figure>
      <figcaption>
        {title}{' '}
        <span class="quiet">
          ({unit}): {newest.join(', ')}
        </span>
      </figcaption>
      <div ref={place} aria-hidden="true" />
    </figure>
  )
}
