// The host's colours, corners and letters, as far as they are what they say they are.

const color = /^(#[0-9a-f]{3,8}|(rgb|hsl|oklch|oklab|lab|lch|hwb)a?\([\d\s.,%/deg+-]+\)|[a-z]{3,20})$/i;
const length = /^\d{1,3}(\.\d+)?(px|rem|em)?$/;
const font = /^[\w\s"',-]{1,200}$/;

const rules: Record<string, { fits: RegExp; set: (value: string) => Record<string, string> }> = {
  accent: {
    fits: color,
    set: (value) => ({ '--accent': value, '--accent-text': `color-mix(in oklab, ${value} 82%, var(--ink))`, '--accent-soft': `color-mix(in oklab, ${value} 13%, var(--surface))` }),
  },
  canvas: { fits: color, set: (value) => ({ '--canvas': value }) },
  surface: { fits: color, set: (value) => ({ '--surface': value }) },
  ink: { fits: color, set: (value) => ({ '--ink': value }) },
  radius: { fits: length, set: (value) => ({ '--radius': /\d$/.test(value) ? `${value}px` : value }) },
  font: { fits: font, set: (value) => ({ '--font': value }) },
};

/** The CSS variables that a theme sets; what is no colour, length or font is left out. */
export function variables(theme: unknown): Record<string, string> {
  if (typeof theme !== 'object' || theme === null) return {};
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(theme)) {
    const rule = rules[name.replace(/^--(bespoke-)?/, '')];
    if (rule && typeof value === 'string' && rule.fits.test(value.trim())) Object.assign(found, rule.set(value.trim()));
  }
  return found;
}

/** Wears a theme: `light`, `dark`, or an object of variables, which may have a `mode`. */
export function wear(theme: unknown) {
  const root = document.documentElement;
  const mode = typeof theme === 'string' ? theme : (theme as { mode?: unknown } | null)?.mode;
  if (mode === 'light' || mode === 'dark') root.dataset.theme = mode;
  for (const [name, value] of Object.entries(variables(theme))) {
    if (name === '--font') root.style.fontFamily = value;
    else root.style.setProperty(name, value);
  }
}
