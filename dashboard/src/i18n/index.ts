// Words of the components that end customers see, too: by id, from a catalogue per language. No macros, so no Babel.
import { setupI18n, type Messages } from '@lingui/core';
import english from './en.json';

export const languages = ['en', 'de', 'fr', 'es', 'ja'] as const;
export type Language = (typeof languages)[number];
export type WordId = keyof typeof english;

const i18n = setupI18n({ locale: 'en', messages: { en: english as Messages } });

const catalogues: Record<Exclude<Language, 'en'>, () => Promise<{ default: Record<string, string> }>> = {
  de: () => import('./de.json'),
  fr: () => import('./fr.json'),
  es: () => import('./es.json'),
  ja: () => import('./ja.json'),
};

/** The words of `id` in the language of the page. */
export const t = (id: WordId, values?: Record<string, unknown>): string => i18n._(id, values);

/** The language of the page. */
export const language = (): Language => i18n.locale as Language;

/** The first of `wanted` that there are words in, else English: `de-AT` is German. */
export function chosen(wanted: readonly (string | null | undefined)[]): Language {
  for (const one of wanted) {
    const found = languages.find((language) => language === one?.toLowerCase().split(/[-_]/)[0]);
    if (found) return found;
  }
  return 'en';
}

/** Loads a language's words and speaks it from now on. */
export async function speak(language: Language) {
  if (language !== 'en') i18n.load(language, (await catalogues[language]()).default as Messages);
  i18n.activate(language);
  document.documentElement.lang = language;
}
