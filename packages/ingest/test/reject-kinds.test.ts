/** Every kind of reject, from bytes that the real framer and decoder refuse for it. */
import { noRejects } from '../src/reject-kinds.js';
import { corpus } from './fuzz/corpus.js';
import { Gateway } from './gateway.js';

const maxFrameBytes = 200;

function rejectsOf(...chunks: readonly (Buffer | string)[]): Gateway['decoder']['rejects'] {
  const gateway = new Gateway({}, 'both ways', maxFrameBytes);
  return gateway.send(...chunks).decoder.rejects;
}

it.each([
  ['not_json', '{"id":"a",temp:1}\n'],
  ['not_json', '{"id":"a","temp":01}\n'],
  ['cut_off', '{"id":"a","temp":1'],
  ['too_large', `{"id":"${'x'.repeat(300)}"}\n`],
  ['not_utf8', Buffer.from([...Buffer.from('{"id":"'), 0xff, ...Buffer.from('","temp":1}')])],
  ['bad_id', '{"id":"","temp":1}'],
  ['bad_id', '{"id":[1],"temp":1}'],
  ['bad_id', `{"id":"${'x'.repeat(101)}","temp":1}`],
  ['bad_id', '{"id":"a\\u0000","temp":1}'],
  ['bad_measurement', '{"id":"a","temp":"id is empty"}'],
  ['bad_measurement', '{"id":"a","rh":true}'],
  ['bad_measurement', '{"id":"a","lux":1e999}'],
  ['bad_measurement', '{"id":"a","irradiance":[]}'],
  ['bad_field', '{"id":"a","temp":1,"x":"\\ud800"}'],
  ['bad_field', '{"id":"a","temp":1,"\\u0000":1}'],
  ['bad_field', '{"id":"a","temp":1,"it has neither ":"\\ud800"}'],
  ['empty', '{"id":"a"}'],
] as const)('%s: %s', (kind, bytes) => {
  expect(rejectsOf(bytes)).toEqual({ ...noRejects(), [kind]: 1 });
});

it('counts no reading', () => {
  expect(rejectsOf('{"id":"a","temp":1}\n', '{"id":"b","extra":true}')).toEqual(noRejects());
});

it('counts each reject of every stream once', () => {
  let rejected = 0;
  for (const damage of corpus.values()) {
    const { decoder } = new Gateway({}, 'both ways', maxFrameBytes).send(damage);
    const sum = Object.values(decoder.rejects).reduce((total, count) => total + count, 0);
    expect(sum).toBe(decoder.counts.rejected);
    rejected += sum;
  }
  expect(rejected).toBeGreaterThan(20);
});
