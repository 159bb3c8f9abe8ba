import { compileMessage } from '@lingui/message-utils/compileMessage';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** The catalogues as they are written, not as the build compiles them. */
const read = (language: string) => JSON.parse(readFileSync(`src/i18n/${language}.json`, 'utf8')) as Record<string, string>;
const en = read('en');
const others = Object.fromEntries(['de', 'es', 'fr', 'ja'].map((language) => [language, read(language)]));

test('every word is there in all five languages, and none of them is left in English', () => {
  const ids = Object.keys(en).sort();
  for (const [language, words] of Object.entries(others)) {
    expect(Object.keys(words).sort(), language).toEqual(ids);
    const sentences = ids.filter((id) => id.startsWith('page.') && en[id]!.length > 12);
    expect(sentences.filter((id) => words[id] === en[id]), language).toEqual([]);
  }
});

test('a translation names the same values as the English words', () => {
  const values = (text: string) => [...new Set([...text.matchAll(/\{(\w+)[,}]/g)].map((match) => match[1]))].sort();
  for (const [id, text] of Object.entries(en)) {
    for (const language of ['de', 'es', 'fr', 'ja']) {
      const translated = others[language]![id]!;
      expect(values(translated), `${language} ${id}`).toEqual(values(text));
      expect(() => compileMessage(translated)).not.toThrow();
    }
  }
});

test('customers read no word of ours: metadata, schema, revision', () => {
  for (const [id, text] of Object.entries(en)) {
    if (id.startsWith('page.')) expect(text.toLowerCase(), id).not.toMatch(/metadata|schema|revision|sync/);
  }
  for (const file of readdirSync('src/configure').filter((name) => name.endsWith('.tsx'))) {
    // Text between tags comes from the catalogues only.
    expect(readFileSync(`src/configure/${file}`, 'utf8')).not.toMatch(/>\s*[A-Z][a-z]+ [a-z][^<{]*</);
  }
});
