/** What keeps zdenergy from starting and a person must mend; its message stands alone, without a stack. */
export class StartProblem extends Error {
  /** @param exitCode 78 (EX_CONFIG of sysexits.h) for settings that cannot work, else 1. */
  constructor(
    message: string,
    readonly exitCode: 1 | 78 = 1,
  ) {
    super(message);
    this.name = 'StartProblem';
  }
}
