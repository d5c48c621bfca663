import fc from 'fast-check';
import { membersOf } from '../src/members.js';

describe('membersOf', () => {
  it.each([
    ['{}', []],
    [' { } ', []],
    ['{"a":1}', [['a', '1']]],
    [
      '{ "a" : 1.50 , "b" : "x" }',
      [
        ['a', '1.50'],
        ['b', '"x"'],
      ],
    ],
    [
      '{"a":{"b":[1,{"c":"}"}]},"d":[]}',
      [
        ['a', '{"b":[1,{"c":"}"}]}'],
        ['d', '[]'],
      ],
    ],
    [
      '{"a":"\\"","b":"\\\\","c":"}{,:"}',
      [
        ['a', '"\\""'],
        ['b', '"\\\\"'],
        ['c', '"}{,:"'],
      ],
    ],
    [
      '{"\\u0061\\n":null,\n"":true}',
      [
        ['a\n', 'null'],
        ['', 'true'],
      ],
    ],
    [
      '{"a":1,"b":2,"a":3}',
      [
        ['a', '3'],
        ['b', '2'],
      ],
    ],
    ['{"a":-1e-5\n}', [['a', '-1e-5']]],
    ['{"__proto__":1}', [['__proto__', '1']]],
  ])('of %s', (json, expected) => {
    expect([...membersOf(json)]).toEqual(expected);
  });

  it('has the values that JSON.parse has, however they are written', () => {
    const indent = fc.constantFrom('', ' ', '\t', '  ');
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        indent,
        (object, gap) => {
          const json = JSON.stringify(object, null, gap);
          const members = [...membersOf(json)].map(([name, value]) => [
            name,
            JSON.parse(value) as unknown,
          ]);
          expect(members).toEqual(Object.entries(JSON.parse(json) as object));
        },
      ),
    );
  });
});
