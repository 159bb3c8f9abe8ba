/** The nonce that this page may give its style elements; CodeMirror needs it. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? undefined;
