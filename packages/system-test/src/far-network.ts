/**
 * Another machine's network: a network namespace with a link to this one that can be cut.
 *
 * What always holds: this machine's own interfaces are left alone, and the namespace goes with the
 * test. It needs root and a kernel that allows namespaces; without, creating one is an error that
 * says so, and the test that asked for it fails.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describeError, type Releases } from '@zdenergy/core';
import { Program } from './program.js';

const run = promisify(execFile);

async function ip(...args: string[]): Promise<void> {
  await run('ip', args);
}

let networks = 0;

export class FarNetwork {
  /** This machine's address, as seen from there. */
  readonly hostAddress: string;
  /** The address there. */
  readonly gatewayAddress: string;
  readonly #name: string;

  private constructor(name: string, subnet: string) {
    this.#name = name;
    this.hostAddress = `${subnet}.1`;
    this.gatewayAddress = `${subnet}.2`;
  }

  static async create(releases: Releases): Promise<FarNetwork> {
    // Of the range for measurements (RFC 2544), which nobody routes.
    networks += 1;
    const subnet = `198.18.${(process.pid + networks) % 256}`;
    const name = `zd${process.pid}-${networks}`;
    const network = new FarNetwork(name, subnet);
    try {
      await ip('netns', 'add', name);
      releases.push(() => ip('netns', 'delete', name));
      await ip('link', 'add', network.#nearEnd, 'type', 'veth', 'peer', 'name', 'far');
      releases.push(() => ip('link', 'delete', network.#nearEnd).catch(() => undefined));
      await ip('link', 'set', 'far', 'netns', name);
      await ip('address', 'add', `${network.hostAddress}/30`, 'dev', network.#nearEnd);
      await ip('link', 'set', network.#nearEnd, 'up');
      await ip('-n', name, 'address', 'add', `${network.gatewayAddress}/30`, 'dev', 'far');
      await ip('-n', name, 'link', 'set', 'far', 'up');
    } catch (error) {
      throw new Error(
        `This test needs a network namespace, which root can make (ip netns add): ${describeError(error)}`,
        { cause: error },
      );
    }
    return network;
  }

  /** Runs a JavaScript there, in a process that ends with the test. */
  run(script: string, releases: Releases): Program {
    const program = new Program(
      'ip',
      ['netns', 'exec', this.#name, process.execPath, '--eval', script],
      { cwd: '/', env: {} },
    );
    releases.push(async () => {
      program.signal('SIGKILL');
      await program.exited;
    });
    return program;
  }

  /** From now on everything on its way is lost, and neither side hears of it. */
  async cut(): Promise<void> {
    await ip('-n', this.#name, 'link', 'set', 'far', 'down');
  }

  get #nearEnd(): string {
    return `${this.#name}n`;
  }
}
