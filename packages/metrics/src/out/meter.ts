/** What we use of `@opentelemetry/api`: its types are not named, for the package need not be there. */

type Attributes = Record<string, string>

export interface ObservableResult {
  observe(value: number, attributes?: Attributes): void
}

type Callback = (result: ObservableResult) => void | Promise<void>

export interface Observable {
  addCallback(callback: Callback): void
  removeCallback(callback: Callback): void
}

interface InstrumentOptions {
  description?: string
  unit?: string
}

export interface Meter {
  createObservableCounter(name: string, options?: InstrumentOptions): Observable
  createObservableGauge(name: string, options?: InstrumentOptions): Observable
}

/** A provider of meters, as the SDK of OpenTelemetry has it (`new MeterProvider()`). */
export interface MeterProvider {
  getMeter(name: string): Meter
}
