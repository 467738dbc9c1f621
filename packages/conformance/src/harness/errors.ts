/** What a test ends with when the broker is not what the standard asks for, or when it does not apply. */

/** The broker did what the standard does not allow, or not what it asks for. */
export class ConformanceError extends Error {
  override readonly name: string = 'ConformanceError'
}

/** The broker keeps what is demanded and not what is recommended: a bare close, where a reason could be given. */
export class Remark extends ConformanceError {
  override readonly name = 'Remark'
}

/** The test does not apply to this broker, or needs something that was not given. */
export class Skip extends Error {
  override readonly name = 'Skip'
}
