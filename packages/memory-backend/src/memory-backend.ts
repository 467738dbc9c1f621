import { Backend } from '@mqtt-stack/core/backend'
import type { MemoryBackendOptions } from './options.ts'
import { MEMORY_BACKEND_OPTIONS } from './options.ts'

/** Non-persistent storage; everything is answered at once, but for what takes long: others have their turn then. */
export class MemoryBackend extends Backend<MemoryBackendOptions> {
  constructor(options?: MemoryBackendOptions) {
    super(options, MEMORY_BACKEND_OPTIONS)
  }
}
