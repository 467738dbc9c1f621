import type { OptionsSpec } from '@mqtt-stack/core'
import type { BackendOptions } from '@mqtt-stack/core/backend'
import { BACKEND_OPTIONS } from '@mqtt-stack/core/backend'

export interface MemoryBackendOptions extends BackendOptions {}

export const MEMORY_BACKEND_OPTIONS: OptionsSpec<MemoryBackendOptions> = BACKEND_OPTIONS
