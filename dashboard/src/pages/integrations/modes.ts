import type { Mode } from '../../api/integrations';

/** The three modes of checking, in words. */
export const modeWords: Record<Mode, { label: string; hint: string }> = {
  off: { label: 'Off', hint: 'Anything that is valid JSON is stored and given to functions. Nothing is checked.' },
  warn: { label: 'Warn', hint: 'Everything is stored. What does not fit is marked here, listed under Fleet and written to the log of runs.' },
  enforce: { label: 'Enforce', hint: 'A change that does not fit is refused, and functions do not start with a configuration that does not fit.' },
};
