/** Whose outbox it is. */
export interface Owner {
  /** Called after each write that the other side has taken. */
  handleTaken(): void
  /** Called when the stream is given so many bytes. */
  handleWritten(bytes: number): void
  /** Called when the stream could not take a write at once. */
  handleUntaken(): void
}
