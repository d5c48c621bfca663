import { parseSettings } from '@zdenergy/core';
import { announcement } from '../src/announcement.js';

const text = (environment: Record<string, string>): string =>
  announcement(parseSettings(environment), '192.0.2.7', 'Ctrl-C');

describe('what an operator reads when everything runs', () => {
  it.each([
    [{}, 'gateways   192.0.2.7:6000'],
    [{}, 'the page   http://localhost:5000/'],
    [{}, 'health     http://localhost:5000/api/health'],
    [{}, 'own Postgres on 127.0.0.1:5433; npm run psql opens it'],
    [{}, 'to stop    Ctrl-C'],
    [{ TCP_HOST: '10.0.0.1', TCP_PORT: '7000' }, 'gateways   10.0.0.1:7000'],
    [{ HTTP_HOST: '::1' }, 'the page   http://[::1]:5000/'],
    [{ TLS_CERT: 'c', TLS_KEY: 'k' }, 'with TLS   192.0.2.7:6001'],
  ])('with %p: %s', (environment, expected) => {
    expect(text(environment)).toContain(expected);
  });

  it('does not show the address of the database, which holds its password', () => {
    expect(text({ DATABASE_URL: 'postgres://me:secret@db/x' })).not.toContain('secret');
  });
});
