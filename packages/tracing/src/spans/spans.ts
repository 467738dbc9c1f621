/** OpenTelemetry spans of a message's way: one for its relay, in it one for each middleware that took time, and deliveries. */

import type { Client, Context, FollowedRun, Follower, RelayContext, Stack } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { Attributes, Context as OtelContext, Span, Tracer } from '@opentelemetry/api'
import { carrierOf, withContext } from './carrier.ts'

type Api = typeof import('@opentelemetry/api')

/** A middleware that took so many milliseconds has a span of its own. */
const LONG = 0.1
/** So many deliveries of a message have a span each; the others are counted. */
const DELIVERIES = 16

/** A message that the SDK samples. */
interface Sampled {
  readonly span: Span
  readonly context: OtelContext
  deliveries: number
}

export class Spans implements Follower {
  readonly #api: Api
  readonly #tracer: Tracer
  readonly #stack: Stack
  readonly #relays = new WeakMap<object, Sampled>()
  /** By message: deliveries are of the message that was relayed. */
  readonly #messages = new WeakMap<object, Sampled>()
  readonly #unfollow: () => void

  constructor(api: Api, stack: Stack) {
    this.#api = api
    this.#tracer = api.trace.getTracer('@mqtt-stack/tracing')
    this.#stack = stack
    this.#unfollow = stack.observation.follow(this)
  }

  /** @throws StackError `OPTION_INVALID` where `@opentelemetry/api` is not installed. */
  static async open(stack: Stack): Promise<Spans> {
    try {
      return new Spans(await import('@opentelemetry/api'), stack)
    } catch (cause) {
      throw new StackError(
        'OPTION_INVALID',
        'Tracing: spans want the package @opentelemetry/api: npm install @opentelemetry/api',
        { cause },
      )
    }
  }

  close(): void {
    this.#unfollow()
  }

  /** Asks the SDK's sampler about each message; whoever it does not want costs no more. */
  wants(_client: Client | undefined, ctx: unknown, callback: string): boolean {
    if (callback === 'relayMessage') return this.#begin(ctx as RelayContext)
    return callback === 'forwardMessage' && this.#deliveryOf(ctx as Context<'forwardMessage'>) !== undefined
  }

  ran(run: FollowedRun): void {
    if (run.callback === 'relayMessage') this.#end(run)
    else this.#delivered(run)
  }

  /** Hands the context on to those who get the message (5.0). */
  mark(ctx: RelayContext): void {
    const sampled = this.#relays.get(ctx)
    if (sampled === undefined) return
    const carrier: Record<string, string> = {}
    this.#api.propagation.inject(sampled.context, carrier)
    if (Object.keys(carrier).length > 0) ctx.packet = withContext(ctx.packet, carrier)
    this.#messages.set(ctx.packet, sampled)
  }

  #begin(ctx: RelayContext): boolean {
    const { trace, propagation, context, SpanKind } = this.#api
    const parent = propagation.extract(context.active(), carrierOf(ctx.packet))
    const span = this.#tracer.startSpan(
      `publish ${ctx.packet.topic}`,
      { kind: SpanKind.SERVER, attributes: attributesOf(ctx) },
      parent,
    )
    if (!span.isRecording()) return false
    this.#relays.set(ctx, { span, context: trace.setSpan(parent, span), deliveries: 0 })
    return true
  }

  #end({ ctx, store, steps, since, milliseconds, error }: FollowedRun): void {
    const sampled = this.#relays.get(ctx as RelayContext)
    if (sampled === undefined) return
    const { span } = sampled
    const began = this.#wall(since)
    let at = began
    for (const step of steps) {
      const took = step.milliseconds ?? 0
      if (took >= LONG) {
        const options = { startTime: at, attributes: { 'mqtt_stack.middleware': step.middleware } }
        this.#tracer.startSpan(step.middleware, options, sampled.context).end(at + took)
      }
      at += took
    }
    const { matched, vetoed } = store as Context<'messagePublished'>['relayed']
    span.setAttribute('mqtt_stack.matched', matched)
    if (vetoed) span.setAttribute('mqtt_stack.vetoed_by', steps.find(({ ended }) => ended)?.middleware ?? '')
    if (sampled.deliveries > DELIVERIES) span.setAttribute('mqtt_stack.deliveries', sampled.deliveries)
    if (error !== undefined) {
      span.recordException(error)
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: error.message })
    }
    span.end(began + milliseconds)
  }

  #deliveryOf({ packet }: Context<'forwardMessage'>): Sampled | undefined {
    return this.#messages.get(packet)
  }

  #delivered({ ctx, store, since, milliseconds }: FollowedRun): void {
    const { client, packet, qos } = ctx as Context<'forwardMessage'>
    const sampled = this.#messages.get(packet)
    if (sampled === undefined || ++sampled.deliveries > DELIVERIES) return
    const began = this.#wall(since)
    const { outcome } = store as { readonly outcome?: string }
    const attributes = {
      'messaging.system': 'mqtt',
      'messaging.client.id': client.id,
      'mqtt_stack.qos': qos,
      'mqtt_stack.outcome': outcome ?? '',
    }
    this.#tracer
      .startSpan(`deliver ${packet.topic}`, { startTime: began, attributes }, sampled.context)
      .end(began + milliseconds)
  }

  /** Milliseconds since 1970 of an instant of the stack's clock. */
  #wall(at: number): number {
    const { clock } = this.#stack
    return clock.wall() + at - clock.now()
  }
}

function attributesOf({ packet, publisher, origin }: RelayContext): Attributes {
  return {
    'messaging.system': 'mqtt',
    'messaging.operation.type': 'publish',
    'messaging.destination.name': packet.topic,
    'messaging.client.id': publisher.clientId,
    'messaging.message.body.size': packet.payloadLength,
    'mqtt_stack.qos': packet.qos,
    'mqtt_stack.retain': packet.retain,
    'mqtt_stack.origin': origin,
  }
}
