// @vitest-environment jsdom
// The element of packages/elements and the page speak to each other; here is the element's side, and the page's address.
import { beforeEach, expect, test, vi } from 'vitest';
import '../../../packages/elements/index.js';
import type { BespokeConfigure } from '../../../packages/elements';
import { readAddress } from './embed';
import { variables } from './theme';

const host = 'https://bespoke.example';
let element: BespokeConfigure;

beforeEach(() => {
  document.body.replaceChildren();
  element = document.createElement('bespoke-configure');
  element.token = 'a secret/token';
  element.host = `${host}/somewhere`;
  document.body.append(element);
});

const frame = () => element.querySelector('iframe')!;
const from = (data: unknown, origin = host) => window.dispatchEvent(new MessageEvent('message', { data, origin, source: frame().contentWindow }));

test('the token goes behind #, with the origin that the page may speak to', () => {
  const url = new URL(frame().src);
  expect([url.origin, url.pathname, url.search]).toEqual([host, '/configure', '']);
  expect(readAddress(url.hash)).toEqual({ token: 'a secret/token', origin: location.origin });
  expect(readAddress('#plain')).toEqual({ token: 'plain' });
});

test('it is as high as its page, and tells what happens there', () => {
  const saved = vi.fn();
  element.addEventListener('saved', saved);
  from({ type: 'bespoke:resize', height: 900 });
  from({ type: 'bespoke:saved', revision: 7 });
  expect(frame().style.height).toBe('900px');
  expect((saved.mock.calls[0]![0] as CustomEvent).detail).toEqual({ revision: 7 });
});

test('it believes nobody else', () => {
  const saved = vi.fn();
  element.addEventListener('saved', saved);
  from({ type: 'bespoke:saved', revision: 7 }, 'https://evil.example');
  window.dispatchEvent(new MessageEvent('message', { data: { type: 'bespoke:saved' }, origin: host, source: window }));
  expect(saved).not.toHaveBeenCalled();
});

test('another token loads the page anew, and no token shows none', () => {
  element.token = 'another';
  expect(element.querySelectorAll('iframe')).toHaveLength(1);
  expect(frame().src).toContain('another');
  element.token = null;
  expect(element.querySelector('iframe')).toBeNull();
});

test('a theme sets colours, lengths and fonts, and nothing else', () => {
  expect(variables({ accent: '#0b6474', radius: '10', font: '"Source Sans 3", serif' })).toMatchObject({ '--accent': '#0b6474', '--radius': '10px', '--font': '"Source Sans 3", serif' });
  expect(variables({ accent: 'url(https://evil.example/x)', ink: 'red; } body { display: none', other: 'red', radius: 'calc(1px)' })).toEqual({});
});
