/** Errors as sentences: complete, without repetition, and without a password. */
import { describeError, errorCode, withoutPasswords } from '../src/errors.js';

describe('describeError', () => {
  it.each([
    ['an error', new Error('no such table'), 'no such table'],
    ['an error that says nothing', new TypeError(), 'TypeError'],
    ['a text', 'gone', 'gone'],
    ['nothing', undefined, 'undefined'],
    [
      'several errors, one of them twice',
      new AggregateError([new Error('refused'), new Error('refused'), new Error('timed out')]),
      'refused; timed out',
    ],
    [
      'errors inside errors',
      new AggregateError([new AggregateError([new Error('a'), new Error('b')]), new Error('c')]),
      'a; b; c',
    ],
    ['an aggregate of none', new AggregateError([], 'all failed'), 'all failed'],
    [
      'a URL with a password',
      new Error('cannot reach postgres://sam:hunter2@db:5432/site'),
      'cannot reach postgres://sam:***@db:5432/site',
    ],
  ])('tells %s', (_what, error, sentence) => {
    expect(describeError(error)).toBe(sentence);
  });

  it('shows no stack', () => {
    expect(describeError(new Error('boom'))).not.toMatch(/errors[.]test/);
  });
});

describe('withoutPasswords', () => {
  it.each([
    ['redis://:secret@host', 'redis://:***@host'],
    ['POSTGRES://A:secret@host/b', 'POSTGRES://A:***@host/b'],
    ['postgres://a:p@ss@host/b', 'postgres://a:***@host/b'],
    ['postgres://a:p/ss:w@host/b', 'postgres://a:***@host/b'],
    ['smtp://a:one@b and nats://c:two@d', 'smtp://a:***@b and nats://c:***@d'],
    ['http://10.0.0.1:5000/api', 'http://10.0.0.1:5000/api'],
    ['sam@example.com at 12:30', 'sam@example.com at 12:30'],
    ['🚀 starting', '🚀 starting'],
  ])('%j becomes %j', (text, safe) => {
    expect(withoutPasswords(text)).toBe(safe);
  });

  it.each(['a.', 'a://a:', 'a://', 'a:a@'])(
    'needs no long time for a text of %j over and over, as a gateway might send it',
    (part) => {
      const text = part.repeat(65_536 / part.length);
      const startedAt = performance.now();
      withoutPasswords(text);
      expect(performance.now() - startedAt).toBeLessThan(500);
    },
  );
});

describe('errorCode', () => {
  it.each([
    ['a system error', Object.assign(new Error(), { code: 'ENOSPC' }), 'ENOSPC'],
    ['a database error', { code: '23505' }, '23505'],
    ['a number', { code: 5 }, undefined],
    ['an error without a code', new Error('x'), undefined],
    ['null', null, undefined],
    ['a text', 'ENOSPC', undefined],
  ])('of %s', (_what, error, code) => {
    expect(errorCode(error)).toBe(code);
  });
});
