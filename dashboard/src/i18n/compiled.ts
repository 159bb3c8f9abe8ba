// Compiles the catalogues' ICU messages when the page is built, so that no page has to carry the parser.
import { compileMessage } from '@lingui/message-utils/compileMessage';
import type { Plugin } from 'vite';

/** The plugin of both builds. */
export function catalogues(): Plugin {
  return {
    name: 'bespoke-catalogues',
    enforce: 'pre',
    transform(source, id) {
      if (!/\/src\/i18n\/\w+\.json$/.test(id)) return null;
      const words = Object.entries(JSON.parse(source) as Record<string, string>);
      return { code: JSON.stringify(Object.fromEntries(words.map(([key, text]) => [key, compileMessage(text)]))), map: null };
    },
  };
}
