import { localPath } from '../src/local-path.js';

it.each([
  '/',
  '/api/sensors?limit=5',
  '/a//b',
  '/%5Cevil.example',
  '/?next=http://evil.example',
  '/login-help',
])('%s leads here', (path) => {
  expect(localPath(path)).toBe(path);
});

it.each([
  undefined,
  ['/a', '/b'],
  '',
  'dashboard',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  '/..//evil.example',
  '/.//evil.example',
  '///evil.example',
  'http://evil.example',
  'javascript:alert(1)',
  '//user@evil.example:80/x',
  '/login',
  '/login?next=/',
  '/LOGIN/',
  '/logout',
])('%j does not', (path) => {
  expect(localPath(path)).toBe('/');
});

it('leaves nothing in it that could end a header', () => {
  expect(localPath('/a\r\nSet-Cookie: x')).toBe('/aSet-Cookie:%20x');
});
