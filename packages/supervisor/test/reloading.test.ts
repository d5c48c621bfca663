/** The order of a reload: which worker is asked when, by what became of those before. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createReload } from '../src/reloading.js';

/** Workers whose reloads are ended by hand; `asked` lists them in order. */
function workersNamed(...names: string[]) {
  const asked: string[] = [];
  const endings: ((ready: boolean) => void)[] = [];
  const workers = names.map((name) => ({
    name,
    reload: () => {
      asked.push(name);
      return new Promise<boolean>((resolve) => endings.push(resolve));
    },
  }));
  const end = async (ready: boolean): Promise<void> => {
    endings.at(-1)?.(ready);
    await nextTurn();
  };
  return { workers, asked, end };
}

it('goes from one to the next as each becomes ready', async () => {
  const { workers, asked, end } = workersNamed('ingest-1', 'ingest-2', 'api');
  const outcome = createReload(workers, () => false)();
  expect(asked).toEqual(['ingest-1']);
  await end(true);
  expect(asked).toEqual(['ingest-1', 'ingest-2']);
  await end(true);
  await end(true);
  expect(asked).toEqual(['ingest-1', 'ingest-2', 'api']);
  expect(await outcome).toEqual({ failed: undefined });
});

it('leaves the others alone when one does not become ready', async () => {
  const { workers, asked, end } = workersNamed('ingest-1', 'ingest-2', 'api');
  const outcome = createReload(workers, () => false)();
  await end(true);
  await end(false);
  expect(await outcome).toEqual({ failed: 'ingest-2' });
  expect(asked).toEqual(['ingest-1', 'ingest-2']);
});

it('begins anew when it is asked meanwhile, without waiting for one that hangs', async () => {
  const { workers, asked, end } = workersNamed('ingest-1', 'api');
  const reload = createReload(workers, () => false);
  const first = reload();
  await end(true);
  const second = reload();
  await nextTurn();
  expect(asked).toEqual(['ingest-1', 'api', 'ingest-1']);
  await end(true);
  await end(true);
  expect(asked).toEqual(['ingest-1', 'api', 'ingest-1', 'api']);
  expect(await Promise.all([first, second])).toEqual([
    { failed: undefined },
    { failed: undefined },
  ]);
});

it('may be asked again after it has ended', async () => {
  const { workers, asked, end } = workersNamed('api');
  const reload = createReload(workers, () => false);
  const first = reload();
  await end(false);
  expect(await first).toEqual({ failed: 'api' });
  const second = reload();
  await end(true);
  expect(await second).toEqual({ failed: undefined });
  expect(asked).toEqual(['api', 'api']);
});

it('goes no further once zdenergy is stopping', async () => {
  const { workers, asked, end } = workersNamed('ingest-1', 'api');
  let stopping = false;
  const outcome = createReload(workers, () => stopping)();
  stopping = true;
  await end(true);
  expect(await outcome).toEqual({ failed: undefined });
  expect(asked).toEqual(['ingest-1']);
});
