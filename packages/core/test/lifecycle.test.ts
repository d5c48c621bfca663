/** Starting and stopping: everything acquired is released, in reverse order, once. */
import { Releases, start, within } from '../src/lifecycle.js';

/** Resolves in a later turn of the event loop, so that an order kept is kept by waiting. */
const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function recorded(...names: string[]): { releases: Releases; order: string[] } {
  const releases = new Releases();
  const order: string[] = [];
  for (const name of names) {
    releases.push(async () => {
      await later();
      order.push(name);
    });
  }
  return { releases, order };
}

describe('Releases', () => {
  it('releases in the reverse order of acquisition, one after the other', async () => {
    const { releases, order } = recorded('file', 'socket', 'timer');
    await releases.release();
    expect(order).toEqual(['timer', 'socket', 'file']);
  });

  it('releases once, however often it is asked, and every caller waits for the end', async () => {
    const { releases, order } = recorded('file');
    await Promise.all([releases.release(), releases.release()]);
    await releases.release();
    expect(order).toEqual(['file']);
  });

  it('releases the rest when one fails, and then tells of all that failed', async () => {
    const { releases, order } = recorded('file');
    releases.push(() => {
      throw new Error('socket stuck');
    });
    releases.push(() => Promise.reject(new Error('timer stuck')));
    await expect(releases.release()).rejects.toMatchObject({
      errors: [{ message: 'timer stuck' }, { message: 'socket stuck' }],
    });
    expect(order).toEqual(['file']);
  });

  it('has nothing to do when nothing was acquired', async () => {
    await expect(new Releases().release()).resolves.toBeUndefined();
  });
});

describe('start', () => {
  it('gives back the result and a stop that releases', async () => {
    const order: string[] = [];
    const running = await start(async (releases) => {
      releases.push(() => void order.push('released'));
      return { port: 6000 };
    });
    expect(running.port).toBe(6000);
    expect(order).toEqual([]);
    await Promise.all([running.stop(), running.stop()]);
    expect(order).toEqual(['released']);
  });

  it('releases what it has when it fails half way, and reports the first failure', async () => {
    const order: string[] = [];
    const starting = start(async (releases) => {
      releases.push(() => void order.push('file'));
      releases.push(() => {
        order.push('socket');
        throw new Error('cannot close');
      });
      await later();
      throw new Error('port in use');
    });
    await expect(starting).rejects.toThrow('port in use');
    expect(order).toEqual(['socket', 'file']);
  });
});

describe('within', () => {
  it('gives the result of a promise that is in time', async () => {
    await expect(within(Promise.resolve(5), 1_000)).resolves.toBe(5);
  });

  it('gives up on a promise that is late', async () => {
    const startedAt = performance.now();
    await expect(within(new Promise(() => undefined), 30)).resolves.toBe('late');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('passes a failure on', async () => {
    await expect(within(Promise.reject(new Error('no')), 1_000)).rejects.toThrow('no');
  });
});
