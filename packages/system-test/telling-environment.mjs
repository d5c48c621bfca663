/** Jest's environment of the system tests and the faults: it tells them when a test has failed. */
import { TestEnvironment } from 'jest-environment-node';

const failures = new Set(['test_fn_failure', 'hook_failure']);

export default class TellingEnvironment extends TestEnvironment {
  handleTestEvent({ name }) {
    if (failures.has(name)) this.global.onTestFailure?.();
  }
}
